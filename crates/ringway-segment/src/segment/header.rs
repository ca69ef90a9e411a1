//! Composing and checking the header of a segment.

use core::mem::{offset_of, size_of};
use std::fmt::Display;
use std::io;

use ringway_sys::{clock, process};

use crate::error::{CreateError, OpenError};
use crate::layout::{
    BYTE_ORDER, Geometry, Header, KIND_QUEUE, LOANS_MAX, MAGIC, MAXSIZE_MAX, MESSAGE_MAX, Measures,
    PARTICIPANTS_MAX, SEGMENT_MAX, VERSION, WORD_BITS, checksum,
};
use crate::spec::Spec;

/// The geometry for measures that a caller asks for.
pub(crate) fn geometry_of(name: &str, measures: Measures) -> Result<Geometry, CreateError> {
    let bad = |option, value, allowed| CreateError::BadOption {
        name: name.to_owned(),
        option,
        value,
        allowed,
    };
    for (option, value, low, high) in limits(&measures) {
        if !(low..=high).contains(&value) {
            let large = if high < GIB { String::new() } else { format!(" ({})", in_units(high)) };
            return Err(bad(option, value.to_string(), format!("from {low} to {high}{large}")));
        }
    }
    let geometry = Geometry::new(measures);
    if geometry.total_bytes > SEGMENT_MAX {
        let Measures { maxsize, max_message, participants, loans } = measures;
        let allowed = format!(
            "at most {}, and grows with `max_message` ({max_message}) times `maxsize` ({maxsize}) and `participants` \
             ({participants}) times `loans` ({loans}); lower one of them",
            in_units(SEGMENT_MAX)
        );
        return Err(bad("the size of the segment", in_units(geometry.total_bytes), allowed));
    }
    Ok(geometry)
}

fn limits(measures: &Measures) -> [(&'static str, u64, u64, u64); 4] {
    [
        ("maxsize", measures.maxsize, 1, MAXSIZE_MAX),
        ("max_message", measures.max_message, 1, MESSAGE_MAX),
        ("participants", measures.participants.into(), 1, PARTICIPANTS_MAX.into()),
        ("loans", measures.loans.into(), 1, LOANS_MAX.into()),
    ]
}

const GIB: u64 = 1 << 30;

/// A large number of bytes for people, rounded up.
fn in_units(bytes: u64) -> String {
    let (unit, name) = if bytes < GIB << 10 { (GIB, "GiB") } else { (GIB << 10, "TiB") };
    format!("{} {name}", (bytes as f64 / unit as f64 * 10.0).ceil() / 10.0)
}

/// A new header.
pub(crate) fn compose(geometry: &Geometry, spec: &Spec) -> io::Result<Header> {
    let mut schema = [0; 64];
    let text = &spec.schema.as_bytes()[..spec.schema.floor_char_boundary(64)];
    schema[..text.len()].copy_from_slice(text);
    let mut header = Header {
        magic: MAGIC,
        version: VERSION,
        byte_order: BYTE_ORDER,
        word_bits: WORD_BITS,
        kind: KIND_QUEUE,
        measures: geometry.measures,
        segment_bytes: geometry.total_bytes,
        fingerprint: spec.fingerprint,
        unique_id: process::random_bytes()?,
        boot_id: process::boot_id()?,
        created_unix_nanos: clock::unix_nanos(),
        first_position: spec.first_position,
        schema,
        checksum: 0,
    };
    header.checksum = checksum(&bytes_of(&header)[..offset_of!(Header, checksum)]);
    Ok(header)
}

/// Checks the header of a file of `file_bytes` bytes.
pub(crate) fn check(
    name: &str,
    bytes: &[u8; size_of::<Header>()],
    file_bytes: u64,
) -> Result<(Header, Geometry), OpenError> {
    let need = |field, found: u64, expected: u64| match found == expected {
        true => Ok(()),
        false => {
            Err(refused(name, field, format_args!("{found:#x}"), format_args!("{expected:#x}")))
        }
    };
    if file_bytes < bytes.len() as u64 {
        return Err(refused(
            name,
            "the size of the file",
            file_bytes,
            format_args!("at least {}", bytes.len()),
        ));
    }
    // SAFETY: a header is plain numbers without padding; any bytes are one.
    let header = unsafe { bytes.as_ptr().cast::<Header>().read_unaligned() };
    need("the magic number", header.magic, MAGIC)?;
    need("the byte order", header.byte_order.into(), BYTE_ORDER.into())?;
    need("the layout version", header.version.into(), VERSION.into())?;
    need("the word size", header.word_bits.into(), WORD_BITS.into())?;
    need("the kind of object", header.kind.into(), KIND_QUEUE.into())?;
    need(
        "the checksum of the header",
        header.checksum,
        checksum(&bytes[..offset_of!(Header, checksum)]),
    )?;
    for (field, value, low, high) in limits(&header.measures) {
        if !(low..=high).contains(&value) {
            return Err(refused(name, field, value, format_args!("{low} to {high}")));
        }
    }
    let geometry = Geometry::new(header.measures);
    need("the size of the segment", header.segment_bytes, geometry.total_bytes)?;
    if file_bytes < geometry.total_bytes {
        return Err(refused(
            name,
            "the size of the file",
            file_bytes,
            format_args!("at least {}", geometry.total_bytes),
        ));
    }
    match process::boot_id() {
        Ok(boot) if boot == header.boot_id => Ok((header, geometry)),
        Ok(boot) => Err(refused(name, "the boot id", hex(&header.boot_id), hex(&boot))),
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
    // SAFETY: a header is plain numbers without padding (its size is the sum of its fields; see `layout`).
    unsafe { &*core::ptr::from_ref(header).cast() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
