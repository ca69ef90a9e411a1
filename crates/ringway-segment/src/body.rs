//! A part of a segment, for one object: words at offsets from its beginning.

use core::marker::PhantomData;
use core::mem::size_of;
use core::ptr::NonNull;
use core::sync::atomic::AtomicU64;

use crate::layout::{Entry, FrameWords, Participant};

/// A part of a segment.
#[derive(Clone, Copy)]
pub struct Body<'s> {
    base: NonNull<u8>,
    bytes: u64,
    segment: PhantomData<&'s AtomicU64>,
}

impl<'s> Body<'s> {
    /// # Safety
    /// The range is mapped for `'s`, begins at a multiple of 8, and all access to it follows the
    /// rules of the segment: atomics, or blocks by their owner.
    pub(crate) unsafe fn new(base: NonNull<u8>, bytes: u64) -> Self {
        Self { base, bytes, segment: PhantomData }
    }

    /// Number of bytes.
    pub fn len(self) -> u64 {
        self.bytes
    }

    /// Where it begins in this process.
    pub(crate) fn base(self) -> NonNull<u8> {
        self.base
    }

    /// The atomic word at `offset`, a multiple of 8.
    #[inline]
    pub(crate) fn word(self, offset: u64) -> &'s AtomicU64 {
        self.at(offset)
    }

    /// A structure of words at `offset`.
    #[inline]
    pub(crate) fn at<T: AtomicWords>(self, offset: u64) -> &'s T {
        assert!(offset + size_of::<T>() as u64 <= self.bytes, "within the body");
        let place = self.base.as_ptr().wrapping_add(offset as usize).cast::<T>();
        assert!(place.is_aligned(), "aligned for its words");
        // SAFETY: within the body by the assertion above, which is mapped for 's; any bytes are a
        // value of T, and others may change them, since it is made of atomics only.
        unsafe { &*place }
    }
}

/// Structures that are made of atomic words only.
///
/// # Safety
/// Any bytes are a valid value, and all access is atomic.
pub(crate) unsafe trait AtomicWords {}
// SAFETY: an atomic word.
unsafe impl AtomicWords for AtomicU64 {}
// SAFETY: atomic words, and reserved bytes that nobody reads.
unsafe impl AtomicWords for FrameWords {}
// SAFETY: as above.
unsafe impl AtomicWords for Participant {}
// SAFETY: as above.
unsafe impl AtomicWords for Entry {}
