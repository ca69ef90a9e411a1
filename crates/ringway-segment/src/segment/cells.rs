//! The cells of a ring that lies in a segment.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Segment;
use crate::packed::{Block, Lane};
use crate::prefetch;
use crate::ring::{Cells, Part};

/// So much of a message is fetched at once; what is longer is left to the processor, which notices.
const PREFETCH_BYTES: u64 = 2048;

/// The cells of a ring that lies in a segment.
#[derive(Clone, Copy)]
pub(crate) struct SegmentCells<'a> {
    pub(super) segment: &'a Segment,
    pub(super) head: &'a AtomicU64,
    pub(super) tail: &'a AtomicU64,
    pub(super) slots_at: u64,
    pub(super) part: Part,
}

impl Cells for SegmentCells<'_> {
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
        self.segment.word(self.slots_at + index as u64 * 8)
    }
    #[inline(always)]
    fn state(&self, block: Block) -> Option<&AtomicU64> {
        if matches!(self.part, Part::FreeBlocks { class } if class != block.class()) {
            return None; // too small, or too large for ever
        }
        self.segment.named_descriptor(block).map(|descriptor| &descriptor.state)
    }
    fn part(&self) -> Part {
        self.part
    }
    #[inline(always)]
    fn state_of_own(&self, block: Block) -> Option<&AtomicU64> {
        self.segment.descriptor(block).map(|descriptor| &descriptor.state)
    }
    #[inline(always)]
    fn prefetch(&self, lane: Lane, block: Block) {
        if let (Some(descriptor), Some((bytes, _))) =
            (self.segment.descriptor(block), self.segment.block_bytes(block))
        {
            prefetch::for_writing(descriptor);
            match lane {
                Lane::Messages => prefetch::for_reading(bytes.as_ptr()),
                Lane::Free => prefetch::for_writing(bytes.as_ptr()),
            }
        }
    }
    #[inline(always)]
    fn prefetch_message(&self, block: Block) {
        if let (Some(descriptor), Some((bytes, _))) =
            (self.segment.descriptor(block), self.segment.block_bytes(block))
        {
            let length = descriptor.length.load(Relaxed).min(PREFETCH_BYTES); // a hint only
            for line in 1..length.div_ceil(64) {
                prefetch::for_reading(bytes.as_ptr().wrapping_add(line as usize * 64));
            }
        }
    }
}
