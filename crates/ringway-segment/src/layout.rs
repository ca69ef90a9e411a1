//! The format of a segment: every structure with its offset. `shm-layout.md` describes the same bytes in prose.
//!
//! The geometry is a pure function of the four numbers in [`Measures`], so a header that is right in those and in the
//! total size is right in every offset.

use core::mem::{offset_of, size_of};
use core::sync::atomic::AtomicU64;

use crate::ring::Shape;

/// First eight bytes of every segment.
pub const MAGIC: u64 = u64::from_le_bytes(*b"RINGWAY\0");
/// Version of this format. Any other is refused.
pub const VERSION: u32 = 1;
/// Reads as another number where the byte order differs.
pub const BYTE_ORDER: u32 = 0x0102_0304;
/// Bits of an atomic word.
pub const WORD_BITS: u32 = 64;
/// Kind of object: a queue.
pub const KIND_QUEUE: u32 = 1;

/// Most size classes.
pub const CLASSES_MAX: usize = 15;
/// Most participants; an index is 8 bits.
pub const PARTICIPANTS_MAX: u32 = 255;
/// Largest `maxsize`; a block index is 24 bits.
pub const MAXSIZE_MAX: u64 = 1 << 23;
/// Largest message, in bytes.
pub const MESSAGE_MAX: u64 = 1 << 36;
/// Largest segment, in bytes of address space.
pub const SEGMENT_MAX: u64 = 1 << 46;
/// Most loans and guards a participant can be promised.
pub const LOANS_MAX: u32 = 1 << 12;
/// Blocks that one participant may have in the middle of a put or get without being counted as loans or guards.
pub const IN_FLIGHT: u64 = 8;
/// Stocks of free blocks that a participant keeps of each class.
pub const STOCKS: u64 = 2;
/// Smallest block and the alignment of all, in bytes.
pub const BLOCK_ALIGN: u64 = 64;

const PAGE: u64 = 4096;
const SLOTS_MIN: u64 = 256;
const RESERVE_BYTES: u64 = 256 << 10;
const CLASS_FACTOR: u64 = 4;

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
    /// [`KIND_QUEUE`].
    pub kind: u32,
    /// The four numbers that all offsets follow from.
    pub measures: Measures,
    /// Size of the whole segment in bytes.
    pub segment_bytes: u64,
    /// What the messages are; 0 for plain bytes.
    pub fingerprint: u64,
    /// A random number of this one segment.
    pub unique_id: [u8; 16],
    /// The boot of the host that it belongs to.
    pub boot_id: [u8; 16],
    /// Wall clock at creation, nanoseconds since 1970.
    pub created_unix_nanos: u64,
    /// The first position of every ring; 0 but in tests of the wrap.
    pub first_position: u64,
    /// What the messages are, in words, padded with zeros.
    pub schema: [u8; 64],
    /// FNV-1a of all bytes before it.
    pub checksum: u64,
}

/// The four numbers that a geometry follows from.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measures {
    /// Messages that the queue holds at most.
    pub maxsize: u64,
    /// Bytes of the largest message.
    pub max_message: u64,
    /// Entries of the participant table.
    pub participants: u32,
    /// Loans and guards that each participant may hold at once without delaying anybody.
    pub loans: u32,
}

/// An atomic word alone on its pair of cache lines.
#[repr(C, align(128))]
pub struct Line {
    /// The word.
    pub word: AtomicU64,
}

/// The words that change while the queue is used. [`CONTROL_AT`].
#[repr(C)]
pub struct Control {
    /// Ring of messages: where the next put goes, or before.
    pub tail: Line,
    /// Ring of messages: where the next get takes, or before.
    pub head: Line,
    /// Event count of those who wait for a message.
    pub not_empty: Line,
    /// Event count of those who wait for a place.
    pub not_full: Line,
    /// Event count of those who wait for a free block.
    pub block_freed: Line,
    /// [`FLAG_REMOVED`] and [`FLAG_IMMEDIATE`].
    pub flags: Line,
    /// When a waiter last looked for dead participants, monotonic nanoseconds.
    pub watch: Line,
    /// Messages that were taken by participants that died before they were done with them.
    pub lost: Line,
    /// Dead participants that were recovered.
    pub recovered: Line,
    reserved: [Line; 7],
    /// One for each size class.
    pub classes: [ClassControl; CLASSES_MAX],
}

/// The name was removed; open refuses the segment.
pub const FLAG_REMOVED: u64 = 1;
/// Shut down at once: gets answer `ShutDown` although messages are left.
pub const FLAG_IMMEDIATE: u64 = 2;

