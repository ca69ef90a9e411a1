//! Questions and wishes about mapped memory.

use std::io;

use crate::status::{check, retry_interrupted};

/// Pages that one mincore call is asked about.
const PAGES_PER_CALL: usize = 4096;

/// Bytes of a page of memory.
pub fn page_size() -> u64 {
    // SAFETY: sysconf takes a number and touches no memory.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    // Every Linux answers; the fallback is for form's sake.
    u64::try_from(size).unwrap_or(4096)
}

/// Bytes of the pages that are in memory, of those that the `len` bytes from `ptr` on touch. Whole pages are counted.
///
/// # Errors
/// Of mincore(2): ENOMEM if not all of the range is mapped.
pub fn resident_bytes(ptr: *const u8, len: usize) -> io::Result<u64> {
    let page = page_size() as usize;
    let before = ptr.addr() % page;
    let pages = if len == 0 { 0 } else { len.saturating_add(before).div_ceil(page) };
    let (mut flags, mut asked, mut resident) = ([0_u8; PAGES_PER_CALL], 0, 0);
    while asked < pages {
        let now = PAGES_PER_CALL.min(pages - asked);
        let at = ptr.wrapping_sub(before).wrapping_add(asked * page).cast_mut().cast();
        // SAFETY: the call reads none of the memory, checks the range itself, and writes `now` flags, which fit.
        retry_interrupted(|| check(unsafe { libc::mincore(at, now * page, flags.as_mut_ptr()) }))?;
        // The other bits are reserved.
        resident += flags[..now].iter().filter(|flag| **flag & 1 != 0).count() as u64;
        asked += now;
    }
    Ok(resident * page as u64)
}

/// Has the kernel bring in the `len` bytes from `ptr` on, ready to be written, without changing them.
///
/// # Errors
/// Of madvise(2): `InvalidInput` on kernels before 5.14 or if `ptr` is not at the start of a page, EFAULT where a touch
/// would have been a SIGBUS.
///
/// # Safety
/// The range has to be mapped, by the caller, for reading and writing.
pub unsafe fn populate(ptr: *mut u8, len: usize) -> io::Result<()> {
    // SAFETY: the caller vouches for the range; the contents stay as they are.
    retry_interrupted(|| check(unsafe { libc::madvise(ptr.cast(), len, libc::MADV_POPULATE_WRITE) })).map(drop)
}
