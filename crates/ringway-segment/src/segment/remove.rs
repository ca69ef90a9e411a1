//! Removing the name of a segment.
//!
//! First the name goes, then the segment is marked. A process that found the file by its name just
//! before may still be about to attach: the mark turns it away, so that it opens or makes another.
//! In this order a removal that the system refuses has changed nothing. A kill between the steps
//! leaves no mark, and such an opener then goes on like those that had the segment open before.
//!
//! To look whether the name still stands for the file and to remove it are two steps as well.
//! Between them another remover of the same file could remove the name, and a third process give
//! it to another segment; so removers of one file exclude each other by a lock byte, which the
//! kernel releases when its holder dies.

use core::sync::atomic::Ordering::{Acquire, SeqCst};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ringway_sys::{byte_lock, shm};

use crate::error::RemoveError;
use crate::layout::{FLAG_REMOVED, REMOVAL_LOCK_AT};
use crate::segment::Segment;

/// Removes the name of a segment if it still stands for it, and returns whether it did. Processes
/// that have the segment open go on using it.
///
/// # Errors
/// When the system refuses: then nothing has changed.
pub fn remove(segment: &Segment) -> Result<bool, RemoveError> {
    alone_with_name(segment, |path| {
        fs::remove_file(path)?;
        segment.words().flags.word.fetch_or(FLAG_REMOVED, SeqCst); // flags
        Ok(())
    })
}

/// Takes the mark back from a segment whose name still stands for it, and returns whether there is
/// one. A segment that is marked cannot be opened.
///
/// # Errors
/// When the system refuses.
pub fn restore(segment: &Segment) -> Result<bool, RemoveError> {
    alone_with_name(segment, |_| {
        segment.words().flags.word.fetch_and(!FLAG_REMOVED, SeqCst); // flags
        Ok(())
    })
}

/// Whether it is marked as removed.
pub fn is_marked(segment: &Segment) -> bool {
    segment.words().flags.word.load(Acquire) & FLAG_REMOVED != 0 // pairs with: flags
}

/// Whether its name still stands for it; not if it never had one.
pub fn has_name(segment: &Segment) -> bool {
    named(segment).is_some_and(|(path, file)| shm::same_file(file, path).unwrap_or(false))
}

fn named(segment: &Segment) -> Option<(&Path, &File)> {
    segment.path().zip(segment.file())
}

/// Acts while no other remover of the same file does, if the name still stands for it.
pub(crate) fn alone_with_name(
    segment: &Segment,
    act: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<bool, RemoveError> {
    let Some((path, file)) = named(segment) else { return Ok(false) };
    // The number may stand for a file of others by now, whose locks are not ours to change.
    if let Err(source) = segment.checked_file() {
        return Err(refused(path, file, source));
    }
    let done = lock(file).and_then(|()| {
        let done = match shm::same_file(file, path) {
            Ok(true) => act(path).map(|()| true),
            Ok(false) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        let _ = byte_lock::unlock(file, REMOVAL_LOCK_AT);
        done
    });
    done.map_err(|source| refused(path, file, source))
}

/// A holder that is stopped keeps the byte, so this does not wait for long.
fn lock(file: &File) -> io::Result<()> {
    for _ in 0..100 {
        if byte_lock::try_exclusive(file, REMOVAL_LOCK_AT)? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(io::Error::new(io::ErrorKind::WouldBlock, "another process is about to remove it"))
}

fn refused(path: &Path, file: &File, source: io::Error) -> RemoveError {
    let owner = match source.kind() {
        io::ErrorKind::PermissionDenied => shm::owner(file).ok().map(|(uid, _)| uid),
        _ => None,
    };
    RemoveError { path: PathBuf::from(path), owner, source }
}
