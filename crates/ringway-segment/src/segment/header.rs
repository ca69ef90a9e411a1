//! Composing and checking the header of a segment.

use core::mem::{offset_of, size_of};
use std::fmt::Display;
use std::fs::File;
use std::io;

use ringway_sys::{clock, process, shm};

use crate::error::{CreateError, OpenError};
use crate::layout::{
    BYTE_ORDER, Frame, Header, MAGIC, Measures, OBJECTS_MAX, PARTICIPANTS_MAX, REQUIRED,
    SEGMENT_MAX, VERSION, WORD_BITS, checksum,
};
use crate::spec::SegmentSpec;

/// The frame of a new segment.
pub(crate) fn frame_of(name: &str, spec: &SegmentSpec) -> Result<Frame, CreateError> {
    let measures =
        Measures { objects: spec.objects, participants: spec.participants, space: spec.space };
    for (option, value, low, high) in limits(&measures) {
        bounded(name, option, value, low, high)?;
    }
    let frame = Frame::new(measures);
    bounded(name, "the size of the segment", frame.total_bytes, 0, SEGMENT_MAX)?;
    Ok(frame)
}

/// Refuses an option that is out of its range.
pub(crate) fn bounded(
    name: &str,
    option: &'static str,
    value: u64,
    low: u64,
    high: u64,
) -> Result<(), CreateError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let large = if high < GIB { String::new() } else { format!(" ({})", in_units(high)) };
    Err(CreateError::BadOption {
        name: name.to_owned(),
        option,
        value: value.to_string(),
        allowed: format!("from {low} to {high}{large}"),
    })
}

fn limits(measures: &Measures) -> [(&'static str, u64, u64, u64); 3] {
    [
        ("objects", measures.objects.into(), 1, OBJECTS_MAX.into()),
        ("participants", measures.participants.into(), 1, PARTICIPANTS_MAX.into()),
        ("space", measures.space, 0, SEGMENT_MAX),
    ]
}

const GIB: u64 = 1 << 30;

/// A large number of bytes for people, rounded up.
pub(crate) fn in_units(bytes: u64) -> String {
    let (unit, name) = if bytes < GIB << 10 { (GIB, "GiB") } else { (GIB << 10, "TiB") };
    format!("{} {name}", (bytes as f64 / unit as f64 * 10.0).ceil() / 10.0)
}

/// A new header, for a file of that boot.
pub(crate) fn compose(frame: &Frame, spec: &SegmentSpec, boot_id: [u8; 16]) -> io::Result<Header> {
    let mut header = Header::new(frame.measures, frame.total_bytes);
    header.unique_id = process::random_bytes()?;
    header.boot_id = boot_id;
    header.created_unix_nanos = clock::unix_nanos();
    header.first_position = spec.first_position;
    header.optional = spec.lives;
    header.checksum = checksum(&bytes_of(&header)[..offset_of!(Header, checksum)]);
    Ok(header)
}

/// Checks the header of a file of `file_bytes` bytes.
pub(crate) fn check(
    name: &str,
    bytes: &[u8; size_of::<Header>()],
    file_bytes: u64,
) -> Result<(Header, Frame), OpenError> {
    let need = |field, found: u64, expected: u64| match found == expected {
        true => Ok(()),
        false => {
            Err(refused(name, field, format_args!("{found:#x}"), format_args!("{expected:#x}")))
        }
    };
    let need_file = |least: u64| match file_bytes < least {
        true => {
            let expected = format_args!("at least {least}");
            Err(refused(name, "the size of the file", file_bytes, expected))
        }
        false => Ok(()),
    };
    need_file(bytes.len() as u64)?;
    // SAFETY: a header is plain numbers without padding; any bytes are one.
    let header = unsafe { bytes.as_ptr().cast::<Header>().read_unaligned() };
    need("the magic number", header.magic, MAGIC)?;
    need("the byte order", header.byte_order.into(), BYTE_ORDER.into())?;
    need("the layout version", header.version.into(), VERSION.into())?;
    need("the word size", header.word_bits.into(), WORD_BITS.into())?;
    let sum = checksum(&bytes[..offset_of!(Header, checksum)]);
    need("the checksum of the header", header.checksum, sum)?;
    need("the set of required features", header.required & !REQUIRED, 0)?;
    for (field, value, low, high) in limits(&header.measures) {
        if !(low..=high).contains(&value) {
            return Err(refused(name, field, value, format_args!("{low} to {high}")));
        }
    }
    let frame = Frame::new(header.measures);
    need("the size of the segment", header.segment_bytes, frame.total_bytes)?;
    need_file(frame.total_bytes)?;
    Ok((header, frame))
}

/// Refuses a file that is left from an earlier boot. In memory none is, and containers that share
/// `/dev/shm` may each have a boot id of their own.
pub(crate) fn check_boot(name: &str, header: &Header, file: &File) -> Result<(), OpenError> {
    if shm::is_in_memory(file).unwrap_or(false) {
        return Ok(());
    }
    match process::boot_id() {
        Ok(boot) if boot == header.boot_id => Ok(()),
        Ok(boot) => Err(refused(
            name,
            "the boot in which its file was made",
            hex(&header.boot_id),
            format_args!("{}; see `ringway doctor`", hex(&boot)),
        )),
        Err(source) => {
            Err(OpenError::Io { name: name.to_owned(), action: "read the boot id", source })
        }
    }
}

pub(crate) fn refused(
    name: &str,
    field: &'static str,
    found: impl Display,
    expected: impl Display,
) -> OpenError {
    #[cfg(feature = "tracing")]
    tracing::warn!(name, field, %found, %expected, "segment refused");
    OpenError::Refused {
        name: name.to_owned(),
        field,
        found: found.to_string(),
        expected: expected.to_string(),
    }
}

fn bytes_of(header: &Header) -> &[u8; size_of::<Header>()] {
    // SAFETY: a header is plain numbers without padding (its size is the sum of its fields; see
    // `layout`).
    unsafe { &*core::ptr::from_ref(header).cast() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
