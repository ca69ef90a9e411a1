//! What a new segment and a new object shall be.

use crate::directory::Kind;

/// What a new segment shall be.
#[derive(Debug, Clone)]
pub struct SegmentSpec {
    /// Entries of the directory.
    pub objects: u32,
    /// Entries of the participant table.
    pub participants: u32,
    /// Bytes of all bodies.
    pub space: u64,
    /// Permissions of its file.
    pub mode: u32,
    /// Reserve and touch all memory at once.
    pub prefault: bool,
    /// Ask for huge pages.
    pub huge_pages: bool,
    /// When its name goes by itself: [`LIFE_CREATOR`](crate::layout::LIFE_CREATOR),
    /// [`LIFE_LAST`](crate::layout::LIFE_LAST).
    pub lives: u64,
    /// First position of every ring. Not 0 only in tests of the wrap.
    pub first_position: u64,
}

impl Default for SegmentSpec {
    fn default() -> Self {
        Self {
            objects: 1,
            participants: 128,
            space: 0,
            mode: 0o600,
            prefault: false,
            huge_pages: false,
            lives: 0,
            first_position: 0,
        }
    }
}

/// What a new object shall be.
#[derive(Debug, Clone)]
pub struct ObjectSpec {
    /// Its kind.
    pub kind: Kind,
    /// Its name within the segment; empty for an object alone in its segment.
    pub name: String,
    /// Bytes of its body.
    pub bytes: u64,
    /// Bytes of the body that have memory from the start.
    pub backed: u64,
    /// Three numbers, by kind.
    pub measures: [u64; 3],
    /// What an opener must know to use it: bits, by kind.
    pub features: u64,
    /// What the messages or values are; 0 for plain bytes, or where there are none.
    pub fingerprint: u64,
    /// The same in words.
    pub schema: String,
    /// Where the text of the schema lies in the body.
    pub schema_at: u64,
    /// What its maker does there, beyond having a handle.
    pub roles: u8,
}

impl ObjectSpec {
    /// An object without messages, options or text.
    pub(crate) fn plain(kind: Kind, name: &str, bytes: u64) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            bytes,
            backed: bytes,
            measures: [0; 3],
            features: 0,
            fingerprint: 0,
            schema: String::new(),
            schema_at: 0,
            roles: 0,
        }
    }
}
