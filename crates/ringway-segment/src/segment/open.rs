//! Opening a segment: nothing is believed before it was checked.

use core::mem::size_of;
use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};

use ringway_sys::shm;

use super::mapping::Mapping;
use super::{Segment, Trust, header, trust};
use crate::error::OpenError;
use crate::layout::Header;
use crate::place::Place;

impl Segment {
    /// Opens the segment at `place`. Waits for nobody: what is not whole is refused.
    pub(crate) fn open(place: &Place, label: &str, trust: Trust) -> Result<Self, OpenError> {
        let file = open_file(place, label)?;
        Self::from_file(file, label.to_owned(), place.clone(), trust)
    }

    /// Opens the segment behind a descriptor, through a description of our own.
    pub(crate) fn open_descriptor(
        fd: BorrowedFd<'_>,
        label: &str,
        trust: Trust,
    ) -> Result<Self, OpenError> {
        match shm::reopen(fd) {
            Ok(file) => Self::from_file(file, label.to_owned(), Place::Unnamed, trust),
            Err(source) => {
                let action = "open the descriptor anew";
                Err(OpenError::Io { name: label.to_owned(), action, source })
            }
        }
    }

    fn from_file(file: File, label: String, place: Place, trust: Trust) -> Result<Self, OpenError> {
        trust::check(&label, &file, trust)?;
        let (header, frame) = read_header(&label, &file)?;
        header::check_boot(&label, &header, &file)?;
        let failed = |source| OpenError::Io { name: label.clone(), action: "map the file", source };
        let block = shm::block_size(&file).unwrap_or(4096);
        let mapped = if shm::is_hugetlbfs(&file).unwrap_or(false) {
            frame.total_bytes.next_multiple_of(block)
        } else {
            frame.total_bytes
        };
        let mapping = Mapping::of_file(file, mapped, false).map_err(failed)?;
        let (label, path) = (label.into(), place.path().map(Into::into));
        Ok(Self { mapping, frame, header, label, place, path })
    }
}

/// Opens the file at `place`, if it is a regular one.
pub(super) fn open_file(place: &Place, label: &str) -> Result<File, OpenError> {
    if let Some((name, reason)) = place.bad_name() {
        return Err(OpenError::BadName { name: name.to_owned(), reason });
    }
    let Some(path) = place.path() else {
        return Err(OpenError::Nameless { name: label.to_owned() });
    };
    let no_file = |facts: io::Result<Metadata>| {
        let kind = other_kind(facts.ok()?.file_type())?;
        Some(header::refused(label, "the kind of file", kind, "a regular file"))
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(shm::OPEN_FLAGS);
    match options.open(&path) {
        Ok(file) => match no_file(file.metadata()) {
            Some(refused) => Err(refused),
            None => Ok(file),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(OpenError::NotFound { name: label.to_owned() })
        }
        Err(source) => {
            let failed =
                || OpenError::Io { name: label.to_owned(), action: "open the file", source };
            Err(no_file(path.symlink_metadata()).unwrap_or_else(failed))
        }
    }
}

/// Reads and checks the header of a file, which may be of any user: nothing is mapped.
pub(super) fn read_header(
    label: &str,
    file: &File,
) -> Result<(Header, crate::layout::Frame), OpenError> {
    let failed = |action| {
        let name = label.to_owned();
        move |source| OpenError::Io { name, action, source }
    };
    let bytes = file.metadata().map_err(failed("read the size"))?.len();
    let mut head = [0; size_of::<Header>()];
    if bytes >= head.len() as u64 {
        file.read_exact_at(&mut head, 0).map_err(failed("read the header"))?;
    }
    header::check(label, &head, bytes)
}

/// What it is, if it is no regular file.
fn other_kind(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a directory")
    } else if kind.is_symlink() {
        Some("a symbolic link")
    } else if kind.is_fifo() {
        Some("a named pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else {
        Some("a device")
    }
}
