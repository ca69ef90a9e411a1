//! A segment: mapped bytes whose header was checked, with typed access to its words.

mod cells;
mod create;
mod open;

use core::mem::size_of;
use core::ptr::NonNull;
use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed},
};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use ringway_sys::shm;

pub(crate) use self::cells::SegmentCells;
use crate::layout::{
    self, CONTROL_AT, Class, ClassControl, Control, Descriptor, Geometry, Header, PARTICIPANTS_AT,
    Participant,
};
use crate::mapping::Mapping;
use crate::packed::{Block, Lane};
use crate::ring::{Part, Ring};

/// A mapped and checked segment.
pub struct Segment {
    /// Where the mapping begins.
    base: NonNull<u8>,
    places: Box<[ClassPlace]>,
    mapping: Mapping,
    geometry: Geometry,
    header: Header,
    label: String,
    path: Option<PathBuf>,
}

/// Where the blocks of a class are in this process.
struct ClassPlace {
    descriptors: NonNull<Descriptor>,
    bytes: NonNull<u8>,
    block_bytes: usize,
    blocks: u32,
    /// So many blocks had memory behind them when this process looked last.
    backed: AtomicU32,
}

// SAFETY: the pointers are into the mapping, which is shared memory for any thread; see `Mapping`.
unsafe impl Send for Segment {}
// SAFETY: as above.
unsafe impl Sync for Segment {}

impl Segment {
    fn over(
        mapping: Mapping,
        geometry: Geometry,
        header: Header,
        label: String,
        path: Option<PathBuf>,
    ) -> Self {
        let base = mapping.base();
        let places = geometry.classes.iter().map(|class| {
            // SAFETY: the geometry lies within the mapping, whose size was checked.
            let (descriptors, bytes) = unsafe {
                (base.add(class.descriptors_at as usize).cast(), base.add(class.blocks_at as usize))
            };
            ClassPlace {
                descriptors,
                bytes,
                block_bytes: class.block_bytes as usize,
                blocks: class.blocks as u32,
                backed: AtomicU32::new(0),
            }
        });
        Self { base, places: places.collect(), mapping, geometry, header, label, path }
    }

