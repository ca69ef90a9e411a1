//! The parts of a queue's body as they lie in this process.

use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use crossbeam_utils::CachePadded;
use ringway_core::block::Block;
use ringway_core::owner::Owner;
use ringway_core::position::Position;
use ringway_core::ring::{Part, Ring};
use ringway_core::state::Lane;
use ringway_core::store::{self, Local, Store};

use super::cells::ChannelCells;
use super::layout::{ChannelWords, Class, ClassWords, Descriptor, Geometry};
use crate::body::Body;
use crate::error::SegmentError;
use crate::event::Event;
use crate::segment::Segment;

/// The parts of a body.
pub(crate) struct Parts {
    base: NonNull<u8>,
    /// Offset of the body in its segment.
    at: u64,
    pub(crate) geometry: Geometry,
    classes: Box<[ClassParts]>,
}

/// Where the blocks of a class are, and what this process keeps for itself about them.
pub(crate) struct ClassParts {
    pub(super) local: CachePadded<Local<AtomicU64>>,
    /// Most free blocks in a stock.
    pub(super) keep: usize,
    freed: NonNull<AtomicU64>,
    descriptors: NonNull<Descriptor>,
    bytes: NonNull<u8>,
    block_bytes: usize,
    blocks: u32,
    /// This number of blocks had memory behind them when this process looked last.
    backed: AtomicU32,
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
        let classes = geometry.classes.iter().map(|class| {
            let freed = offset_of!(ChannelWords, classes)
                + usize::from(class.store.class) * size_of::<ClassWords>()
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
                local: CachePadded::default(),
                keep: class.store.keep,
                freed,
                descriptors,
                bytes,
                block_bytes: class.block_bytes as usize,
                blocks: class.store.blocks as u32,
                backed: AtomicU32::new(0),
            }
        });
        Self { base, at, classes: classes.collect(), geometry }
    }

    /// The words at the beginning.
    #[inline(always)]
    pub(crate) fn words(&self) -> &ChannelWords {
        // SAFETY: the body begins with them; they are atomics, for which any bytes are a value.
        unsafe { self.base.cast().as_ref() }
    }

    /// The ring of messages.
    #[inline(always)]
    pub(crate) fn messages<'p>(&'p self, segment: &'p Segment) -> Ring<ChannelCells<'p>> {
        let words = self.words();
        let cells = ChannelCells {
            segment,
            parts: self,
            head: &words.head.word,
            tail: &words.tail.word,
            slots: self.slots(self.geometry.slots_at),
            part: Part::Messages,
        };
        Ring::new(cells, Lane::Messages, self.geometry.ring)
    }

    /// The ring of returned messages, if there is one and its slots have memory: if not, none was
    /// ever put back.
    #[inline]
    pub(crate) fn returned<'p>(&'p self, segment: &'p Segment) -> Option<Ring<ChannelCells<'p>>> {
        let (shape, slots_at) = self.geometry.returned?;
        let words = self.words();
        // pairs with: backed
        if words.returned_slots.word.load(Acquire) != shape.slots() {
            return None;
        }
        let cells = ChannelCells {
            segment,
            parts: self,
            head: &words.returned_head.word,
            tail: &words.returned_tail.word,
            slots: self.slots(slots_at),
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
        if let Some(ring) = self.returned(segment) {
            return Ok(Some(ring));
        }
        segment.reserve(self.in_segment(slots_at), shape.slots() * 8)?;
        // All who do so store the same. Memory is reserved before that is said.
        self.words().returned_slots.word.store(shape.slots(), Release); // backed
        Ok(self.returned(segment))
    }

    /// Whether the ring of a lane other than the free one names a block at a position.
    pub(super) fn is_queued(
        &self,
        segment: &Segment,
        lane: Lane,
        position: Position,
        block: Block,
    ) -> bool {
        match lane {
            Lane::Returned => {
                self.returned(segment).is_some_and(|ring| ring.is_published(position, block))
            }
            Lane::Messages | Lane::Free => self.messages(segment).is_published(position, block),
        }
    }

    /// The ring of free blocks of a class.
    #[inline(always)]
    pub(crate) fn free_blocks<'p>(
        &'p self,
        segment: &'p Segment,
        class: u8,
    ) -> Ring<ChannelCells<'p>> {
        let words = &self.words().classes[usize::from(class)];
        let measures = self.class(class);
        let cells = ChannelCells {
            segment,
            parts: self,
            head: &words.head.word,
            tail: &words.tail.word,
            slots: self.slots(measures.slots_at),
            part: Part::FreeBlocks { class },
        };
        Ring::new(cells, Lane::Free, measures.ring)
    }

    /// The store of a class.
    pub(crate) fn store<'p>(
        &'p self,
        segment: &'p Segment,
        class: u8,
        me: Owner,
    ) -> Store<'p, ChannelCells<'p>> {
        let local = &self.classes[usize::from(class)].local;
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
    pub(super) fn class_of(&self, block: Block) -> Option<&ClassParts> {
        self.classes.get(usize::from(block.class()))
    }

    /// The parts of a class; there is no other number.
    #[inline(always)]
    pub(super) fn class_parts(&self, class: u8) -> &ClassParts {
        &self.classes[usize::from(class)]
    }

    /// The event count of callers that wait for a block of a class.
    #[inline(always)]
    pub(crate) fn freed(&self, class: u8) -> Event<'_> {
        self.class_parts(class).freed()
    }

    /// What is kept about a block; `None` if there is no such block.
    #[inline(always)]
    pub(crate) fn descriptor(&self, block: Block) -> Option<&Descriptor> {
        Some(self.class_of(block)?.place(block)?.0)
    }

    /// What is kept about a block, where its bytes begin, and how many it has.
    #[inline(always)]
    pub(crate) fn place(&self, block: Block) -> Option<(&Descriptor, NonNull<u8>, usize)> {
        self.class_of(block)?.place(block)
    }

    /// What is kept about a block that a slot names; `None` if there is no such block, or no memory
    /// behind it. To touch one without memory ends the process when the file system is full.
    #[inline(always)]
    pub(super) fn named_descriptor(&self, segment: &Segment, block: Block) -> Option<&Descriptor> {
        let class = self.classes.get(usize::from(block.class()))?;
        let has_memory = block.index() < class.backed.load(Relaxed) // our own note
            || self.look_for_memory(segment, block, class);
        // SAFETY: as in `descriptor`: no more blocks have memory than there are.
        has_memory.then(|| unsafe { class.descriptors.add(block.index() as usize).as_ref() })
    }

    /// The same without asking anew: a hint, for prefetching.
    #[inline(always)]
    pub(super) fn noted_descriptor(&self, block: Block) -> Option<&Descriptor> {
        let class = self.classes.get(usize::from(block.class()))?;
        // SAFETY: as in `named_descriptor`.
        (block.index() < class.backed.load(Relaxed)) // our own note
            .then(|| unsafe { class.descriptors.add(block.index() as usize).as_ref() })
    }

    #[cold]
    fn look_for_memory(&self, segment: &Segment, block: Block, class: &ClassParts) -> bool {
        let backed = self.backed(segment, block.class()) as u32; // an index has 24 bits
        class.backed.store(backed, Relaxed); // our own note
        block.index() < backed
    }

    /// How many blocks of a class have memory behind them.
    pub(crate) fn backed(&self, segment: &Segment, class: u8) -> u64 {
        store::backed(self.free_blocks(segment, class).cells(), &self.class(class).store)
    }

    /// The offset in the segment of an offset in the body.
    pub(super) fn in_segment(&self, offset: u64) -> u64 {
        self.at + offset
    }

    #[inline(always)]
    fn slots(&self, at: u64) -> NonNull<AtomicU64> {
        // SAFETY: the slots lie within the body.
        unsafe { self.base.add(at as usize).cast() }
    }
}
