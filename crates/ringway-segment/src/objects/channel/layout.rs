//! The body of a queue: the words of its ring, and for each size class the blocks that carry
//! messages.

use core::mem::{offset_of, size_of};
use core::sync::atomic::AtomicU64;

use ringway_core::ring::Shape;
use ringway_core::store::StoreShape;

use crate::body::AtomicWords;
use crate::error::CreateError;
use crate::layout::{LINE, Line, PAGE, SEGMENT_MAX};
use crate::segment::header::{bounded, in_units};

/// Most size classes.
pub const CLASSES_MAX: usize = 15;
/// Largest `maxsize`; a block index is 24 bits.
pub const MAXSIZE_MAX: u64 = 1 << 23;
/// Largest message, in bytes.
pub const MESSAGE_MAX: u64 = 1 << 36;
/// Most loans and guards a participant can be promised.
pub const LOANS_MAX: u32 = 1 << 12;
/// Blocks that one participant may have in the middle of a put or get without being counted as
/// loans or guards.
pub const IN_FLIGHT: u64 = 8;
/// Stocks of free blocks that a participant keeps of each class.
pub const STOCKS: u64 = 2;
/// Smallest block and the alignment of all, in bytes.
pub const BLOCK_ALIGN: u64 = 64;
/// Longest text of a schema, in bytes.
pub const SCHEMA_MAX: u64 = 1 << 16;

const SLOTS_MIN: u64 = 256;
const RESERVE_BYTES: u64 = 256 << 10;
const CLASS_FACTOR: u64 = 4;

/// The words at the beginning of the body.
#[repr(C)]
pub struct ChannelWords {
    /// Ring of messages: where the next put goes, or before.
    pub tail: Line,
    /// Ring of messages: where the next get takes, or before.
    pub head: Line,
    /// Event count of callers that wait for a message.
    pub not_empty: Line,
    /// Event count of callers that wait for a place.
    pub not_full: Line,
    /// How many handles of putters there were, doubled; 1 more if none is left and the queue has
    /// ended. Where the queue ends with its putters.
    pub putters: Line,
    /// [`FLAG_IMMEDIATE`], [`FLAG_RETURNED`].
    pub flags: Line,
    /// Messages that were taken by participants that died before they released them.
    pub lost: Line,
    /// Ring of returned messages: tail.
    pub returned_tail: Line,
    /// Ring of returned messages: head.
    pub returned_head: Line,
    /// For the lane 3 and the words of a joinable queue.
    reserved: [Line; 6],
    /// Ring of returned messages: slots that have memory: none, or all. Grows only.
    pub returned_slots: Line,
    /// One for each size class.
    pub classes: [ClassWords; CLASSES_MAX],
    end: [Line; 3],
}

/// Shut down at once: gets return `ShutDown` although messages are left.
pub const FLAG_IMMEDIATE: u64 = 2;

/// A message was put back at some time, so gets have two rings to look at.
pub const FLAG_RETURNED: u64 = 4;

/// A required feature of a queue: messages can be put back, so it has a ring of returned ones.
pub const FEATURE_RETURNS: u64 = 1;

/// A required feature of a queue: it is shut down when the last putter is gone.
pub const FEATURE_ENDS: u64 = 2;

/// The words of one size class.
#[repr(C)]
pub struct ClassWords {
    /// Ring of free blocks: tail.
    pub tail: Line,
    /// Ring of free blocks: head.
    pub head: Line,
    /// Blocks with memory behind them: those with a lower number. Grows only.
    pub backed: AtomicU64,
    /// The lowest block that was perhaps never used. A hint that grows only.
    pub fresh: AtomicU64,
    /// For the slots of the free ring that have memory.
    reserved: AtomicU64,
    /// Event count of callers that wait for a block of this class.
    pub freed: AtomicU64,
    end: [u64; 12],
}

/// What is kept about a block, apart from its bytes.
#[repr(C)]
pub struct Descriptor {
    /// `ringway_core::state::State`.
    pub state: AtomicU64,
    /// Bytes of the message. Written by the owner of the block only.
    pub length: AtomicU64,
}

// SAFETY: atomic words, and reserved bytes that nobody reads.
unsafe impl AtomicWords for ChannelWords {}
// SAFETY: two atomic words.
unsafe impl AtomicWords for Descriptor {}

