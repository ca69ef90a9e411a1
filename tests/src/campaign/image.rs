//! Copies of a segment, as a kill at that instant would have left it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ringway::Place;
use ringway_segment::layout::PAGE;

/// Tells images of one segment that have been seen from new ones.
pub struct Seen {
    segment: File,
    last: Vec<u8>,
    now: Vec<u8>,
    hashes: HashSet<u64>,
}

impl Seen {
    /// Of the segment at that path.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(segment: &Path) -> io::Result<Self> {
        let segment = File::open(segment)?;
        let bytes = segment.metadata()?.len() as usize;
        Ok(Self { segment, last: Vec::new(), now: vec![0; bytes], hashes: HashSet::new() })
    }

    /// The bytes of the segment, if they were never seen.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn look(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.segment.read_exact_at(&mut self.now, 0)?;
        if self.now == self.last {
            return Ok(None);
        }
        self.last.clone_from(&self.now);
        let mut hasher = DefaultHasher::new();
        self.now.hash(&mut hasher);
        Ok(self.hashes.insert(hasher.finish()).then(|| self.now.clone()))
    }
}

/// A segment of its own with the bytes of another. No process has mapped it, so all participants
/// that it names are dead.
pub struct Image {
    path: PathBuf,
}

impl Image {
    /// Makes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(bytes: &[u8]) -> io::Result<Self> {
        let thread = std::thread::current().id();
        let path = format!("/dev/shm/ringway.image-{}-{thread:?}", std::process::id());
        let image = Self { path: PathBuf::from(path) };
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&image.path)?;
        file.set_len(bytes.len() as u64)?;
        for (number, page) in bytes.chunks(PAGE as usize).enumerate() {
            if page.iter().any(|&byte| byte != 0) {
                file.write_all_at(page, number as u64 * PAGE)?;
            }
        }
        Ok(image)
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where to open it.
    pub fn place(&self) -> Place {
        Place::File(self.path.clone())
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
