//! Opening a segment: nothing is believed before it was checked.

use core::mem::size_of;
use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::PathBuf;

use ringway_sys::shm;

use super::Segment;
use crate::error::OpenError;
use crate::header;
use crate::layout::Header;
use crate::mapping::Mapping;
use crate::names::Place;

impl Segment {
    /// Opens the segment at `place`. Waits for nobody: what is not whole is refused.
    pub(crate) fn open(place: &Place) -> Result<Self, OpenError> {
        let label = place.label();
        if let Some((name, reason)) = place.fault() {
            return Err(OpenError::BadName { name: name.to_owned(), reason });
        }
        let Some(path) = place.path() else {
            return Err(OpenError::Nameless { name: label });
        };
        let no_file = |facts: io::Result<Metadata>| {
            let kind = other_kind(facts.ok()?.file_type())?;
            Some(header::refused(&label, "the kind of file", kind, "a regular file"))
        };
        let opened =
            OpenOptions::new().read(true).write(true).custom_flags(shm::OPEN_FLAGS).open(&path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OpenError::NotFound { name: label });
            }
            Err(source) => {
                let failed =
                    || OpenError::Io { name: label.clone(), action: "open the file", source };
                return Err(no_file(path.symlink_metadata()).unwrap_or_else(failed));
            }
        };
        if let Some(refused) = no_file(file.metadata()) {
            return Err(refused);
        }
        let os_id = place.os_id();
        Self::from_file(file, label, Some(path), os_id.as_deref())
    }

    /// Opens the segment behind a descriptor, through a description of our own.
    pub(crate) fn open_descriptor(fd: BorrowedFd<'_>) -> Result<Self, OpenError> {
        let label = Place::Unnamed.label();
        match shm::reopen(fd) {
            Ok(file) => Self::from_file(file, label, None, None),
            Err(source) => {
                Err(OpenError::Io { name: label, action: "open the descriptor anew", source })
            }
        }
    }

    fn from_file(
        file: File,
        label: String,
        path: Option<PathBuf>,
        os_id: Option<&str>,
    ) -> Result<Self, OpenError> {
        let failed = |action| {
            let name = label.clone();
            move |source| OpenError::Io { name, action, source }
        };
        let bytes = file.metadata().map_err(failed("read the size"))?.len();
        let mut head = [0; size_of::<Header>()];
        if bytes >= head.len() as u64 {
            file.read_exact_at(&mut head, 0).map_err(failed("read the header"))?;
        }
        let (header, geometry) = header::check(&label, &head, bytes)?;
        let block = shm::block_size(&file).unwrap_or(4096);
        let mapped = if shm::is_hugetlbfs(&file).unwrap_or(false) {
            geometry.total_bytes.next_multiple_of(block)
        } else {
            geometry.total_bytes
        };
        let mapping = match (os_id, &path) {
            (Some(os_id), Some(path)) => {
                // By name again: what was mapped is what was checked only if the name still stands for it.
                let mapping = Mapping::open_portable(os_id, &file);
                if !shm::same_file(&file, path).unwrap_or(false) {
                    return Err(OpenError::Removed { name: label });
                }
                mapping
            }
            _ => Mapping::of_file(file, mapped, false),
        }
        .map_err(failed("map the file"))?;
        if (mapping.len() as u64) < geometry.total_bytes {
            return Err(header::refused(
                &label,
                "size of the mapping",
                mapping.len(),
                geometry.total_bytes,
            ));
        }
        let segment = Self::over(mapping, geometry, header, label, path);
        // The portable path opens by name more than once, and the name may have moved on.
        // SAFETY: the header lies within the mapping, is plain numbers, and is never written once it can be seen.
        let mapped = unsafe { segment.base.cast::<Header>().read() };
        if mapped.unique_id != header.unique_id {
            return Err(OpenError::Removed { name: segment.label });
        }
        Ok(segment)
    }
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