/// The words of one size class.
#[repr(C)]
pub struct ClassControl {
    /// Ring of free blocks: tail.
    pub tail: Line,
    /// Ring of free blocks: head.
    pub head: Line,
    /// Blocks with memory behind them: those with a lower number. Grows only.
    pub backed: AtomicU64,
    /// The lowest block that was perhaps never used. A hint that grows only.
    pub fresh: AtomicU64,
    reserved: [u64; 14],
}

/// What is kept about a block, apart from its bytes.
#[repr(C)]
pub struct Descriptor {
    /// [`crate::packed::State`].
    pub state: AtomicU64,
    /// Bytes of the message. Written by the owner of the block only.
    pub length: AtomicU64,
}

/// One participant: a process that has the segment open.
#[repr(C, align(128))]
pub struct Participant {
    /// {generation: 56, state: 8}: see [`crate::participant::Life`].
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
    reserved: [u64; 10],
}

/// Where [`Control`] begins.
pub const CONTROL_AT: u64 = PAGE;
/// Where the participant table begins.
pub const PARTICIPANTS_AT: u64 = 4 * PAGE;
/// Where the lock bytes of the participants begin: beyond every file.
pub const LOCKS_AT: u64 = 1 << 62;
/// The lock byte of whoever removes the name.
pub const REMOVAL_LOCK_AT: u64 = LOCKS_AT + PARTICIPANTS_MAX as u64;

const _: () = {
    assert!(size_of::<Measures>() == 24);
    assert!(offset_of!(Header, measures) == 24);
    assert!(offset_of!(Header, segment_bytes) == 48);
    assert!(offset_of!(Header, fingerprint) == 56);
    assert!(offset_of!(Header, unique_id) == 64);
    assert!(offset_of!(Header, boot_id) == 80);
    assert!(offset_of!(Header, created_unix_nanos) == 96);
    assert!(offset_of!(Header, first_position) == 104);
    assert!(offset_of!(Header, schema) == 112);
    assert!(offset_of!(Header, checksum) == 176);
    assert!(size_of::<Header>() == 184);
    assert!(size_of::<Line>() == 128);
    assert!(offset_of!(Control, tail) == 0);
    assert!(offset_of!(Control, head) == 128);
    assert!(offset_of!(Control, not_empty) == 256);
    assert!(offset_of!(Control, not_full) == 384);
    assert!(offset_of!(Control, block_freed) == 512);
    assert!(offset_of!(Control, flags) == 640);
    assert!(offset_of!(Control, watch) == 768);
    assert!(offset_of!(Control, lost) == 896);
    assert!(offset_of!(Control, recovered) == 1024);
    assert!(offset_of!(Control, classes) == 2048);
    assert!(size_of::<ClassControl>() == 384);
    assert!(offset_of!(ClassControl, head) == 128);
    assert!(offset_of!(ClassControl, backed) == 256);
    assert!(offset_of!(ClassControl, fresh) == 264);
    assert!(size_of::<Descriptor>() == 16);
    assert!(size_of::<Participant>() == 128);
    assert!(offset_of!(Participant, attached_unix_nanos) == 40);
    assert!(CONTROL_AT + size_of::<Control>() as u64 <= PARTICIPANTS_AT);
};

/// Where the parts of one size class are, and their measures.
#[derive(Debug, Clone, Copy)]
pub struct Class {
    /// Bytes of a block.
    pub block_bytes: u64,
    /// Number of blocks.
    pub blocks: u64,
    /// Free blocks that each stock of a participant keeps at hand.
    pub keep: usize,
    /// The ring of free blocks.
    pub ring: Shape,
    /// Offset of its slots.
    pub slots_at: u64,
    /// Offset of the descriptors.
    pub descriptors_at: u64,
    /// Offset of the blocks.
    pub blocks_at: u64,
}

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Geometry {
    /// What it follows from.
    pub measures: Measures,
    /// The ring of messages.
    pub ring: Shape,
    /// Offset of its slots.
    pub slots_at: u64,
    /// The classes, smallest blocks first.
    pub classes: Vec<Class>,
    /// Bytes that are backed by memory from the start: all before the first class.
    pub backed_at_creation: u64,
    /// Bytes of the whole, a multiple of the page size 4096.
    pub total_bytes: u64,
}

impl Class {
    /// How many blocks get memory behind them at once. It happens when all that have it are in use.
    pub fn step(&self) -> u64 {
        (RESERVE_BYTES / self.block_bytes).max(1)
    }
}

