//! The frame of a segment: header, frame words, participant table, directory, user words. The
//! bodies of objects follow; each kind describes its own in [`crate::objects`].
//!
//! `shm-layout.md` describes the same bytes in prose.

use core::mem::{offset_of, size_of};
use core::sync::atomic::AtomicU64;

/// First eight bytes of every segment.
pub const MAGIC: u64 = u64::from_le_bytes(*b"RINGWAY\0");
/// Version of this format. Any other is refused.
pub const VERSION: u32 = 2;
/// Reads as another number where the byte order differs.
pub const BYTE_ORDER: u32 = 0x0102_0304;
/// Bits of an atomic word.
pub const WORD_BITS: u32 = 64;
/// Features that this version knows and that an opener must know.
pub const REQUIRED: u64 = 0;

/// Most participants; an index is 8 bits, and 255 is no entry.
pub const PARTICIPANTS_MAX: u32 = 255;
/// Most objects in one segment.
pub const OBJECTS_MAX: u32 = 1 << 12;
/// Largest segment, in bytes of address space.
pub const SEGMENT_MAX: u64 = 1 << 46;
/// Longest name of an object within a segment, in bytes.
pub const NAME_MAX: usize = 64;

/// The unit of memory that is mapped and reserved.
pub const PAGE: u64 = 4096;
/// Bodies begin at a multiple of this: two cache lines, since processors fetch them in pairs.
pub const LINE: u64 = 128;

/// What is written once, before the segment can be seen.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: u64,
    /// [`VERSION`].
    pub version: u32,
    /// [`BYTE_ORDER`].
    pub byte_order: u32,
    /// [`WORD_BITS`].
    pub word_bits: u32,
    zero: u32,
    /// What the size of the frame follows from.
    pub measures: Measures,
    /// Features that an opener must know.
    pub required: u64,
    /// Size of the whole segment in bytes.
    pub segment_bytes: u64,
    /// Features that an opener may ignore: [`LIFE_CREATOR`], [`LIFE_LAST`].
    pub optional: u64,
    /// A random number of this one segment.
    pub unique_id: [u8; 16],
    /// The boot in which it was made.
    pub boot_id: [u8; 16],
    /// Wall clock at creation, nanoseconds since 1970.
    pub created_unix_nanos: u64,
    /// The first position of every ring; 0 but in tests of the wrap.
    pub first_position: u64,
    reserved: [u8; 64],
    /// FNV-1a of all bytes before it.
    pub checksum: u64,
}

/// The numbers that the frame follows from.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measures {
    /// Entries of the directory.
    pub objects: u32,
    /// Entries of the participant table.
    pub participants: u32,
    /// Bytes of all bodies.
    pub space: u64,
}

impl Header {
    /// A header with everything zero but what is given.
    pub(crate) const fn new(measures: Measures, segment_bytes: u64) -> Self {
        Self {
            magic: MAGIC,
            version: VERSION,
            byte_order: BYTE_ORDER,
            word_bits: WORD_BITS,
            zero: 0,
            measures,
            required: REQUIRED,
            segment_bytes,
            optional: 0,
            unique_id: [0; 16],
            boot_id: [0; 16],
            created_unix_nanos: 0,
            first_position: 0,
            reserved: [0; 64],
            checksum: 0,
        }
    }
}

/// An atomic word alone on its pair of cache lines.
#[repr(C, align(128))]
pub struct Line {
    /// The word.
    pub word: AtomicU64,
    /// A word that changes with it, where there is one.
    pub second: AtomicU64,
}

/// The words of the frame that change. [`FRAME_AT`].
#[repr(C)]
pub struct FrameWords {
    /// [`FLAG_REMOVED`], [`FLAG_LOOKED_AT`].
    pub flags: Line,
    /// When a waiter last looked for dead participants, monotonic nanoseconds.
    pub watch: Line,
    /// Dead participants that were recovered.
    pub recovered: Line,
    /// A lock word, and its event count: held while an object is made.
    pub latch: Line,
    /// Directory entries with memory behind them; participant entries that were ever used.
    pub entries: Line,
    /// An event count: an object became live or going.
    pub changed: Line,
    reserved: [Line; 26],
}

/// The name was removed; open refuses the segment.
pub const FLAG_REMOVED: u64 = 1;
/// A process looks whether any takes part; if none does, it removes the name.
pub const FLAG_LOOKED_AT: u64 = 2;

/// One participant: a process that has the segment open.
#[repr(C, align(128))]
pub struct Participant {
    /// {generation: 56, state: 8}: `membership::Life`.
    pub life: AtomicU64,
    /// Process id, in the PID namespace below.
    pub pid: AtomicU64,
    /// When that process started, clock ticks since boot.
    pub start_time: AtomicU64,
    /// Inode of its PID namespace.
    pub pid_namespace: AtomicU64,
    /// Inode of its time namespace.
    pub time_namespace: AtomicU64,
    /// Wall clock at attach, nanoseconds since 1970.
    pub attached_unix_nanos: AtomicU64,
    /// {set: 1, owner: 16}: whose word the participant is about to take.
    pub hazard: AtomicU64,
    /// No words of lives before this generation are left.
    pub clean: AtomicU64,
    reserved: [u64; 8],
}

