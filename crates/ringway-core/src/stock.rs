//! The free blocks that a process keeps at hand.
//!
//! There are two stocks for each size class. One belongs to the first thread that asks, which then needs no locked
//! instruction. The others share the second, under a flag that nobody waits for: who finds it taken goes to the ring
//! of free blocks instead. So a thread that is stopped inside delays no other.

use core::cell::UnsafeCell;
use core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

use crate::packed::Block;

/// Most blocks in a stock.
const STOCK_MAX: usize = 32;

/// The stocks of one size class.
pub(crate) struct Stocks {
    first: Stock,
    shared: Stock,
}

struct Stock {
    /// Who is in it: a thread's [`key`], or 0.
    taken: AtomicUsize,
    blocks: UnsafeCell<Blocks>,
}

/// Free blocks, the one used last on top.
pub(crate) struct Blocks {
    list: [Block; STOCK_MAX],
    len: usize,
}

// SAFETY: the list is only reached through `Open`. Of the shared stock there is one `Open` at a time, by its flag; of
// the first only one thread makes any, and each is gone before the next (no caller holds one across another call).
unsafe impl Sync for Stock {}

impl Stocks {
    pub(crate) const fn new() -> Self {
        Self { first: Stock::new(), shared: Stock::new() }
    }

    /// The stock that this thread may use now, if any.
    #[inline(always)]
    pub(crate) fn open(&self) -> Option<Open<'_>> {
        let key = key();
        let owner = self.first.taken.load(Relaxed);
        if owner == key || owner == 0 && self.first.seize(key) {
            return Some(Open { stock: &self.first, leave: false });
        }
        // Acquire pairs with the Release in `Open::drop`.
        self.shared.seize(key).then(|| Open { stock: &self.shared, leave: true })
    }
}

impl Stock {
    const fn new() -> Self {
        let blocks = Blocks { list: [Block::CLOSED; STOCK_MAX], len: 0 };
        Self { taken: AtomicUsize::new(0), blocks: UnsafeCell::new(blocks) }
    }

    #[inline(always)]
    fn seize(&self, key: usize) -> bool {
        self.taken.compare_exchange(0, key, Acquire, Relaxed).is_ok()
    }
}

/// A number that no other living thread has. A thread that gets the number of one that has ended was started after
/// that end, so it may take over what belonged to it: the C library hands the memory of a thread on only when the kernel
/// has told it, by a futex word, that the thread is gone.
#[inline(always)]
fn key() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| core::ptr::from_ref(here) as usize)
}

/// A stock while this thread is in it.
pub(crate) struct Open<'a> {
    stock: &'a Stock,
    leave: bool,
}

impl core::ops::Deref for Open<'_> {
    type Target = Blocks;
    #[inline(always)]
    fn deref(&self) -> &Blocks {
        // SAFETY: this is the only `Open` of the stock; see `Sync` above.
        unsafe { &*self.stock.blocks.get() }
    }
}

impl core::ops::DerefMut for Open<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Blocks {
        // SAFETY: as above, and borrowed mutably.
        unsafe { &mut *self.stock.blocks.get() }
    }
}

impl Drop for Open<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.leave {
            self.stock.taken.store(0, Release);
        }
    }
}

impl Blocks {
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<Block> {
        self.len = self.len.checked_sub(1)?;
        self.list.get(self.len).copied()
    }
    /// The block that a `pop` will bring soon: a line takes about as long to cross as some puts take.
    #[inline(always)]
    pub(crate) fn soon(&self) -> Option<Block> {
        self.list.get(self.len.wrapping_sub(4)).copied()
    }
    /// Puts a block in; `false` when there are `keep` already.
    #[inline(always)]
    pub(crate) fn push(&mut self, block: Block, keep: usize) -> bool {
        if self.len >= keep {
            return false;
        }
        let Some(place) = self.list.get_mut(self.len) else { return false };
        *place = block;
        self.len += 1;
        true
    }
    /// Fills up to `keep` by `source`, which answers how many of the given places it filled.
    #[inline]
    pub(crate) fn refill<E>(
        &mut self,
        keep: usize,
        source: impl FnOnce(&mut [Block]) -> Result<usize, E>,
    ) -> Result<(), E> {
        let places = &mut self.list[self.len..keep.min(STOCK_MAX)];
        self.len += source(places)?;
        Ok(())
    }
    /// Takes out all but `kept`. Their places may then be written over.
    #[inline]
    pub(crate) fn spill(&mut self, kept: usize) -> &[Block] {
        let kept = kept.min(self.len);
        let spilled = &self.list[kept..self.len];
        self.len = kept;
        spilled
    }
}