    /// How errors call it.
    pub fn label(&self) -> &str {
        &self.label
    }
    /// The file that stands for it, if it has a name.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
    /// The header as it was checked.
    pub fn header(&self) -> &Header {
        &self.header
    }
    /// What the messages are, in words.
    pub fn schema(&self) -> String {
        let text = &self.header.schema;
        let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
        String::from_utf8_lossy(&text[..end]).into_owned()
    }
    /// Where everything is.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }
    /// The file behind it; a segment on the heap has none.
    pub fn file(&self) -> Option<&File> {
        self.mapping.file()
    }
    /// The descriptor behind it.
    pub fn descriptor_fd(&self) -> Option<BorrowedFd<'_>> {
        self.mapping.file().map(File::as_fd)
    }
    /// Bytes of it that are in memory.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn resident_bytes(&self) -> io::Result<u64> {
        match self.mapping.file() {
            Some(file) => shm::allocated_bytes(file),
            None => ringway_sys::memory::resident_bytes(self.base.as_ptr(), self.mapping.len()),
        }
    }

    /// Makes sure that memory stands behind a range before it is touched.
    pub(crate) fn reserve(&self, offset: u64, bytes: u64) -> Result<(), shm::NoSpace> {
        let Some(file) = self.mapping.file() else { return Ok(()) };
        // SAFETY: the file is mapped as a whole, and others use its words by atomics and their own blocks only.
        unsafe { shm::reserve_mapped(file, self.base.as_ptr(), offset, bytes) }
    }

    /// The ring of messages.
    #[inline(always)]
    pub(crate) fn messages(&self) -> Ring<SegmentCells<'_>> {
        let control = self.control();
        let cells = SegmentCells {
            segment: self,
            head: &control.head.word,
            tail: &control.tail.word,
            slots_at: self.geometry.slots_at,
            part: Part::Messages,
        };
        Ring::new(cells, Lane::Messages, self.geometry.ring)
    }
    /// The ring of free blocks of a class.
    #[inline(always)]
    pub(crate) fn free_blocks(&self, class: u8) -> Ring<SegmentCells<'_>> {
        let words = self.class_control(class);
        let measures = self.class(class);
        let cells = SegmentCells {
            segment: self,
            head: &words.head.word,
            tail: &words.tail.word,
            slots_at: measures.slots_at,
            part: Part::FreeBlocks { class },
        };
        Ring::new(cells, Lane::Free, measures.ring)
    }
    /// The words that change.
    #[inline(always)]
    pub(crate) fn control(&self) -> &Control {
        self.at(CONTROL_AT)
    }
    /// The words of a size class.
    #[inline(always)]
    pub(crate) fn class_control(&self, class: u8) -> &ClassControl {
        &self.control().classes[usize::from(class)]
    }
    /// A size class.
    #[inline(always)]
    pub(crate) fn class(&self, class: u8) -> &Class {
        &self.geometry.classes[usize::from(class)]
    }
    /// The participant table.
    pub(crate) fn participants(&self) -> impl ExactSizeIterator<Item = &Participant> {
        (0..self.geometry.measures.participants as u8).map(|index| self.participant(index))
    }
    /// One entry of it; `index` is below the number of participants.
    #[inline]
    pub(crate) fn participant(&self, index: u8) -> &Participant {
        assert!(u32::from(index) < self.geometry.measures.participants);
        self.at(PARTICIPANTS_AT + u64::from(index) * size_of::<Participant>() as u64)
    }
    /// What is kept about a block; `None` if there is no such block.
    #[inline(always)]
    pub(crate) fn descriptor(&self, block: Block) -> Option<&Descriptor> {
        let place = self.places.get(usize::from(block.class()))?;
        // SAFETY: within the descriptors of the class; made of atomics only.
        (block.index() < place.blocks)
            .then(|| unsafe { place.descriptors.add(block.index() as usize).as_ref() })
    }
    /// Where the bytes of a block begin, and how many it has.
    #[inline(always)]
    pub fn block_bytes(&self, block: Block) -> Option<(NonNull<u8>, usize)> {
        let place = self.places.get(usize::from(block.class()))?;
        // SAFETY: within the blocks of the class.
        (block.index() < place.blocks).then(|| {
            (
                unsafe { place.bytes.add(block.index() as usize * place.block_bytes) },
                place.block_bytes,
            )
        })
    }
    /// What is kept about a block that a slot names; `None` if there is no such block, or no memory behind it. To touch
    /// one without memory ends the process when the file system is full.
    #[inline(always)]
    fn named_descriptor(&self, block: Block) -> Option<&Descriptor> {
        let place = self.places.get(usize::from(block.class()))?;
        let has_memory =
            block.index() < place.backed.load(Relaxed) || self.look_for_memory(block, place); // our own note
        // SAFETY: as in `descriptor`: no more blocks have memory than there are.
        has_memory.then(|| unsafe { place.descriptors.add(block.index() as usize).as_ref() })
    }
    #[cold]
    fn look_for_memory(&self, block: Block, place: &ClassPlace) -> bool {
        let backed = self.backed(block.class()) as u32; // an index has 24 bits
        place.backed.store(backed, Relaxed);
        block.index() < backed
    }
    /// How many blocks of a class have memory behind them: at most as many as can be true.
    pub(crate) fn backed(&self, class: u8) -> u64 {
        let (words, measures) = (self.class_control(class), self.class(class));
        // Acquire pairs with the Release of whoever reserved the memory.
        match words.backed.load(Acquire) {
            all if all == measures.blocks => all,
            some => some
                .min(words.fresh.load(Acquire).saturating_add(measures.step()))
                .min(measures.blocks),
        }
    }

    /// The atomic word at `offset`, which is within the segment and a multiple of 8.
    #[inline(always)]
    pub(crate) fn word(&self, offset: u64) -> &AtomicU64 {
        self.at(offset)
    }

    #[inline(always)]
    fn at<T: Shared>(&self, offset: u64) -> &T {
        debug_assert!(offset as usize + size_of::<T>() <= self.mapping.len());
        debug_assert!((offset as usize).is_multiple_of(align_of::<T>()));
        // SAFETY: every offset comes from the geometry, whose parts lie within the mapping (its size was checked) and
        // are aligned for their type from a page-aligned base. T is made of atomics only, so that any bytes are a
        // value and others may change them.
        unsafe { self.base.add(offset as usize).cast::<T>().as_ref() }
    }
}

/// Structures that are made of atomic words only.
///
/// # Safety
/// Any bytes are a valid value, and all access is atomic.
unsafe trait Shared {}
// SAFETY: an atomic word.
unsafe impl Shared for AtomicU64 {}
// SAFETY: atomic words, and reserved bytes that nobody reads.
unsafe impl Shared for Control {}
// SAFETY: as above.
unsafe impl Shared for Participant {}
// SAFETY: two atomic words.
unsafe impl Shared for Descriptor {}

const _: () = assert!(layout::CONTROL_AT as usize >= size_of::<Header>());
