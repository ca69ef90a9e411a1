//! The free blocks that a process keeps at hand.
//!
//! There are two stocks. One belongs to the first thread that asks, which then needs no locked
//! instruction. The others share the second, under a flag that nobody waits for: a thread that
//! finds it taken goes to the ring of free blocks instead. So a thread that is stopped inside
//! delays no other.
//!
//! The list of a stock is made of words as well, read and written Relaxed: between the threads that
//! may be in a stock, its flag orders them.
//!
//! Ordering pair `stock`: the store that gives the flag back (Release), or the end of the thread
//! that owned the first stock, against the CAS that takes the flag (Acquire); it carries the list.

use core::array;

use crate::block::Block;
use crate::owned::{BATCH_MAX, Batch, Owned};
use crate::word::{
    Ordering::{Acquire, Relaxed, Release},
    Word,
};

/// The stocks of one store.
#[derive(Debug)]
pub(super) struct Stocks<W> {
    first: Stock<W>,
    shared: Stock<W>,
}

/// A stack of free blocks, the one used last on top.
#[derive(Debug)]
struct Stock<W> {
    /// The key of the thread that is in it, or 0.
    taken: W,
    len: W,
    list: [W; BATCH_MAX],
}

impl<W: Word> Default for Stocks<W> {
    fn default() -> Self {
        let stock = || Stock {
            taken: W::new(0),
            len: W::new(0),
            list: array::from_fn(|_| W::new(Block::CLOSED.bits().into())),
        };
        Self { first: stock(), shared: stock() }
    }
}

impl<W: Word> Stocks<W> {
    /// The first stock, if it is that of this thread.
    #[inline(always)]
    pub(super) fn own(&self) -> Option<Open<'_, W>> {
        let is_ours = self.first.taken.load(Relaxed) == W::thread_key(); // our own key, or compared only
        is_ours.then_some(Open { stock: &self.first, leaves: false })
    }

    /// The stock that this thread may use now, if any.
    pub(super) fn open(&self) -> Option<Open<'_, W>> {
        let key = W::thread_key();
        let owner = self.first.taken.load(Relaxed); // our own key, or compared only
        if owner == key || owner == 0 && self.first.seize(key) {
            return Some(Open { stock: &self.first, leaves: false });
        }
        self.shared.seize(key).then(|| Open { stock: &self.shared, leaves: true })
    }

    /// Both stocks, for the last user of the process. `None` for one that a thread is still in.
    pub(super) fn open_all(&self) -> [Option<Open<'_, W>>; 2] {
        let first = Open { stock: &self.first, leaves: false };
        let shared = self.shared.seize(W::thread_key());
        [Some(first), shared.then(|| Open { stock: &self.shared, leaves: true })]
    }
}

impl<W: Word> Stock<W> {
    fn seize(&self, key: u64) -> bool {
        self.taken.compare_exchange(0, key, Acquire, Relaxed).is_ok() // pairs with: stock
    }
}

/// A stock while this thread is in it.
pub(super) struct Open<'a, W: Word> {
    stock: &'a Stock<W>,
    leaves: bool,
}

impl<W: Word> Drop for Open<'_, W> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.leaves {
            self.stock.taken.store(0, Release); // stock
        }
    }
}

impl<W: Word> Open<'_, W> {
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.stock.len.load(Relaxed) as usize // ours while we are in
    }
    #[inline(always)]
    pub(super) fn set_len(&mut self, len: usize) {
        self.stock.len.store(len as u64, Relaxed); // ours while we are in
    }
    #[inline(always)]
    fn get(&self, at: usize) -> Option<Block> {
        let bits = self.stock.list.get(at)?.load(Relaxed); // ours while we are in
        Some(Block::kept(bits as u32))
    }

    /// The block on top.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<Owned> {
        let top = self.len().checked_sub(1)?;
        let block = self.get(top)?;
        self.set_len(top);
        Some(Owned::new(block))
    }

    /// Puts a block in, unless there are `keep` already.
    #[inline(always)]
    pub(super) fn push(&mut self, owned: Owned, keep: usize) -> Result<(), Owned> {
        let len = self.len();
        debug_assert!(keep <= BATCH_MAX);
        if len >= keep {
            return Err(owned);
        }
        self.set(len, owned.block());
        self.set_len(len + 1);
        Ok(())
    }

    /// Puts a block at a place, which counts once `set_len` says so.
    #[inline(always)]
    pub(super) fn set(&mut self, at: usize, block: Block) {
        let place = &self.stock.list[at % BATCH_MAX]; // which it is below
        place.store(block.bits().into(), Relaxed); // ours while we are in
    }

    /// How many more `keep` allows.
    pub(super) fn room(&self, keep: usize) -> usize {
        keep.min(BATCH_MAX).saturating_sub(self.len())
    }

    /// Takes out all but the `kept` that were used longest ago, into an empty batch.
    pub(super) fn spill(&mut self, kept: usize, batch: &mut Batch) {
        let len = self.len();
        let kept = kept.min(len);
        let places = self.stock.list.get(kept..len).unwrap_or_default();
        let blocks = places.iter().map(|place| Block::kept(place.load(Relaxed) as u32)); // ours while we are in
        batch.all_came(blocks);
        self.set_len(kept);
    }
}
