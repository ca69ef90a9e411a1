//! The parts of a queue's body as they lie in this process.

use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::Arc;

use crossbeam_utils::CachePadded;
use ringway_core::block::Block;
use ringway_core::owned::Owned;
use ringway_core::owner::Owner;
use ringway_core::position::Position;
use ringway_core::ring::{Part, Ring};
use ringway_core::state::Lane;
use ringway_core::store::{self, Local, Store};

use super::cells::{ChannelCells, ClassCells};
use super::layout::{ChannelWords, Class, ClassWords, Descriptor, Geometry};
use crate::body::Body;
use crate::error::SegmentError;
use crate::event::Event;
use crate::segment::Segment;

/// The parts of a body.
pub(crate) struct Parts {
    base: NonNull<u8>,
    /// The slots of the ring of messages.
    slots: NonNull<AtomicU64>,
    /// For every class that a reference to a block can name; those that there are not have no
    /// blocks.
    classes: [ClassParts; CLASS_NUMBERS],
    /// Offset of the body in its segment.
    at: u64,
    pub(crate) geometry: Geometry,
}

/// As many as the classes that a reference to a block can name.
const CLASS_NUMBERS: usize = 16;

/// Where the blocks of a class are, and what this process keeps for itself about them. Of a size
/// that makes it quick to find.
#[repr(align(64))]
pub(crate) struct ClassParts {
    descriptors: NonNull<Descriptor>,
    bytes: NonNull<u8>,
    block_bytes: usize,
    blocks: u32,
    /// This number of blocks had memory behind them when this process looked last.
    backed: AtomicU32,
    freed: NonNull<AtomicU64>,
    /// Most free blocks in a stock.
    pub(super) keep: usize,
    pub(super) local: Arc<CachePadded<Local<AtomicU64>>>,
}

// SAFETY: the pointers are into a mapping, which is shared memory for any thread.
unsafe impl Send for Parts {}
// SAFETY: as above.
unsafe impl Sync for Parts {}

impl ClassParts {
    /// What is kept about a block of this class, where its bytes begin, and how many it has.
    #[inline(always)]
    pub(super) fn place(&self, block: Block) -> Option<(&Descriptor, NonNull<u8>, usize)> {
        (block.index() < self.blocks).then(|| {
            let index = block.index() as usize;
            // SAFETY: within the descriptors and the blocks of the class; a descriptor is made of
            // atomics only.
            unsafe {
                let descriptor = self.descriptors.add(index).as_ref();
                (descriptor, self.bytes.add(index * self.block_bytes), self.block_bytes)
            }
        })
    }

    /// The same for a block that was taken from this class, or from a ring of messages.
    ///
    /// # Safety
    /// There is such a block. A store and a ring give out no others: they look at the state first.
    #[inline(always)]
    pub(super) unsafe fn place_of_own(&self, owned: &Owned) -> (&Descriptor, NonNull<u8>, usize) {
        debug_assert!(owned.block().index() < self.blocks);
        let index = owned.block().index() as usize;
        // SAFETY: as in `place`, by what the caller vouches for.
        unsafe {
            let descriptor = self.descriptors.add(index).as_ref();
            (descriptor, self.bytes.add(index * self.block_bytes), self.block_bytes)
        }
    }

    /// Where a block and what is kept about it lie, if it is one of this class: for fetching only.
    #[inline(always)]
    pub(super) fn addresses(&self, index: u32) -> (*const Descriptor, *const u8) {
        let index = index as usize;
        let bytes = self.bytes.as_ptr().wrapping_add(index * self.block_bytes);
        (self.descriptors.as_ptr().wrapping_add(index), bytes)
    }

    /// What is kept about a block that a slot names, if it is known to have memory.
    #[inline(always)]
    pub(super) fn noted(&self, index: u32) -> Option<&Descriptor> {
        // SAFETY: no more blocks have memory than there are, so it is within the descriptors of the
        // class; a descriptor is made of atomics only.
        (index < self.backed.load(Relaxed)) // our own note
            .then(|| unsafe { self.descriptors.add(index as usize).as_ref() })
    }

