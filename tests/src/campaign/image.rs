//! Copies of a segment, as a kill at that instant would have left it.

use std::collections::HashSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use ringway::Place;

const PARTICIPANTS_AT: usize = 16384;
const PARTICIPANT_BYTES: usize = 128;
const START_TIME_AT: usize = 16;

/// Tells images that have been seen from new ones.
#[derive(Default)]
pub struct Seen {
    last: Vec<u8>,
    hashes: HashSet<u64>,
}

impl Seen {
    /// The bytes of the segment, if they were never seen.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn look(&mut self, segment: &Path) -> io::Result<Option<Vec<u8>>> {
        let bytes = fs::read(segment)?;
        if bytes == self.last {
            return Ok(None);
        }
        self.last.clone_from(&bytes);
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Ok(self.hashes.insert(hasher.finish()).then_some(bytes))
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
            bytes[at] ^= 0x55;
        }
        let path =
            PathBuf::from(format!("/dev/shm/ringway.image-{}-{:?}", std::process::id(), std::thread::current().id()));
        let image = Self { path };
        fs::write(&image.path, bytes)?;
        Ok(image)
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
