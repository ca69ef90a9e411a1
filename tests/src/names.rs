//! Names that no other test has, and that are gone when the test is.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::{fmt, fs, process};

use ringway::Place;

/// Everything to be removed, for those who end without unwinding.
static TO_REMOVE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unique(what: &str) -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("test-{what}-{}-{}", process::id(), LAST.fetch_add(1, Relaxed))
}

fn forget(path: &Path) {
    TO_REMOVE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).retain(|other| other != path);
}

/// Removes what is left of all names and folders of this process. Only before it aborts.
pub fn remove_all() {
    for path in TO_REMOVE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).drain(..) {
        let _ = fs::remove_file(&path);
        let _ = fs::remove_dir_all(&path);
    }
}

/// A name for a queue in shared memory; dropping it removes what has it.
#[derive(Debug)]
pub struct Name(String);

impl Name {
    /// A new one.
    pub fn new(what: &str) -> Self {
        let name = Self(unique(what));
        TO_REMOVE.lock().unwrap().push(name.path());
        name
    }
    /// The file behind it.
    pub fn path(&self) -> PathBuf {
        self.place().path().expect("a name has a path")
    }
    /// The place that it stands for.
    pub fn place(&self) -> Place {
        Place::Named(self.0.clone())
    }
}

impl Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&Name> for Place {
    fn from(name: &Name) -> Self {
        name.place()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.path());
        forget(&self.path());
    }
}

/// A new folder for files; dropping it removes it with all that is in it.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A new one.
    pub fn new(what: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ringway-{}", unique(what)));
        fs::create_dir(&path).expect("a folder for temporary files");
        TO_REMOVE.lock().unwrap().push(path.clone());
        Self(path)
    }
}

impl Deref for Folder {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        forget(&self.0);
    }
}