/// One object of the directory.
#[repr(C, align(128))]
pub struct Entry {
    /// {generation: 32, owner: 16, kind: 8, state: 8}: [`crate::directory::ObjectLife`].
    pub life: AtomicU64,
    /// Offset of the body in the segment.
    pub at: AtomicU64,
    /// Bytes of the body.
    pub bytes: AtomicU64,
    /// Three numbers, by kind.
    pub measures: [AtomicU64; 3],
    /// What the messages or values are; 0 for plain bytes, or where there are none.
    pub fingerprint: AtomicU64,
    /// Bits by kind.
    pub options: AtomicU64,
    /// The name within the segment, padded with zeros.
    pub name: [AtomicU64; 8],
    /// Offset of the schema text in the body, and its bytes.
    pub schema: [AtomicU64; 2],
    /// Wall clock when it was made, nanoseconds since 1970.
    pub made_unix_nanos: AtomicU64,
    /// Features that a user must know, and features that it may ignore.
    pub features: [AtomicU64; 2],
    /// Reserved for the same as in the header, of an object in a context.
    pub ends: AtomicU64,
    /// The lock that it shares: {entry: 32, generation: 32}.
    pub lock: AtomicU64,
    reserved: [u64; 8],
    /// FNV-1a of the fields from `at` to `lock`.
    pub checksum: AtomicU64,
}

/// The name goes when its creator drops its last handle. The creator does so; this is for people.
pub const LIFE_CREATOR: u64 = 1;
/// The name goes when the last participant leaves, or is found dead.
pub const LIFE_LAST: u64 = 2;

/// Where [`FrameWords`] begin.
pub const FRAME_AT: u64 = PAGE;
/// Where the participant table begins.
pub const PARTICIPANTS_AT: u64 = 2 * PAGE;
/// Where the lock bytes of the participants begin: beyond every file.
pub const LOCKS_AT: u64 = 1 << 62;
/// The lock byte of the process that removes the name.
pub const REMOVAL_LOCK_AT: u64 = LOCKS_AT + PARTICIPANTS_MAX as u64;

const _: () = {
    assert!(offset_of!(Header, measures) == 24);
    assert!(offset_of!(Header, required) == 40);
    assert!(offset_of!(Header, segment_bytes) == 48);
    assert!(offset_of!(Header, optional) == 56);
    assert!(offset_of!(Header, unique_id) == 64);
    assert!(offset_of!(Header, boot_id) == 80);
    assert!(offset_of!(Header, created_unix_nanos) == 96);
    assert!(offset_of!(Header, first_position) == 104);
    assert!(offset_of!(Header, reserved) == 112);
    assert!(offset_of!(Header, checksum) == 176);
    assert!(size_of::<Header>() == 184);
    assert!(size_of::<Line>() == LINE as usize);
    assert!(offset_of!(Line, second) == 8);
    assert!(offset_of!(FrameWords, changed) == 5 * 128);
    assert!(size_of::<FrameWords>() == PAGE as usize);
    assert!(size_of::<Participant>() == 128);
    assert!(offset_of!(Participant, hazard) == 48);
    assert!(offset_of!(Participant, clean) == 56);
    assert!(size_of::<Entry>() == 256);
    assert!(offset_of!(Entry, measures) == 24);
    assert!(offset_of!(Entry, name) == 64);
    assert!(offset_of!(Entry, schema) == 128);
    assert!(offset_of!(Entry, made_unix_nanos) == 144);
    assert!(offset_of!(Entry, ends) == 168);
    assert!(offset_of!(Entry, checksum) == 248);
    assert!(size_of::<Header>() <= FRAME_AT as usize);
};

/// Where the parts of a frame are.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// What it follows from.
    pub measures: Measures,
    /// Offset of the directory.
    pub directory_at: u64,
    /// Offset of the user words.
    pub users_at: u64,
    /// Bytes of the user words of one object.
    pub users_bytes: u64,
    /// Offset of the first body: all before it has memory behind it from the start.
    pub bodies_at: u64,
    /// Bytes of the whole, a multiple of the page size.
    pub total_bytes: u64,
}

impl Frame {
    /// The frame for these measures, which are within the limits above.
    pub const fn new(measures: Measures) -> Self {
        let participants = measures.participants as u64;
        let objects = measures.objects as u64;
        let directory_at = PARTICIPANTS_AT + participants * size_of::<Participant>() as u64;
        let users_at = directory_at + objects * size_of::<Entry>() as u64;
        let users_bytes = (participants * 8).next_multiple_of(LINE);
        let bodies_at = (users_at + objects * users_bytes).next_multiple_of(PAGE);
        let total_bytes = bodies_at.saturating_add(measures.space).next_multiple_of(PAGE);
        Self { measures, directory_at, users_at, users_bytes, bodies_at, total_bytes }
    }
}

/// FNV-1a, which is enough to notice damage.
pub fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_frame_follow_each_other() {
        for (objects, participants) in [(1, 1), (1, 128), (256, 255), (OBJECTS_MAX, 3)] {
            let frame = Frame::new(Measures { objects, participants, space: 4096 });
            assert!(frame.directory_at >= PARTICIPANTS_AT + u64::from(participants) * 128);
            assert!(frame.users_bytes >= u64::from(participants) * 8);
            assert!(frame.bodies_at >= frame.users_at + u64::from(objects) * frame.users_bytes);
            assert_eq!(frame.total_bytes, frame.bodies_at + 4096);
        }
    }

    #[test]
    fn a_lone_object_has_a_frame_of_seven_pages() {
        let frame = Frame::new(Measures { objects: 1, participants: 128, space: 128 });
        assert_eq!(frame.bodies_at, 28 << 10);
        assert_eq!(frame.total_bytes, 32 << 10);
    }
}
