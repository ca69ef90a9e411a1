//! Where the words of a segment lie in its file, and how to change one from outside.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use ringway::inspect::{self, Trust};
use ringway::{ObjectInfo, Place};
use ringway_segment::layout::{Frame, PARTICIPANTS_AT};
use ringway_segment::objects::channel::layout::{ChannelMeasures, FEATURE_RETURNS, Geometry};

use super::Name;

pub struct Places {
    file: PathBuf,
    frame: Frame,
    objects: Vec<ObjectInfo>,
}

impl Places {
    pub fn of(name: &Name) -> Self {
        let segment = inspect::open(&Place::from(&name.0), Trust::default()).expect("a segment");
        let objects = inspect::objects(&segment);
        Self { file: name.file(), frame: *segment.frame(), objects }
    }

    /// The entry of a participant.
    pub fn participant(&self, index: u8) -> u64 {
        PARTICIPANTS_AT + u64::from(index) * 128
    }

    /// An entry of the directory.
    pub fn entry(&self, index: u64) -> u64 {
        self.frame.directory_at + index * 256
    }

    /// The only queue: where it begins, and where its parts are after that.
    pub fn queue(&self) -> (u64, Geometry) {
        let [queue] = &self.objects[..] else { panic!("one queue") };
        let [maxsize, max_message, loans] = queue.measures;
        let measures = ChannelMeasures {
            maxsize,
            max_message,
            loans: loans as u32,
            participants: self.frame.measures.participants,
            schema_bytes: queue.schema[1],
            returns: queue.features & FEATURE_RETURNS != 0,
        };
        (queue.at, Geometry::new(measures))
    }

    /// The body of the object of that name.
    pub fn body(&self, object: &str) -> u64 {
        self.objects.iter().find(|info| info.name == object).expect("an object").at
    }

    pub fn write(&self, at: u64, bytes: &[u8]) {
        let file = OpenOptions::new().write(true).open(&self.file).expect("a file of ours");
        file.write_all_at(bytes, at).expect("to write");
    }

    pub fn read(&self, at: u64) -> u64 {
        let mut word = [0; 8];
        let file = std::fs::File::open(&self.file).expect("a file of ours");
        file.read_exact_at(&mut word, at).expect("to read");
        u64::from_ne_bytes(word)
    }

    pub fn poke(&self, at: u64, word: u64) {
        self.write(at, &word.to_ne_bytes());
    }
}
