//! The free blocks that a process keeps at hand, shared by its threads.
//!
//! A flag guards them that nobody waits for: who finds it taken goes to the ring of free blocks instead. So a thread
//! that is stopped while it has the flag delays no other.

use core::cell::UnsafeCell;
use core::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};

use crate::packed::Block;

/// Most blocks in a stock.
pub(crate) const STOCK_MAX: usize = 32;

pub(crate) struct Stock {
    taken: AtomicBool,
    blocks: UnsafeCell<Blocks>,
}

pub(crate) struct Blocks {
    list: [Block; STOCK_MAX],
    len: usize,
}

// SAFETY: the list is only reached through `Open`, of which there is one at a time.
unsafe impl Sync for Stock {}

impl Stock {
    pub(crate) const fn new() -> Self {
        let blocks = Blocks { list: [Block::CLOSED; STOCK_MAX], len: 0 };
        Self { taken: AtomicBool::new(false), blocks: UnsafeCell::new(blocks) }
    }

    /// The stock, unless another thread is at it.
    #[inline(always)]
    pub(crate) fn open(&self) -> Option<Open<'_>> {
        // Acquire pairs with the Release in `Open::drop`.
        if self.taken.swap(true, Acquire) { None } else { Some(Open(self)) }
    }
}

pub(crate) struct Open<'a>(&'a Stock);

impl core::ops::Deref for Open<'_> {
    type Target = Blocks;
    #[inline(always)]
    fn deref(&self) -> &Blocks {
        // SAFETY: the flag was taken by this value alone.
        unsafe { &*self.0.blocks.get() }
    }
}

impl core::ops::DerefMut for Open<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Blocks {
        // SAFETY: as above, and borrowed mutably.
        unsafe { &mut *self.0.blocks.get() }
    }
}

impl Drop for Open<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.taken.store(false, Release);
    }
}

impl Blocks {
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<Block> {
        self.len = self.len.checked_sub(1)?;
        Some(self.list[self.len])
    }
    /// Puts a block in; `false` when there are `keep` already.
    #[inline(always)]
    pub(crate) fn push(&mut self, block: Block, keep: usize) -> bool {
        if self.len >= keep.min(STOCK_MAX) {
            return false;
        }
        self.list[self.len] = block;
        self.len += 1;
        true
    }
    /// Fills up to `keep` by `source`, which answers how many of the given places it filled.
    #[inline]
    pub(crate) fn refill(&mut self, keep: usize, source: impl FnOnce(&mut [Block]) -> usize) {
        let places = &mut self.list[self.len..keep.min(STOCK_MAX)];
        self.len += source(places);
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
