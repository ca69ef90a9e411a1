//! The words of a ring, and of a store, that lie in the body of a queue.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ringway_core::block::Block;
use ringway_core::prefetch;
use ringway_core::ring::{Cells, Part};
use ringway_core::state::Lane;
use ringway_core::store::StoreCells;

use super::layout::{ClassWords, Descriptor};
use super::parts::Parts;
use crate::error::SegmentError;
use crate::segment::Segment;

/// So much of a message is fetched at once; the processor notices what is longer.
const PREFETCH_BYTES: u64 = 2048;

/// The words of one ring.
#[derive(Clone, Copy)]
pub(crate) struct ChannelCells<'p> {
    pub(super) segment: &'p Segment,
    pub(super) parts: &'p Parts,
    pub(super) head: &'p AtomicU64,
    pub(super) tail: &'p AtomicU64,
    pub(super) slots: NonNull<AtomicU64>,
    pub(super) part: Part,
}

impl Cells for ChannelCells<'_> {
    type Word = AtomicU64;
    #[inline(always)]
    fn head(&self) -> &AtomicU64 {
        self.head
    }
    #[inline(always)]
    fn tail(&self) -> &AtomicU64 {
        self.tail
    }
    #[inline(always)]
    fn slot(&self, index: usize) -> &AtomicU64 {
        // SAFETY: `index` is below the number of slots of this ring, which lie within the body.
        unsafe { self.slots.add(index).as_ref() }
    }
    #[inline(always)]
    fn state(&self, block: Block) -> Option<&AtomicU64> {
        if matches!(self.part, Part::FreeBlocks { class } if class != block.class()) {
            return None; // too small, or too large for ever
        }
        self.parts.named_descriptor(self.segment, block).map(|descriptor| &descriptor.state)
    }
    #[inline(always)]
    fn state_of_own(&self, block: Block) -> Option<&AtomicU64> {
        self.parts.descriptor(block).map(|descriptor| &descriptor.state)
    }
    fn part(&self) -> Part {
        self.part
    }
    #[inline(always)]
    fn prefetch(&self, lane: Lane, block: Block) {
        if let Some((descriptor, bytes, _)) = self.parts.place(block) {
            prefetch::for_writing(descriptor); // a hint to the processor, which touches nothing
            match lane {
                Lane::Messages | Lane::Returned => prefetch::for_reading(bytes.as_ptr()),
                Lane::Free => prefetch::for_writing(bytes.as_ptr()),
            }
        }
    }
    #[inline(always)]
    fn prefetch_message(&self, block: Block) {
        // The length is loaded, so the block must be known to have memory.
        if let (Some(descriptor), Some((_, bytes, _))) =
            (self.parts.noted_descriptor(block), self.parts.place(block))
        {
            let length = descriptor.length.load(Relaxed).min(PREFETCH_BYTES); // a hint only
            for line in 1..length.div_ceil(64) {
                prefetch::for_reading(bytes.as_ptr().wrapping_add(line as usize * 64));
            }
        }
    }
}

impl ChannelCells<'_> {
    #[inline(always)]
    fn class(&self) -> usize {
        match self.part {
            Part::FreeBlocks { class } => usize::from(class),
            _ => 0, // the ring of messages is asked for no store
        }
    }
    #[inline(always)]
    fn words(&self) -> &ClassWords {
        &self.parts.words().classes[self.class()]
    }
}

impl StoreCells for ChannelCells<'_> {
    type NoMemory = SegmentError;
    #[inline(always)]
    fn fresh(&self) -> &AtomicU64 {
        &self.words().fresh
    }
    #[inline(always)]
    fn backed(&self) -> &AtomicU64 {
        &self.words().backed
    }
    fn back(&self, first: u64, end: u64) -> Result<(), SegmentError> {
        let class = self.parts.class(self.class() as u8);
        let reserve = |at, bytes| self.segment.reserve(self.parts.in_segment(at), bytes);
        if first == 0 {
            reserve(class.slots_at, class.descriptors_at - class.slots_at)?;
        }
        let entry = size_of::<Descriptor>() as u64;
        reserve(class.descriptors_at + first * entry, (end - first) * entry)?;
        reserve(class.blocks_at + first * class.block_bytes, (end - first) * class.block_bytes)
    }
}
