//! Files that never became a segment, since their creator was killed half-way.
//!
//! Where a file can be made without a name nothing is left. On the portable path the name comes
//! first and the magic number last; elsewhere a whole segment may wait under a hidden name. The
//! maker has the file open all the time, so a file that no process has open will not be finished.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ringway_sys::{byte_lock, shm};

use crate::layout::REMOVAL_LOCK_AT;
use crate::place::{self, Place};

/// A file that never became a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Where it is.
    pub path: PathBuf,
    /// The name that the segment was to have.
    pub name: String,
    /// Whether it has that name already. If not, it is under a hidden one.
    pub is_visible: bool,
}

/// Whether its maker may still finish it.
#[derive(Debug)]
pub enum Maker {
    /// A process has the file open.
    AtWork,
    /// No process has it open.
    Gone,
    /// The system does not tell.
    Unknown(io::Error),
}

/// What is left in shared memory of the segment that was to have this name, or of all.
///
/// # Errors
/// When the directory cannot be read.
pub fn unfinished(name: Option<&str>) -> io::Result<Vec<Unfinished>> {
    let mut found = Vec::new();
    let candidates = match name {
        Some(name) => vec![name.to_owned()],
        None => place::list()?,
    };
    for name in candidates {
        let Some(path) = Place::Named(name.clone()).path() else { continue };
        if open(&path).is_ok_and(|file| lacks_magic(&file)) {
            found.push(Unfinished { path, name, is_visible: true });
        }
    }
    for (path, of) in place::hidden()? {
        if name.is_none_or(|name| name == of) {
            found.push(Unfinished { path, name: of, is_visible: false });
        }
    }
    Ok(found)
}

impl Unfinished {
    /// Whether its maker may still finish it.
    pub fn maker(&self) -> Maker {
        match open(&self.path).and_then(|file| self.is_left(&file)) {
            Ok(true) => Maker::Gone,
            Ok(false) => Maker::AtWork,
            Err(error) => Maker::Unknown(error),
        }
    }

    /// Removes it, unless its maker may still finish it. Returns whether it is gone.
    ///
    /// # Errors
    /// When the system does not tell, or refuses.
    pub fn remove(&self) -> io::Result<bool> {
        let file = match open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        };
        if !self.is_left(&file)? || self.is_visible && !lacks_magic(&file) {
            return Ok(false);
        }
        // Another remover of the same file could make way for another file under the name.
        if !byte_lock::try_exclusive(&file, REMOVAL_LOCK_AT)? || !shm::same_file(&file, &self.path)?
        {
            return Ok(false);
        }
        fs::remove_file(&self.path).map(|()| true)
    }

    fn is_left(&self, file: &File) -> io::Result<bool> {
        // A hidden file with a second name is published, and only its hidden name was left.
        Ok(!self.is_visible && file.metadata()?.nlink() > 1 || byte_lock::is_alone(file)?)
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(shm::OPEN_FLAGS).open(path)
}

/// Whether the magic number, which is written last, was not.
fn lacks_magic(file: &File) -> bool {
    let mut magic = [0; 8];
    match file.read_exact_at(&mut magic, 0) {
        Ok(()) => magic == [0; 8],
        Err(error) => {
            error.kind() == io::ErrorKind::UnexpectedEof
                && file.metadata().is_ok_and(|facts| facts.len() == 0)
        }
    }
}
