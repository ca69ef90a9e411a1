//! Why a segment or an object could not be made, opened, removed or used.

use std::path::PathBuf;
use std::{fmt, io};

use ringway_core::corruption::Corruption;
use ringway_sys::shm::NoSpace;
use thiserror::Error;

use crate::place::printable;

/// Why an object could not be created. The field `name` has what texts call the object: its kind and
/// name, as `queue 'jobs'`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The name is taken.
    #[error("{name} already exists; open it, or remove it with `ringway rm`")]
    AlreadyExists {
        /// The object.
        name: String,
    },
    /// The name cannot be one.
    #[error("{name:?} is not a name: {reason}")]
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An option is out of its range.
    #[error("{name}: `{option}` is {value}, but must be {allowed}")]
    BadOption {
        /// The object.
        name: String,
        /// Which option.
        option: &'static str,
        /// What was asked for.
        value: String,
        /// What it may be.
        allowed: String,
    },
    /// The segment has no room for another object.
    #[error("{name}: {what}; remove an object, or make the context with more `{option}`")]
    ContextFull {
        /// The object.
        name: String,
        /// What is used up.
        what: String,
        /// The option of the context that allows more.
        option: &'static str,
    },
    /// Another process has been making an object in the same segment for too long.
    #[error(
        "{name}: another process is making an object in this segment and does not go on; \
         `ringway stat` shows which processes have it open"
    )]
    Busy {
        /// The object.
        name: String,
    },
    /// It exists, but cannot be opened. Only from open-or-create.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file system is full.
    #[error("{name}: no space: {source}")]
    NoSpace {
        /// The object.
        name: String,
        /// Bytes needed and available.
        source: NoSpace,
    },
    /// The segment cannot be used by this process.
    #[error("{name}: {source}")]
    Segment {
        /// The object.
        name: String,
        /// Why.
        source: SegmentError,
    },
    /// The system refused.
    #[error("{name}: cannot {action}: {source}")]
    Io {
        /// The object.
        name: String,
        /// What was being done.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Why an object could not be opened. The field `name` has what texts call the object: its kind and
/// name, as `queue 'jobs'`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Nothing has that name.
    #[error("{name} does not exist; create it first, or check `ringway ls`")]
    NotFound {
        /// The object.
        name: String,
    },
    /// It was made without a name.
    #[error(
        "{name} has no name to be opened by; pass its descriptor to `open_fd`, or clone its handle"
    )]
    Nameless {
        /// What it is.
        name: String,
    },
    /// The name cannot be one.
    #[error("{name:?} is not a name: {reason}")]
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The segment or the object is not one that this library and caller can use.
    #[error("{name} is refused: {field} is {found}, expected {expected}")]
    Refused {
        /// The object.
        name: String,
        /// Which field.
        field: &'static str,
        /// What stands there.
        found: String,
        /// What should.
        expected: String,
    },
    /// An option that the caller has set is another there, and the caller did not set
    /// `accept_existing`.
    #[error(
        "{name} exists with `{option}` {found}, not {wanted}; leave that option out, or remove it \
         first"
    )]
    Differs {
        /// The object.
        name: String,
        /// Which option.
        option: &'static str,
        /// What it is there.
        found: String,
        /// What the caller asks for.
        wanted: String,
    },
    /// Its file can be changed by users that this process does not trust.
    #[error("{name} is not trusted: {reason}; {remedy}")]
    Untrusted {
        /// The object.
        name: String,
        /// Who can reach it.
        reason: String,
        /// What the caller can do.
        remedy: &'static str,
    },
    /// It is marked as removed.
    #[error(
        "{name} is marked as removed; open or create it again, and if the mark stays, \
         `ringway doctor --fix` takes it back"
    )]
    Removed {
        /// The object.
        name: String,
    },
    /// Every entry of the participant table is in use.
    #[error(
        "{name}: all {limit} participant entries are taken; close some, or create it with more \
         `participants`"
    )]
    TableFull {
        /// The object.
        name: String,
        /// Entries of the table.
        limit: u32,
    },
    /// The segment cannot be used by this process.
    #[error("{name}: {source}")]
    Segment {
        /// The object.
        name: String,
        /// Why.
        source: SegmentError,
    },
    /// The system refused.
    #[error("{name}: cannot {action}: {source}")]
    Io {
        /// The object.
        name: String,
        /// What was being done.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Why the name of a segment could not be removed.
#[derive(Debug, Error)]
#[error("cannot remove {}: {source}{}", printable(&path.to_string_lossy()), owner.map_or(String::new(), |uid| format!("; it belongs to uid {uid}")))]
pub struct RemoveError {
    /// The file that stands for it.
    pub path: PathBuf,
    /// The user whose file it is, when that matters.
    pub owner: Option<u32>,
    /// What the system said.
    pub source: io::Error,
}

/// Why an operation on an open object cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The process is a forked child that uses its parent's handle.
    #[error("this process was forked after the handle was made; open the object anew in the child")]
    Forked,
    /// A word of the segment is damaged.
    #[error("{0}; drain what you can, then remove and recreate it")]
    Corrupt(Corruption),
    /// The file system has no room for more memory.
    #[error("no memory for more blocks, which is taken in steps: needs {needed} bytes, {} available; make room (`df /dev/shm`) or create a smaller object", available.map_or("unknown".to_owned(), |a| a.to_string()))]
    NoSpace {
        /// Bytes to be reserved.
        needed: u64,
        /// Bytes that the file system has left.
        available: Option<u64>,
        /// What the system said.
        source: SystemError,
    },
    /// The descriptor of the segment was closed, or its number now stands for another file.
    #[error(
        "the descriptor of the segment was closed by other code of this process, or its number \
         now stands for another file; open the object anew, and keep descriptors that are not yours"
    )]
    DescriptorLost,
    /// The handle only gets.
    #[error("this handle only gets; open the queue in the role of a putter, or of both")]
    NotPutter,
    /// A signal interrupted the wait. Only where the caller asked to be told.
    #[error("a signal interrupted the wait")]
    Interrupted,
}

/// What the system said, as a value that can be copied and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemError {
    number: Option<i32>,
    kind: io::ErrorKind,
}

impl From<&io::Error> for SystemError {
    fn from(error: &io::Error) -> Self {
        Self { number: error.raw_os_error(), kind: error.kind() }
    }
}

impl From<SystemError> for io::Error {
    fn from(error: SystemError) -> Self {
        error.number.map_or_else(|| error.kind.into(), Self::from_raw_os_error)
    }
}

impl fmt::Display for SystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        io::Error::from(*self).fmt(f)
    }
}

impl std::error::Error for SystemError {}

impl From<Corruption> for SegmentError {
    fn from(corruption: Corruption) -> Self {
        Self::Corrupt(corruption)
    }
}

impl From<NoSpace> for SegmentError {
    fn from(NoSpace { needed, available, source }: NoSpace) -> Self {
        Self::NoSpace { needed, available, source: (&source).into() }
    }
}