const _: () = {
    assert!(offset_of!(ChannelWords, head) == 128);
    assert!(offset_of!(ChannelWords, not_empty) == 256);
    assert!(offset_of!(ChannelWords, not_full) == 384);
    assert!(offset_of!(ChannelWords, putters) == 512);
    assert!(offset_of!(ChannelWords, flags) == 640);
    assert!(offset_of!(ChannelWords, lost) == 768);
    assert!(offset_of!(ChannelWords, returned_tail) == 896);
    assert!(offset_of!(ChannelWords, returned_head) == 1024);
    assert!(offset_of!(ChannelWords, returned_slots) == 1920);
    assert!(offset_of!(ChannelWords, classes) == 2048);
    assert!(size_of::<ChannelWords>() == 8192);
    assert!(size_of::<ClassWords>() == 384);
    assert!(offset_of!(ClassWords, backed) == 256);
    assert!(offset_of!(ClassWords, fresh) == 264);
    assert!(offset_of!(ClassWords, freed) == 280);
    assert!(size_of::<Descriptor>() == 16);
};

/// The numbers that a geometry follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelMeasures {
    /// Messages that the queue holds at most.
    pub maxsize: u64,
    /// Bytes of the largest message.
    pub max_message: u64,
    /// Loans and guards that each participant may hold at once without delaying others.
    pub loans: u32,
    /// Entries of the participant table of its segment.
    pub participants: u32,
    /// Bytes of the text of its schema.
    pub schema_bytes: u64,
    /// Whether messages can be put back.
    pub returns: bool,
}

/// Where the parts of one size class are, and their measures.
#[derive(Debug, Clone, Copy)]
pub struct Class {
    /// Bytes of a block.
    pub block_bytes: u64,
    /// Number of blocks, how many get memory at once, and how many a stock keeps.
    pub store: StoreShape,
    /// The ring of free blocks.
    pub ring: Shape,
    /// Offset of its slots.
    pub slots_at: u64,
    /// Offset of one word for each step of blocks, for the state of their memory.
    pub chunks_at: u64,
    /// Offset of the descriptors.
    pub descriptors_at: u64,
    /// Offset of the blocks.
    pub blocks_at: u64,
}

/// Where everything is in the body.
#[derive(Debug, Clone)]
pub struct Geometry {
    /// What it follows from.
    pub measures: ChannelMeasures,
    /// The ring of messages.
    pub ring: Shape,
    /// Offset of its slots.
    pub slots_at: u64,
    /// Offset of the text of the schema.
    pub schema_at: u64,
    /// The ring of returned messages, and the offset of its slots.
    pub returned: Option<(Shape, u64)>,
    /// The classes, smallest blocks first.
    pub classes: Vec<Class>,
    /// Bytes that have memory from the start: all before the first class.
    pub backed_at_creation: u64,
    /// Bytes of the whole, a multiple of the page size.
    pub total_bytes: u64,
}

impl ChannelMeasures {
    /// The limits of each number.
    pub(crate) fn limits(&self) -> [(&'static str, u64, u64, u64); 4] {
        [
            ("maxsize", self.maxsize, 1, MAXSIZE_MAX),
            ("max_message", self.max_message, 1, MESSAGE_MAX),
            ("loans", self.loans.into(), 1, LOANS_MAX.into()),
            ("bytes of the schema", self.schema_bytes, 0, SCHEMA_MAX),
        ]
    }

    /// The geometry for measures that a caller asks for.
    pub(crate) fn geometry(self, name: &str) -> Result<Geometry, CreateError> {
        for (option, value, low, high) in self.limits() {
            bounded(name, option, value, low, high)?;
        }
        bounded(
            name,
            "participants",
            self.participants.into(),
            1,
            crate::layout::PARTICIPANTS_MAX.into(),
        )?;
        let geometry = Geometry::new(self);
        if geometry.total_bytes > SEGMENT_MAX - (1 << 30) {
            let Self { maxsize, max_message, participants, loans, .. } = self;
            let allowed = format!(
                "at most {}, and grows with `max_message` ({max_message}) times `maxsize` \
                 ({maxsize}) and `participants` ({participants}) times `loans` ({loans}); lower \
                 one of them",
                in_units(SEGMENT_MAX)
            );
            return Err(CreateError::BadOption {
                name: name.to_owned(),
                option: "the size of the segment",
                value: in_units(geometry.total_bytes),
                allowed,
            });
        }
        Ok(geometry)
    }
}

impl Geometry {
    /// The geometry for these measures, which are within the limits above.
    pub fn new(measures: ChannelMeasures) -> Self {
        let ring = Shape::new(measures.maxsize, 1, SLOTS_MIN);
        let slots_at = size_of::<ChannelWords>() as u64;
        let schema_at = slots_at + ring.slots() * 8;
        let backed_at_creation = page_up(schema_at + measures.schema_bytes.next_multiple_of(LINE));
        let mut at = backed_at_creation;
        let mut classes = Vec::new();
        for (number, block_bytes) in block_sizes(measures.max_message).into_iter().enumerate() {
            let keep = (65_536 / block_bytes).clamp(1, 32);
            let each = STOCKS * keep + IN_FLIGHT + u64::from(measures.loans);
            let blocks = measures.maxsize + u64::from(measures.participants) * each;
            let step = (RESERVE_BYTES / block_bytes).max(1);
            let ring = Shape::new(blocks, 0, SLOTS_MIN);
            let slots_at = at;
            let chunks_at = slots_at + ring.slots() * 8;
            let descriptors_at = page_up(chunks_at + blocks.div_ceil(step) * 8);
            let blocks_at = page_up(descriptors_at + blocks * size_of::<Descriptor>() as u64);
            at = page_up(blocks_at + blocks * block_bytes);
            let store = StoreShape { class: number as u8, blocks, step, keep: keep as usize };
            classes.push(Class {
                block_bytes,
                store,
                ring,
                slots_at,
                chunks_at,
                descriptors_at,
                blocks_at,
            });
        }
        // Behind all else, and with a slot for each block: it is never full.
        let returned = measures.returns.then(|| {
            let blocks = classes.iter().map(|class| class.store.blocks).sum();
            let ring = Shape::new(blocks, 1, SLOTS_MIN);
            let slots_at = at;
            at = page_up(slots_at + ring.slots() * 8);
            (ring, slots_at)
        });
        Self {
            measures,
            ring,
            slots_at,
            schema_at,
            returned,
            classes,
            backed_at_creation,
            total_bytes: at,
        }
    }

