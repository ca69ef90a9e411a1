//! Copies of a segment, as a kill at that instant would have left it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use ringway_segment::layout::PAGE;

/// Tells images of one segment that have been seen from new ones.
pub struct Seen {
    segment: PathBuf,
    last: Option<Vec<u8>>,
    now: Option<Vec<u8>>,
    hashes: HashSet<u64>,
}

impl Seen {
    /// Of the segment at that path, which may be made later.
    pub fn of(segment: &Path) -> Self {
        Self { segment: segment.to_owned(), last: None, now: None, hashes: HashSet::new() }
    }

    /// Whether the bytes of the segment are some that were never seen.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn look(&mut self) -> io::Result<bool> {
        // Not kept open: what is known of a file depends on who has it open.
        if let Ok(segment) = File::open(&self.segment) {
            let bytes = self.now.get_or_insert_default();
            bytes.resize(segment.metadata()?.len() as usize, 0);
            segment.read_exact_at(bytes, 0)?;
        }
        if self.now == self.last && !self.hashes.is_empty() {
            return Ok(false);
        }
        self.last.clone_from(&self.now);
        let mut hasher = DefaultHasher::new();
        self.now.hash(&mut hasher);
        Ok(self.hashes.insert(hasher.finish()))
    }

    /// The bytes as they were at the last look; `None` if there was no file.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.now.as_deref()
    }
}

/// A segment of its own with the bytes of another. No process has mapped it, so all participants
/// that it names are dead.
pub struct Image {
    path: PathBuf,
}

impl Image {
    /// Makes the file; without bytes there is none.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(bytes: Option<&[u8]>) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = format!("/dev/shm/ringway.image-{}-{number}", std::process::id());
        let image = Self { path: PathBuf::from(path) };
        let Some(bytes) = bytes else { return Ok(image) };
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
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
