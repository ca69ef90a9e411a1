//! A segment: mapped bytes whose header was checked, with typed access to the words of its frame.
//!
//! Ordering pair `entries`: the store of the number of directory entries that have memory (Release)
//! against loads of it (Acquire); it carries that they have it. Ordering pair `flags`: the changes
//! of the flags of a segment or a queue (SeqCst) against loads of them (Acquire); they carry what
//! was done before.

mod create;
pub(crate) mod header;
mod mapping;
mod open;
pub mod remove;
mod trust;
pub mod unfinished;

use core::mem::size_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering::Acquire};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use ringway_core::membership::{EntryWords, Table};
use ringway_sys::shm;

pub(crate) use self::create::{Draft, Naming};
use self::mapping::Mapping;
pub use self::trust::Trust;
use crate::body::{AtomicWords, Body};
use crate::error::SegmentError;
use crate::layout::{Entry, FRAME_AT, Frame, FrameWords, Header, PARTICIPANTS_AT, Participant};
use crate::place::Place;

/// A mapped and checked segment.
pub struct Segment {
    mapping: Mapping,
    frame: Frame,
    header: Header,
    label: Box<str>,
    place: Place,
    path: Option<Box<Path>>,
}

impl Segment {
    /// How errors call it.
    pub fn label(&self) -> &str {
        &self.label
    }
    /// Where it was made or opened; [`Place::Unnamed`] if by a descriptor.
    pub fn place(&self) -> &Place {
        &self.place
    }
    /// The file that stands for it, if it has a name.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
    /// The header as it was checked.
    pub fn header(&self) -> &Header {
        &self.header
    }
    /// Where everything is.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }
    /// The file behind it; a segment on the heap has none.
    pub fn file(&self) -> Option<&File> {
        self.mapping.file()
    }
    /// The same, if the descriptor still stands for it.
    pub(crate) fn checked_file(&self) -> io::Result<Option<&File>> {
        self.mapping.checked_file()
    }
    /// The descriptor behind it.
    pub fn descriptor_fd(&self) -> Option<BorrowedFd<'_>> {
        self.file().map(File::as_fd)
    }
    /// Bytes of it that are in memory.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn resident_bytes(&self) -> io::Result<u64> {
        match self.file() {
            Some(file) => shm::allocated_bytes(file),
            None => ringway_sys::memory::resident_bytes(self.base().as_ptr(), self.mapping.len()),
        }
    }

    /// Makes sure that memory stands behind a range before it is touched. The range may be in use.
    pub(crate) fn reserve(&self, offset: u64, bytes: u64) -> Result<(), SegmentError> {
        match self.checked_file() {
            Ok(None) => Ok(()),
            Ok(Some(file)) => {
                let base = self.base().as_ptr();
                // SAFETY: the file is mapped at `base` for reading and writing, and the range lies
                // within it. Words in it are accessed atomically; a block in it that another thread
                // of this process owns is only brought in by the kernel, which writes nothing.
                unsafe { shm::reserve_mapped(file, base, offset, bytes) }
                    .map_err(SegmentError::from)
            }
            Err(_) => Err(SegmentError::DescriptorLost),
        }
    }

    /// Gives the memory behind a range back to the system, where it can; its bytes are zero then.
    pub(crate) fn punch(&self, offset: u64, bytes: u64) {
        let punched = match self.checked_file() {
            Ok(Some(file)) => shm::punch(file, offset, bytes).is_ok(),
            _ => false,
        };
        if !punched {
            let body = self.body(offset, bytes);
            for word in (0..bytes).step_by(8) {
                body.word(word).store(0, core::sync::atomic::Ordering::Relaxed); // ours: state 5 or 1
            }
        }
    }

    /// The words of the frame.
    #[inline(always)]
    pub(crate) fn words(&self) -> &FrameWords {
        self.at(FRAME_AT)
    }
    /// Number of participant entries.
    pub(crate) fn participants(&self) -> u8 {
        self.frame.measures.participants as u8
    }
    /// One entry of the table; `index` is below the number of participants.
    #[inline]
    pub(crate) fn participant(&self, index: u8) -> &Participant {
        assert!(u32::from(index) < self.frame.measures.participants);
        self.at(PARTICIPANTS_AT + u64::from(index) * size_of::<Participant>() as u64)
    }
    /// Directory entries that have memory: at most as many as there are.
    pub(crate) fn entries(&self) -> u32 {
        let backed = self.words().entries.word.load(Acquire); // pairs with: entries
        backed.min(self.frame.measures.objects.into()) as u32
    }
    /// One entry of the directory, which has memory.
    pub(crate) fn entry(&self, index: u32) -> &Entry {
        assert!(index < self.frame.measures.objects);
        self.at(self.frame.directory_at + u64::from(index) * size_of::<Entry>() as u64)
    }
    /// The user word of a participant in a directory entry that has memory.
    pub(crate) fn user(&self, entry: u32, participant: u8) -> &AtomicU64 {
        assert!(entry < self.frame.measures.objects && participant < self.participants());
        let row = self.frame.users_at + u64::from(entry) * self.frame.users_bytes;
        self.at(row + u64::from(participant) * 8)
    }
    /// A part of the segment after the frame, which must lie within it.
    pub(crate) fn body(&self, at: u64, bytes: u64) -> Body<'_> {
        let end = at.checked_add(bytes).expect("a body within the segment");
        assert!(at.is_multiple_of(8) && end <= self.frame.total_bytes);
        // SAFETY: the range lies within the mapping, which the segment keeps.
        unsafe { Body::new(self.base().add(at as usize), bytes) }
    }

    fn base(&self) -> NonNull<u8> {
        self.mapping.base()
    }

    #[inline(always)]
    fn at<T: AtomicWords>(&self, offset: u64) -> &T {
        debug_assert!(offset as usize + size_of::<T>() <= self.mapping.len());
        debug_assert!((offset as usize).is_multiple_of(align_of::<T>()));
        // SAFETY: every offset comes from the frame, whose parts lie within the mapping (its size
        // was checked) and are aligned for their type from a page-aligned base. T is made of
        // atomics only, so that any bytes are a value and others may change them.
        unsafe { self.base().add(offset as usize).cast::<T>().as_ref() }
    }
}

impl Table for Segment {
    type Word = AtomicU64;
    fn entry(&self, index: u8) -> EntryWords<'_, AtomicU64> {
        let entry = self.participant(index);
        EntryWords { life: &entry.life, hazard: &entry.hazard, clean: &entry.clean }
    }
    fn entries(&self) -> u8 {
        self.participants()
    }
    fn entered(&self) -> &AtomicU64 {
        &self.words().entries.second
    }
}