    /// The event count of callers that wait for a block of the class.
    #[inline(always)]
    pub(super) fn freed(&self) -> Event<'_> {
        // SAFETY: an atomic word of the body, which the mapping keeps.
        Event::new(unsafe { self.freed.as_ref() })
    }
}

impl Parts {
    /// # Safety
    /// The body is that of a queue with this geometry, which lies within it, and its mapping
    /// outlives the value.
    pub(crate) unsafe fn new(body: Body<'_>, at: u64, geometry: Geometry) -> Self {
        assert!(geometry.total_bytes <= body.len());
        let base = body.base();
        let none = Arc::default();
        let classes = core::array::from_fn(|number| {
            let Some(class) = geometry.classes.get(number) else {
                return ClassParts {
                    descriptors: NonNull::dangling(),
                    bytes: NonNull::dangling(),
                    block_bytes: 0,
                    blocks: 0,
                    backed: AtomicU32::new(0),
                    freed: base.cast(),
                    keep: 0,
                    local: Arc::clone(&none),
                };
            };
            let freed = offset_of!(ChannelWords, classes)
                + number * size_of::<ClassWords>()
                + offset_of!(ClassWords, freed);
            // SAFETY: the geometry and the words before it lie within the body.
            let (descriptors, bytes, freed) = unsafe {
                (
                    base.add(class.descriptors_at as usize).cast(),
                    base.add(class.blocks_at as usize),
                    base.add(freed).cast(),
                )
            };
            ClassParts {
                descriptors,
                bytes,
                block_bytes: class.block_bytes as usize,
                blocks: class.store.blocks as u32,
                backed: AtomicU32::new(0),
                freed,
                keep: class.store.keep,
                local: Arc::default(),
            }
        });
        // SAFETY: the slots lie within the body.
        let slots = unsafe { base.add(geometry.slots_at as usize).cast() };
        Self { base, slots, classes, at, geometry }
    }

    /// The words at the beginning.
    #[inline(always)]
    pub(crate) fn words(&self) -> &ChannelWords {
        // SAFETY: the body begins with them; they are atomics, for which any bytes are a value.
        unsafe { self.base.cast().as_ref() }
    }

