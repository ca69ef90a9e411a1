//! The one kind of memory cell that the algorithms touch.
//!
//! Everything shared is a 64-bit atomic word. The algorithms are generic over it, so that the code
//! that runs on a mapped segment also runs under the model checkers, whose atomics have another
//! representation.

pub use core::sync::atomic::Ordering;
use core::sync::atomic::{AtomicU64, fence};

/// A 64-bit atomic word.
pub trait Word: Sized {
    /// A word that holds `value`, in memory of this process.
    fn new(value: u64) -> Self;
    /// Reads the word.
    fn load(&self, order: Ordering) -> u64;
    /// Writes the word.
    fn store(&self, value: u64, order: Ordering);
    /// Writes `new` if the word is `current`. Strong: it fails only when the word differs.
    ///
    /// # Errors
    /// The word that was found instead.
    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64>;
    /// Adds, wrapping, and returns the word before.
    fn fetch_add(&self, value: u64, order: Ordering) -> u64;
    /// Moves the word on to at least `to`.
    fn raise(&self, to: u64, order: Ordering) {
        let mut seen = self.load(Ordering::Relaxed); // compared only
        while seen < to {
            // as the caller orders
            match self.compare_exchange(seen, to, order, Ordering::Relaxed) {
                Ok(_) => return,
                Err(found) => seen = found,
            }
        }
    }
    /// A store-load barrier between a `SeqCst` read-modify-write before it and a `SeqCst` load
    /// after it.
    ///
    /// Between such a pair real atomics need nothing more. A checker that treats `SeqCst` accesses
    /// as acquire-release puts its fence here.
    fn barrier_between_seqcst();
    /// A full barrier.
    fn barrier();
    /// A number other than 0 that no other living thread has.
    ///
    /// A thread that gets the number of one that has ended was started after that end, so it may
    /// take over what belonged to it.
    fn thread_key() -> u64;
}

impl Word for AtomicU64 {
    #[inline(always)]
    fn new(value: u64) -> Self {
        Self::new(value)
    }
    #[inline(always)]
    fn load(&self, order: Ordering) -> u64 {
        AtomicU64::load(self, order)
    }
    #[inline(always)]
    fn store(&self, value: u64, order: Ordering) {
        AtomicU64::store(self, value, order);
    }
    #[inline(always)]
    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        AtomicU64::compare_exchange(self, current, new, success, failure)
    }
    #[inline(always)]
    fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
        AtomicU64::fetch_add(self, value, order)
    }
    #[inline(always)]
    fn barrier_between_seqcst() {}
    #[inline(always)]
    fn barrier() {
        fence(Ordering::SeqCst); // of the pair that the caller names
    }
    /// The address of a thread-local variable. The C library hands the memory of a thread on only
    /// after the kernel has told it, by a futex word, that the thread is gone.
    #[inline(always)]
    fn thread_key() -> u64 {
        thread_local!(static HERE: u8 = const { 0 });
        HERE.with(|here| core::ptr::from_ref(here) as u64)
    }
}
