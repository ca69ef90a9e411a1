//! A checksum of our own, so that the tests do not take the library's word for it.

use core::mem::offset_of;

use ringway_segment::layout::Header;

/// FNV-1a, 64 bits.
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Makes the checksum of a header fit what stands before it.
///
/// # Panics
/// When the bytes are fewer than a header has.
pub fn mend_header(bytes: &mut [u8]) {
    let (before, sum) = bytes.split_at_mut(offset_of!(Header, checksum));
    sum[..8].copy_from_slice(&fnv1a(before).to_le_bytes());
}