impl Geometry {
    /// The geometry for these measures, which are within the limits above.
    pub fn new(measures: Measures) -> Self {
        let ring = Shape::new(measures.maxsize, 1, SLOTS_MIN);
        let slots_at = page_up(
            PARTICIPANTS_AT + u64::from(measures.participants) * size_of::<Participant>() as u64,
        );
        let backed_at_creation = page_up(slots_at + ring.slots() * 8);
        let mut at = backed_at_creation;
        let mut classes = Vec::new();
        for block_bytes in block_sizes(measures.max_message) {
            let keep = (65_536 / block_bytes).clamp(1, 32);
            let each = STOCKS * keep + IN_FLIGHT + u64::from(measures.loans);
            let blocks = measures.maxsize + u64::from(measures.participants) * each;
            let ring = Shape::new(blocks, 0, SLOTS_MIN);
            let slots_at = at;
            let descriptors_at = page_up(slots_at + ring.slots() * 8);
            let blocks_at = page_up(descriptors_at + blocks * size_of::<Descriptor>() as u64);
            at = page_up(blocks_at + blocks * block_bytes);
            classes.push(Class {
                block_bytes,
                blocks,
                keep: keep as usize,
                ring,
                slots_at,
                descriptors_at,
                blocks_at,
            });
        }
        Self { measures, ring, slots_at, classes, backed_at_creation, total_bytes: at }
    }

    /// The smallest class whose blocks hold `bytes`, if that is no more than the largest message.
    #[inline(always)]
    pub fn class_for(&self, bytes: usize) -> Option<u8> {
        let bytes = bytes as u64;
        if bytes > self.measures.max_message {
            return None;
        }
        if bytes <= BLOCK_ALIGN {
            return Some(0);
        }
        // Class k holds 64 * 4^k bytes; the last one whatever is left.
        let class = ((bytes - 1).ilog2() - BLOCK_ALIGN.ilog2()) / CLASS_FACTOR.ilog2() + 1;
        Some((class as usize).min(self.classes.len() - 1) as u8)
    }
}

/// 64 bytes, then four times as much each, until the largest message fits; the last class fits it exactly.
fn block_sizes(max_message: u64) -> Vec<u64> {
    let last = max_message.max(1).next_multiple_of(BLOCK_ALIGN);
    let mut sizes: Vec<u64> =
        core::iter::successors(Some(BLOCK_ALIGN), |size| Some(size * CLASS_FACTOR))
            .take_while(|&s| s < last)
            .collect();
    sizes.truncate(CLASSES_MAX - 1);
    sizes.push(last);
    sizes
}

const fn page_up(bytes: u64) -> u64 {
    bytes.next_multiple_of(PAGE)
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

    fn geometry(maxsize: u64, max_message: u64) -> Geometry {
        Geometry::new(Measures { maxsize, max_message, participants: 128, loans: 32 })
    }

    #[test]
    fn classes_cover_every_length_up_to_the_largest() {
        let g = geometry(3, 70_000);
        assert_eq!(
            g.classes.iter().map(|c| c.block_bytes).collect::<Vec<_>>(),
            [64, 256, 1024, 4096, 16384, 65536, 70016]
        );
        assert_eq!(g.class_for(0), Some(0));
        assert_eq!(g.class_for(64), Some(0));
        assert_eq!(g.class_for(65), Some(1));
        assert_eq!(g.class_for(70_000), Some(6));
        assert_eq!(g.class_for(70_001), None);
        for bytes in 0..=70_000 {
            let smallest = g.classes.iter().position(|class| bytes as u64 <= class.block_bytes);
            assert_eq!(g.class_for(bytes).map(usize::from), smallest, "{bytes} bytes");
        }
        assert_eq!(geometry(1, 1).classes.len(), 1);
        assert!(geometry(1, MESSAGE_MAX).classes.len() <= CLASSES_MAX);
    }

    #[test]
    fn parts_do_not_overlap_and_stay_in_the_segment() {
        for (maxsize, max_message) in [(1, 1), (3, 64), (1024, 65_536), (MAXSIZE_MAX, 1 << 20)] {
            let g = geometry(maxsize, max_message);
            assert!(g.ring.slots() > maxsize);
            let mut end = g.slots_at + g.ring.slots() * 8;
            for class in &g.classes {
                assert!(class.blocks < 1 << 24 && class.ring.slots() >= class.blocks);
                assert!(class.slots_at >= end);
                assert!(class.descriptors_at >= class.slots_at + class.ring.slots() * 8);
                assert!(class.blocks_at >= class.descriptors_at + class.blocks * 16);
                end = class.blocks_at + class.blocks * class.block_bytes;
            }
            assert!(g.total_bytes >= end);
        }
    }
}
