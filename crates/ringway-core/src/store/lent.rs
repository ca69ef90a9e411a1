//! How many blocks a process has handed to its users: guards and loans.
//!
//! A participant that leaves has to give back what it owns. Guards give back their own, but one can
//! be forgotten; to find those, all states have to be read. So they are counted, and only if the
//! count is not zero is there anything to find.
//!
//! Like the stocks, the first thread counts without a locked instruction, and the others in a word
//! that they share. A guard may come back on another thread than it went out on; only the sum means
//! something, and only once no thread uses the handle any more.

use crate::word::{
    Ordering::{Acquire, Relaxed},
    Word,
};

/// The number of guards and loans of a process.
#[derive(Debug)]
pub struct Lent<W> {
    first: W,
    by_first: W,
    by_others: W,
}

impl<W: Word> Default for Lent<W> {
    fn default() -> Self {
        Self { first: W::new(0), by_first: W::new(0), by_others: W::new(0) }
    }
}

impl<W: Word> Lent<W> {
    /// Blocks went out.
    #[inline(always)]
    pub fn lend(&self, blocks: u64) {
        self.add(blocks);
    }

    /// Blocks came back.
    #[inline(always)]
    pub fn take_back(&self, blocks: u64) {
        self.add(blocks.wrapping_neg());
    }

    /// Whether all came back. For the last user of the process.
    pub fn is_none(&self) -> bool {
        let by_first = self.by_first.load(Relaxed); // no thread counts any more
        by_first.wrapping_add(self.by_others.load(Relaxed)) == 0 // likewise: no thread counts
    }

    /// One block came back, if this is the first thread; or else nothing is done.
    #[inline(always)]
    #[must_use]
    pub fn first_takes_back(&self) -> bool {
        self.add_by_first(1_u64.wrapping_neg())
    }

    #[inline(always)]
    fn add(&self, change: u64) {
        if !self.add_by_first(change) {
            self.add_by_others(change);
        }
    }

    #[inline(always)]
    fn add_by_first(&self, change: u64) -> bool {
        let is_first = self.first.load(Relaxed) == W::thread_key(); // our own key, or compared only
        if is_first {
            let now = self.by_first.load(Relaxed); // ours: the first thread's
            self.by_first.store(now.wrapping_add(change), Relaxed); // ours: the first thread's
        }
        is_first
    }

    #[inline(never)]
    fn add_by_others(&self, change: u64) {
        let key = W::thread_key();
        // Taken once; a thread that gets the key of the one that has ended goes on with its word.
        let is_first = self.first.compare_exchange(0, key, Acquire, Relaxed).is_ok(); // pairs with: stock
        let word = if is_first { &self.by_first } else { &self.by_others };
        word.fetch_add(change, Relaxed); // a sum only
    }
}