    /// The smallest class whose blocks hold `bytes`, if that is no more than the largest message.
    #[inline(always)]
    pub fn class_for(&self, bytes: usize) -> Option<u8> {
        (bytes as u64 <= self.measures.max_message).then(|| self.class_of(bytes))
    }

    /// The same for no more than that.
    #[inline(always)]
    pub fn class_of(&self, bytes: usize) -> u8 {
        let bytes = bytes as u64;
        if bytes <= BLOCK_ALIGN {
            return 0;
        }
        // Class k holds 64 * 4^k bytes; the last one the rest.
        let class = ((bytes - 1).ilog2() - BLOCK_ALIGN.ilog2()) / CLASS_FACTOR.ilog2() + 1;
        (class as usize).min(self.classes.len() - 1) as u8
    }
}

/// 64 bytes, then four times as much each, until the largest message fits; the last class fits it
/// exactly.
fn block_sizes(max_message: u64) -> Vec<u64> {
    let last = max_message.max(1).next_multiple_of(BLOCK_ALIGN);
    let mut sizes: Vec<u64> =
        core::iter::successors(Some(BLOCK_ALIGN), |size| Some(size * CLASS_FACTOR))
            .take_while(|&size| size < last)
            .collect();
    sizes.truncate(CLASSES_MAX - 1);
    sizes.push(last);
    sizes
}

const fn page_up(bytes: u64) -> u64 {
    bytes.next_multiple_of(PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(maxsize: u64, max_message: u64) -> Geometry {
        let measures = ChannelMeasures {
            maxsize,
            max_message,
            participants: 128,
            loans: 32,
            schema_bytes: 9,
            returns: true,
        };
        Geometry::new(measures)
    }

    #[test]
    fn classes_cover_every_length_up_to_the_largest() {
        let g = geometry(3, 70_000);
        let sizes: Vec<_> = g.classes.iter().map(|class| class.block_bytes).collect();
        assert_eq!(sizes, [64, 256, 1024, 4096, 16384, 65536, 70016]);
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
    fn parts_do_not_overlap_and_stay_in_the_body() {
        for (maxsize, max_message) in [(1, 1), (3, 64), (1024, 65_536), (MAXSIZE_MAX, 1 << 20)] {
            let g = geometry(maxsize, max_message);
            assert!(g.ring.slots() > maxsize);
            assert!(g.schema_at >= g.slots_at + g.ring.slots() * 8);
            let mut end = g.schema_at + g.measures.schema_bytes;
            for class in &g.classes {
                let StoreShape { blocks, step, .. } = class.store;
                assert!(blocks < 1 << 24 && class.ring.slots() >= blocks);
                assert!(class.slots_at >= end);
                assert!(class.chunks_at >= class.slots_at + class.ring.slots() * 8);
                assert!(class.descriptors_at >= class.chunks_at + blocks.div_ceil(step) * 8);
                assert!(class.blocks_at >= class.descriptors_at + blocks * 16);
                end = class.blocks_at + blocks * class.block_bytes;
            }
            let (ring, slots_at) = g.returned.unwrap();
            assert!(slots_at >= end);
            let blocks: u64 = g.classes.iter().map(|class| class.store.blocks).sum();
            assert!(ring.slots() > blocks);
            assert!(g.total_bytes >= slots_at + ring.slots() * 8);
        }
    }
}
