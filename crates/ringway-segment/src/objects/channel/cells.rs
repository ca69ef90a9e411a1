//! The words of a ring, and of a store, that lie in the body of a queue.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ringway_core::block::Block;
use ringway_core::prefetch;
use ringway_core::ring::{Cells, Part};
use ringway_core::state::Lane;
use ringway_core::store::StoreCells;

use super::layout::{ClassWords, Descriptor};
use super::parts::{ClassParts, Parts};
use crate::error::SegmentError;
use crate::segment::Segment;

/// So much of a message is fetched at once; the processor notices what is longer.
const PREFETCH_BYTES: u64 = 2048;

/// The words of a ring of messages, of any class.
#[derive(Clone, Copy)]
pub(crate) struct ChannelCells<'p> {
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
        self.parts.named_descriptor(block).map(|descriptor| &descriptor.state)
    }
    #[inline(always)]
    fn state_of_own(&self, block: Block) -> Option<&AtomicU64> {
        self.parts.descriptor(block).map(|descriptor| &descriptor.state)
    }
    fn part(&self) -> Part {
        self.part
    }
    #[inline(always)]
    fn prefetch(&self, _lane: Lane, block: Block) {
        let (descriptor, bytes) = self.parts.class_of(block).addresses(block.index());
        prefetch::for_writing(descriptor); // a hint to the processor, which touches nothing
        prefetch::for_reading(bytes);
    }
    #[inline(always)]
    fn prefetch_message(&self, block: Block) {
        let class = self.parts.class_of(block);
        // The length is loaded, so the block must be known to have memory.
        if let (Some(descriptor), Some((_, bytes, _))) =
            (class.noted(block.index()), class.place(block))
        {
            let length = descriptor.length.load(Relaxed).min(PREFETCH_BYTES); // a hint only
            for line in 1..length.div_ceil(64) {
                prefetch::for_reading(bytes.as_ptr().wrapping_add(line as usize * 64));
            }
        }
    }
}

/// The words of the store of a class, and of its ring of free blocks.
#[derive(Clone, Copy)]
pub(crate) struct ClassCells<'p> {
    pub(super) segment: &'p Segment,
    pub(super) parts: &'p Parts,
    pub(super) class: &'p ClassParts,
    /// The bits of its first block.
    pub(super) first: u32,
    pub(super) words: &'p ClassWords,
    pub(super) slots: NonNull<AtomicU64>,
}

impl ClassCells<'_> {
    fn number(&self) -> u8 {
        Block::from_bits(self.first).class()
    }
}

impl Cells for ClassCells<'_> {
    type Word = AtomicU64;
    #[inline(always)]
    fn head(&self) -> &AtomicU64 {
        &self.words.head.word
    }
    #[inline(always)]
    fn tail(&self) -> &AtomicU64 {
        &self.words.tail.word
    }
    #[inline(always)]
    fn slot(&self, index: usize) -> &AtomicU64 {
        // SAFETY: `index` is below the number of slots of this ring, which lie within the body.
        unsafe { self.slots.add(index).as_ref() }
    }
    #[inline(always)]
    fn state(&self, block: Block) -> Option<&AtomicU64> {
        // That of a block of another class is beyond all of this one. Such a block would be too
        // small, or too large for ever.
        match self.class.noted(block.bits().wrapping_sub(self.first)) {
            Some(descriptor) => Some(&descriptor.state),
            None if block.class() != self.number() => None,
            None => Some(&self.parts.look_for_memory(block)?.state),
        }
    }
    #[inline(always)]
    fn state_of_own(&self, block: Block) -> Option<&AtomicU64> {
        self.class.place(block).map(|(descriptor, ..)| &descriptor.state)
    }
    fn part(&self) -> Part {
        Part::FreeBlocks { class: self.number() }
    }
    #[inline(always)]
    fn prefetch(&self, _lane: Lane, block: Block) {
        let (descriptor, bytes) = self.class.addresses(block.index());
        prefetch::for_writing(descriptor); // a hint to the processor, which touches nothing
        prefetch::for_writing(bytes);
    }
}

impl StoreCells for ClassCells<'_> {
    type NoMemory = SegmentError;
    #[inline(always)]
    fn fresh(&self) -> &AtomicU64 {
        &self.words.fresh
    }
    #[inline(always)]
    fn backed(&self) -> &AtomicU64 {
        &self.words.backed
    }
    fn back(&self, first: u64, end: u64) -> Result<(), SegmentError> {
        let class = self.parts.class(self.number());
        let reserve = |at, bytes| self.segment.reserve(self.parts.in_segment(at), bytes);
        if first == 0 {
            reserve(class.slots_at, class.descriptors_at - class.slots_at)?;
        }
        let entry = size_of::<Descriptor>() as u64;
        reserve(class.descriptors_at + first * entry, (end - first) * entry)?;
        reserve(class.blocks_at + first * class.block_bytes, (end - first) * class.block_bytes)
    }
}
