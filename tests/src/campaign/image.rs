//! Copies of a segment, as a kill at that instant would have left it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use ringway::Place;

const PARTICIPANTS_AT: usize = 16384;
const PARTICIPANT_BYTES: usize = 128;
const START_TIME_AT: usize = 16;

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

/// A segment of its own with the bytes of another, whose participants are all dead: their processes live, but did not
/// start when the table says.
pub struct Image {
    path: PathBuf,
}

impl Image {
    /// Makes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(mut bytes: Vec<u8>, participants: usize) -> io::Result<Self> {
        for index in 0..participants {
            let at = PARTICIPANTS_AT + index * PARTICIPANT_BYTES + START_TIME_AT;
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 0x55;
            }
        }
        let path = PathBuf::from(format!(
            "/dev/shm/ringway.image-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let image = Self { path };
        fs::write(&image.path, bytes)?;
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
