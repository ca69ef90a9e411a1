//! Places: where a segment is, and the files that stand for names.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use ringway_sys::shm;

/// What every file of ours begins with, so that they are told from others' in the same directory.
const PREFIX: &str = "ringway.";
const NAME_MAX: usize = 200;

/// Where a segment is.
///
/// A text is the name of one in shared memory, also if it looks like a path; a [`Path`] is that of
/// a file. A relative path is resolved when it is converted, so that a change of the working
/// directory later does not change where it leads.
///
/// ```
/// # use std::path::Path;
/// # use ringway_segment::place::Place;
/// assert_eq!(Place::from("jobs"), Place::Named("jobs".to_owned()));
/// let place = Place::from(Path::new("here/jobs"));
/// assert!(place.path().expect("a file").is_absolute());
/// assert_eq!(place.name(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Under a name in shared memory, seen by every process of the host.
    Named(String),
    /// The same, through the portable calls of the `shared_memory` crate. The mode is 0600.
    Portable(String),
    /// At a path of the caller's choice, for instance on hugetlbfs.
    File(PathBuf),
    /// Without a name; children inherit its descriptor.
    Unnamed,
    /// On the heap of this process.
    Heap,
}

impl From<&str> for Place {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

impl From<&String> for Place {
    fn from(name: &String) -> Self {
        Self::Named(name.clone())
    }
}

impl From<String> for Place {
    fn from(name: String) -> Self {
        Self::Named(name)
    }
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned()).resolved()
    }
}

impl From<PathBuf> for Place {
    fn from(path: PathBuf) -> Self {
        Self::File(path).resolved()
    }
}

impl From<&PathBuf> for Place {
    fn from(path: &PathBuf) -> Self {
        Self::from(path.as_path())
    }
}

impl From<&Place> for Place {
    fn from(place: &Place) -> Self {
        place.clone()
    }
}

impl Place {
    /// The same, with a relative path resolved against the working directory of this moment.
    #[must_use]
    pub fn resolved(self) -> Self {
        match self {
            // One that is empty is no path, and is told so when it is used.
            Self::File(path) => Self::File(std::path::absolute(&path).unwrap_or(path)),
            other => other,
        }
    }

    /// The name that a segment there can be opened by, if it has one. A path is no name.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) | Self::Portable(name) => Some(name),
            Self::File(_) | Self::Unnamed | Self::Heap => None,
        }
    }

    /// How errors and listings call an object of this kind there: `queue 'jobs'`.
    pub fn label(&self, kind: &str) -> String {
        match self {
            Self::Named(name) | Self::Portable(name) => format!("{kind} '{}'", printable(name)),
            Self::File(path) => format!("{kind} '{}'", printable(&path.to_string_lossy())),
            Self::Unnamed => format!("unnamed {kind}"),
            Self::Heap => format!("heap {kind}"),
        }
    }

    /// The file that stands for it, if any.
    pub fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Named(name) | Self::Portable(name) => {
                Some(Path::new(shm::DIRECTORY).join(format!("{PREFIX}{name}")))
            }
            Self::File(path) => Some(path.clone()),
            Self::Unnamed | Self::Heap => None,
        }
    }

    /// The name in the terms of `shm_open`, for [`Place::Portable`].
    pub(crate) fn os_id(&self) -> Option<String> {
        match self {
            Self::Portable(name) => Some(format!("/{PREFIX}{name}")),
            _ => None,
        }
    }

    /// The name and what is wrong with it, if anything.
    pub(crate) fn bad_name(&self) -> Option<(&str, &'static str)> {
        let (Self::Named(name) | Self::Portable(name)) = self else {
            let is_empty = matches!(self, Self::File(path) if path.as_os_str().is_empty());
            return is_empty.then_some(("", "it is empty"));
        };
        let reason = if name.is_empty() {
            "it is empty"
        } else if name.len() > NAME_MAX {
            "it is longer than 200 bytes"
        } else if name.contains(|letter: char| letter == '/' || letter.is_control()) {
            "it has a slash or a control character"
        } else {
            return None;
        };
        Some((name, reason))
    }
}

/// A name as it may be written to a terminal or a log: any user who may make files can choose any
/// name for them.
pub fn printable(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter.is_control() {
            true => safe.extend(
                letter.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("\\x{byte:02x}")),
            ),
            false => safe.push(letter),
        }
    }
    safe
}

/// The names of all segments in shared memory, in order. Half-made or foreign files under such a
/// name are listed too.
///
/// # Errors
/// When the directory cannot be read.
pub fn list() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(shm::DIRECTORY)? {
        if let Some(name) = entry?.file_name().to_str().and_then(|file| file.strip_prefix(PREFIX)) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The files of creators in shared memory that had no name yet, where the system needs such files,
/// and the name that each was to get.
pub(crate) fn hidden() -> io::Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(shm::DIRECTORY)? {
        let entry = entry?;
        let name = entry.file_name().to_str().and_then(shm::name_behind_hidden).map(str::to_owned);
        if let Some(name) = name.as_deref().and_then(|name| name.strip_prefix(PREFIX)) {
            found.push((entry.path(), name.to_owned()));
        }
    }
    found.sort();
    Ok(found)
}

/// The directory and file name of a path.
pub(crate) fn split(path: &Path) -> (&Path, &OsStr) {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (parent, path.file_name().unwrap_or(OsStr::new("segment")))
}