    /// The ring of messages.
    #[inline(always)]
    pub(crate) fn messages(&self) -> Ring<ChannelCells<'_>> {
        let words = self.words();
        let cells = ChannelCells {
            parts: self,
            head: &words.head.word,
            tail: &words.tail.word,
            slots: self.slots,
            part: Part::Messages,
        };
        Ring::new(cells, Lane::Messages, self.geometry.ring)
    }

    /// The ring of returned messages, if there is one and its slots have memory: if not, none was
    /// ever put back.
    #[inline]
    pub(crate) fn returned(&self) -> Option<Ring<ChannelCells<'_>>> {
        let (shape, slots_at) = self.geometry.returned?;
        let words = self.words();
        // pairs with: backed
        if words.returned_slots.word.load(Acquire) != shape.slots() {
            return None;
        }
        let cells = ChannelCells {
            parts: self,
            head: &words.returned_head.word,
            tail: &words.returned_tail.word,
            slots: self.slots_at(slots_at),
            part: Part::Returned,
        };
        Some(Ring::new(cells, Lane::Returned, shape))
    }

    /// The same, after its slots were given memory.
    pub(super) fn returned_to_push<'p>(
        &'p self,
        segment: &'p Segment,
    ) -> Result<Option<Ring<ChannelCells<'p>>>, SegmentError> {
        let Some((shape, slots_at)) = self.geometry.returned else { return Ok(None) };
        if let Some(ring) = self.returned() {
            return Ok(Some(ring));
        }
        segment.reserve(self.in_segment(slots_at), shape.slots() * 8)?;
        // All who do so store the same. Memory is reserved before that is said.
        self.words().returned_slots.word.store(shape.slots(), Release); // backed
        Ok(self.returned())
    }

    /// Whether the ring of a lane other than the free one names a block at a position.
    pub(super) fn is_queued(&self, lane: Lane, position: Position, block: Block) -> bool {
        match lane {
            Lane::Returned => {
                self.returned().is_some_and(|ring| ring.is_published(position, block))
            }
            Lane::Messages | Lane::Free => self.messages().is_published(position, block),
        }
    }

    /// The ring of free blocks of a class.
    #[inline(always)]
    pub(crate) fn free_blocks<'p>(
        &'p self,
        segment: &'p Segment,
        class: u8,
    ) -> Ring<ClassCells<'p>> {
        let words = &self.words().classes[usize::from(class)];
        let measures = self.class(class);
        let cells = ClassCells {
            segment,
            parts: self,
            class: self.class_parts(class),
            first: Block::new(class, 0).bits(),
            words,
            slots: self.slots_at(measures.slots_at),
        };
        Ring::new(cells, Lane::Free, measures.ring)
    }

    /// The store of a class.
    pub(crate) fn store<'p>(
        &'p self,
        segment: &'p Segment,
        class: u8,
        me: Owner,
    ) -> Store<'p, ClassCells<'p>> {
        let local = &self.class_parts(class).local;
        Store::new(self.free_blocks(segment, class), &self.class(class).store, local, me)
    }

    /// A size class.
    #[inline(always)]
    pub(crate) fn class(&self, class: u8) -> &Class {
        &self.geometry.classes[usize::from(class)]
    }

    /// Their numbers.
    pub(crate) fn class_numbers(&self) -> core::ops::Range<u8> {
        0..self.geometry.classes.len() as u8
    }

    /// The parts of the class of a block.
    #[inline(always)]
    pub(super) fn class_of(&self, block: Block) -> &ClassParts {
        self.class_parts(block.class())
    }

    /// The parts of a class.
    #[inline(always)]
    pub(super) fn class_parts(&self, class: u8) -> &ClassParts {
        &self.classes[usize::from(class) % CLASS_NUMBERS]
    }

    /// The event count of callers that wait for a block of a class.
    #[inline(always)]
    pub(crate) fn freed(&self, class: u8) -> Event<'_> {
        self.class_parts(class).freed()
    }

    /// What is kept about a block; `None` if there is no such block.
    #[inline(always)]
    pub(crate) fn descriptor(&self, block: Block) -> Option<&Descriptor> {
        Some(self.class_of(block).place(block)?.0)
    }

    /// What is kept about a block that was taken from the queue, where its bytes begin, and how many
    /// it has.
    ///
    /// # Safety
    /// It is a block of this queue.
    #[inline(always)]
    pub(super) unsafe fn place_of_own(&self, owned: &Owned) -> (&Descriptor, NonNull<u8>, usize) {
        // SAFETY: the rings and stores of a queue give out no other blocks than there are.
        unsafe { self.class_of(owned.block()).place_of_own(owned) }
    }

    /// What is kept about a block that a slot names; `None` if there is no such block, or no memory
    /// behind it. To touch one without memory ends the process when the file system is full.
    #[inline(always)]
    pub(super) fn named_descriptor(&self, block: Block) -> Option<&Descriptor> {
        match self.class_of(block).noted(block.index()) {
            Some(descriptor) => Some(descriptor),
            None => self.look_for_memory(block),
        }
    }

    /// What is kept about a block that a slot names, when this process has not noted yet that there
    /// is memory behind it.
    #[cold]
    #[inline(never)]
    pub(super) fn look_for_memory(&self, block: Block) -> Option<&Descriptor> {
        if usize::from(block.class()) >= self.geometry.classes.len() {
            return None;
        }
        let class = self.class_of(block);
        class.backed.store(self.backed(block.class()) as u32, Relaxed); // our own note
        class.noted(block.index())
    }

    /// How many blocks of a class have memory behind them.
    pub(crate) fn backed(&self, class: u8) -> u64 {
        let words = &self.words().classes[usize::from(class)];
        store::backed(&words.backed, &words.fresh, &self.class(class).store)
    }

    /// The offset in the segment of an offset in the body.
    pub(super) fn in_segment(&self, offset: u64) -> u64 {
        self.at + offset
    }

    fn slots_at(&self, at: u64) -> NonNull<AtomicU64> {
        // SAFETY: the slots lie within the body.
        unsafe { self.base.add(at as usize).cast() }
    }
}
