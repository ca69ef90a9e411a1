//! A segment: mapped bytes whose header was checked, with typed access to its words.

use core::mem::{offset_of, size_of};
use core::ptr::NonNull;
use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ringway_sys::{lock, shm};

use crate::error::{CreateError, OpenError};
use crate::header;
use crate::layout::{
    self, CONTROL_AT, Class, ClassControl, Control, Descriptor, Geometry, Header, PARTICIPANTS_AT, Participant,
    REMOVAL_LOCK_AT,
};
use crate::mapping::Mapping;
use crate::names::{Place, split};
use crate::packed::{Block, Lane};
use crate::position::Position;
use crate::prefetch;
use crate::ring::{Cells, Part, Ring, Shape};
use crate::spec::Spec;

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
    fn over(mapping: Mapping, geometry: Geometry, header: Header, label: String, path: Option<PathBuf>) -> Self {
        let base = mapping.base();
        let places = geometry.classes.iter().map(|class| {
            // SAFETY: the geometry lies within the mapping, whose size was checked.
            let (descriptors, bytes) =
                unsafe { (base.add(class.descriptors_at as usize).cast(), base.add(class.blocks_at as usize)) };
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

    /// Makes a segment that has no name yet. [`Segment::publish`] gives it one, in one step.
    pub(crate) fn build(place: &Place, spec: &Spec) -> Result<Unpublished, CreateError> {
        let label = place.label();
        if let Some((name, reason)) = place.fault() {
            return Err(CreateError::BadName { name: name.to_owned(), reason });
        }
        let geometry = header::geometry_of(&label, spec.measures)?;
        let failed = |action| {
            let name = label.clone();
            move |source: io::Error| match source.kind() {
                io::ErrorKind::AlreadyExists => CreateError::AlreadyExists { name },
                _ => CreateError::Io { name, action, source },
            }
        };
        let header = header::compose(&geometry, spec).map_err(failed("read the identity of this boot"))?;
        let mut hidden = None;
        let bytes = geometry.total_bytes;
        let mapping = match place {
            Place::Heap => Mapping::heap(bytes).map_err(failed("allocate memory"))?,
            Place::Portable(_) => {
                let os_id = place.os_id().unwrap_or_default();
                Mapping::create_portable(&os_id, bytes).map_err(failed("create shared memory"))?
            }
            Place::Unnamed => {
                let file = shm::memfd("ringway").map_err(failed("create an unnamed file"))?;
                shm::set_size(&file, bytes).map_err(failed("set the size"))?;
                shm::seal(&file).map_err(failed("seal the file"))?;
                reserve(&label, &file, 0, geometry.backed_at_creation)?;
                Mapping::of_file(file, bytes, spec.huge_pages).map_err(failed("map the file"))?
            }
            Place::Named(_) | Place::File(_) => {
                let path = place.path().unwrap_or_default();
                if path.symlink_metadata().is_ok() {
                    return Err(CreateError::AlreadyExists { name: label });
                }
                let (file, temporary) = unlinked(&path, spec.mode).map_err(failed("create a file"))?;
                hidden = temporary;
                let block = shm::block_size(&file).unwrap_or(4096).max(4096);
                shm::set_size(&file, bytes.next_multiple_of(block)).map_err(failed("set the size"))?;
                reserve(&label, &file, 0, geometry.backed_at_creation)?;
                let mapped =
                    if shm::is_hugetlbfs(&file).unwrap_or(false) { bytes.next_multiple_of(block) } else { bytes };
                Mapping::of_file(file, mapped, spec.huge_pages).map_err(failed("map the file"))?
            }
        };
        let segment = Self::over(mapping, geometry, header, label, place.path());
        let portable = matches!(place, Place::Portable(_));
        let reserved = match segment.mapping.file() {
            Some(file) if portable => reserve(&segment.label, file, 0, segment.geometry.backed_at_creation),
            _ => Ok(()),
        };
        if let Err(error) = reserved.and_then(|()| segment.initialise(spec)) {
            if portable {
                segment.unlink(); // the name can be seen already
            }
            return Err(error);
        }
        Ok(Unpublished { segment, hidden, portable })
    }

    fn initialise(&self, spec: &Spec) -> Result<(), CreateError> {
        if spec.prefault || spec.first_position != 0 {
            if let Some(file) = self.mapping.file() {
                reserve(&self.label, file, 0, self.geometry.total_bytes)?;
            }
            let all = self.geometry.total_bytes as usize;
            if spec.prefault {
                // SAFETY: the whole mapping is ours, and nobody else sees it yet.
                let _ = unsafe { ringway_sys::memory::populate(self.base.as_ptr(), all) };
            }
        }
        let first = Position::new(spec.first_position);
        if first.number() != 0 {
            let control = self.control();
            for word in [&control.tail.word, &control.head.word] {
                word.store(first.number(), Release);
            }
            for (number, class) in self.geometry.classes.iter().enumerate() {
                let words = &control.classes[number];
                words.tail.word.store(first.number(), Release);
                words.head.word.store(first.number(), Release);
                self.fill_slots(class.ring, class.slots_at, first);
            }
            self.fill_slots(self.geometry.ring, self.geometry.slots_at, first);
        }
        if spec.prefault {
            for (class, words) in self.geometry.classes.iter().zip(&self.control().classes) {
                words.backed.store(class.blocks, Release);
            }
        }
        // The magic comes last: on the portable path the name can be seen before.
        // SAFETY: the header fits the first page, which is mapped, backed and ours; the magic is written atomically.
        unsafe {
            let base = self.base.as_ptr();
            base.cast::<Header>().write(Header { magic: 0, ..self.header });
            (*base.add(offset_of!(Header, magic)).cast::<AtomicU64>()).store(self.header.magic, Release);
        }
        Ok(())
    }

    fn fill_slots(&self, ring: Shape, slots_at: u64, first: Position) {
        for index in 0..ring.slots() {
            self.word(slots_at + index * 8).store(ring.initial_slot(index, first), Release);
        }
    }

    /// Opens the segment at `place`. Waits for nobody: what is not whole is refused.
    pub(crate) fn open(place: &Place) -> Result<Self, OpenError> {
        let label = place.label();
        if let Some((name, reason)) = place.fault() {
            return Err(OpenError::BadName { name: name.to_owned(), reason });
        }
        let Some(path) = place.path() else {
            return Err(OpenError::NotFound { name: label });
        };
        let opened = OpenOptions::new().read(true).write(true).custom_flags(shm::OPEN_FLAGS).open(&path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(OpenError::NotFound { name: label }),
            Err(source) => return Err(OpenError::Io { name: label, action: "open the file", source }),
        };
        let os_id = place.os_id();
        Self::from_file(file, label, Some(path), os_id.as_deref())
    }

    /// Opens the segment behind a descriptor, through a description of our own.
    pub(crate) fn open_descriptor(fd: BorrowedFd<'_>) -> Result<Self, OpenError> {
        let label = Place::Unnamed.label();
        match shm::reopen(fd) {
            Ok(file) => Self::from_file(file, label, None, None),
            Err(source) => Err(OpenError::Io { name: label, action: "open the descriptor anew", source }),
        }
    }

    fn from_file(file: File, label: String, path: Option<PathBuf>, os_id: Option<&str>) -> Result<Self, OpenError> {
        let failed = |action| {
            let name = label.clone();
            move |source| OpenError::Io { name, action, source }
        };
        let bytes = file.metadata().map_err(failed("read the size"))?.len();
        let mut head = [0; size_of::<Header>()];
        if bytes >= head.len() as u64 {
            file.read_exact_at(&mut head, 0).map_err(failed("read the header"))?;
        }
        let (header, geometry) = header::check(&label, &head, bytes)?;
        let block = shm::block_size(&file).unwrap_or(4096);
        let mapped = if shm::is_hugetlbfs(&file).unwrap_or(false) {
            geometry.total_bytes.next_multiple_of(block)
        } else {
            geometry.total_bytes
        };
        let mapping = match (os_id, &path) {
            (Some(os_id), Some(path)) => {
                // By name again: what was mapped is what was checked only if the name still stands for it.
                let mapping = Mapping::open_portable(os_id, &file);
                if !shm::same_file(&file, path).unwrap_or(false) {
                    return Err(OpenError::Removed { name: label });
                }
                mapping
            }
            _ => Mapping::of_file(file, mapped, false),
        }
        .map_err(failed("map the file"))?;
        if (mapping.len() as u64) < geometry.total_bytes {
            return Err(header::refused(&label, "size of the mapping", mapping.len(), geometry.total_bytes));
        }
        let segment = Self::over(mapping, geometry, header, label, path);
        // The portable path opens by name more than once, and the name may have moved on.
        // SAFETY: the header lies within the mapping, is plain numbers, and is never written once it can be seen.
        let mapped = unsafe { segment.base.cast::<Header>().read() };
        if mapped.unique_id != header.unique_id {
            return Err(OpenError::Removed { name: segment.label });
        }
        Ok(segment)
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
        self.mapping.file().map_or(Ok(()), |file| shm::reserve(file, offset, bytes))
    }

    /// Removes the name if it still stands for this very file; answers whether it did.
    ///
    /// Looking and removing are two steps. Between them another remover of the same file could remove the name, and a
    /// third process give it to another segment; so removers of one file exclude each other by a lock byte, which the
    /// kernel lets go when its holder dies. A holder that is stopped keeps it, and the name: then the answer is no.
    pub fn unlink(&self) -> bool {
        let (Some(path), Some(file)) = (&self.path, self.mapping.file()) else { return false };
        let mut tries = 0;
        while !lock::try_exclusive(file, REMOVAL_LOCK_AT).unwrap_or(false) {
            tries += 1;
            if tries == 100 {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let removed = shm::same_file(file, path).unwrap_or(false) && std::fs::remove_file(path).is_ok();
        let _ = lock::unlock(file, REMOVAL_LOCK_AT);
        removed
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
    /// Marks it as removed, so that nobody who is just opening it stays.
    pub(crate) fn mark_removed(&self) {
        self.control().flags.word.fetch_or(layout::FLAG_REMOVED, SeqCst);
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
        (block.index() < place.blocks).then(|| unsafe { place.descriptors.add(block.index() as usize).as_ref() })
    }
    /// Where the bytes of a block begin, and how many it has.
    #[inline(always)]
    pub fn block_bytes(&self, block: Block) -> Option<(NonNull<u8>, usize)> {
        let place = self.places.get(usize::from(block.class()))?;
        // SAFETY: within the blocks of the class.
        (block.index() < place.blocks)
            .then(|| (unsafe { place.bytes.add(block.index() as usize * place.block_bytes) }, place.block_bytes))
    }
    /// What is kept about a block that a slot names; `None` if there is no such block, or no memory behind it. To touch
    /// one without memory ends the process when the file system is full.
    #[inline(always)]
    fn named_descriptor(&self, block: Block) -> Option<&Descriptor> {
        let place = self.places.get(usize::from(block.class()))?;
        let has_memory = block.index() < place.backed.load(Relaxed) || self.look_for_memory(block, place); // our own note
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
            some => some.min(words.fresh.load(Acquire).saturating_add(measures.step())).min(measures.blocks),
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

/// The cells of a ring that lies in a segment.
#[derive(Clone, Copy)]
pub(crate) struct SegmentCells<'a> {
    segment: &'a Segment,
    head: &'a AtomicU64,
    tail: &'a AtomicU64,
    slots_at: u64,
    part: Part,
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
        if let (Some(descriptor), Some((bytes, _))) = (self.segment.descriptor(block), self.segment.block_bytes(block))
        {
            prefetch::for_writing(descriptor);
            match lane {
                Lane::Messages => prefetch::for_reading(bytes.as_ptr()),
                Lane::Free => prefetch::for_writing(bytes.as_ptr()),
            }
        }
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

/// A whole segment that has no name yet.
pub(crate) struct Unpublished {
    segment: Segment,
    hidden: Option<PathBuf>,
    portable: bool,
}

impl Unpublished {
    pub(crate) fn segment(&self) -> &Segment {
        &self.segment
    }

    /// Gives it its name, in one step.
    pub(crate) fn publish(&mut self) -> Result<(), CreateError> {
        let (Some(path), Some(file), false) = (&self.segment.path, self.segment.mapping.file(), self.portable) else {
            return Ok(());
        };
        let result = match self.hidden.take() {
            Some(hidden) => shm::publish_hidden(&hidden, path),
            None => shm::publish(file, path),
        };
        result.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => CreateError::AlreadyExists { name: self.segment.label.clone() },
            _ => CreateError::Io { name: self.segment.label.clone(), action: "link the name", source },
        })
    }

    pub(crate) fn into_segment(self) -> Segment {
        self.segment
    }
}

/// A new file for `path` that nobody can see under that name.
fn unlinked(path: &Path, mode: u32) -> io::Result<(File, Option<PathBuf>)> {
    let (directory, name) = split(path);
    match shm::create_unlinked(directory, mode) {
        Ok(file) => Ok((file, None)),
        Err(error) if shm::lacks_tmpfile(&error) => {
            let (file, hidden) = shm::create_hidden(directory, name, mode)?;
            Ok((file, Some(hidden)))
        }
        Err(error) => Err(error),
    }
}

fn reserve(label: &str, file: &File, offset: u64, bytes: u64) -> Result<(), CreateError> {
    shm::reserve(file, offset, bytes).map_err(|source| CreateError::NoSpace { name: label.to_owned(), source })
}

const _: () = assert!(layout::CONTROL_AT as usize >= size_of::<Header>());
