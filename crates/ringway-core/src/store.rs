//! The store: where blocks come from and go back to.
//!
//! A store has all blocks of one size. A free one is in a stock that a process keeps at hand
//! (`stock`), in the ring of free blocks, or was never used. `take` brings one, `release`
//! gives it back, and `reclaim` finds those whose owner is gone.
//!
//! Ordering pairs, besides those of the ring:
//!
//! * `backed`: the fetch of memory comes before the CAS of `backed` (Release); a load of it
//!   (Acquire) carries that there is memory behind the blocks below it.
//! * `fresh`: the CAS of `fresh` (Release) and loads of it (Acquire) keep it at most one step of
//!   memory behind `backed`.

mod lent;
mod reclaim;
mod release;
mod stock;
mod take;

use crate::block::Block;
use crate::corruption::{Corruption, Part};
use crate::owned::Owned;
use crate::owner::Owner;
use crate::ring::{Cells, Hints, Ring};
use crate::word::{
    Ordering::{Acquire, Relaxed},
    Word,
};

pub use self::lent::Lent;
pub use self::reclaim::owner_of;
pub use self::release::{Released, end_message, end_new_message};
use self::stock::Stocks;

/// The words of a store: those of its ring of free blocks, and how far its memory goes.
pub trait StoreCells: Cells {
    /// Why there was no memory.
    type NoMemory;
    /// The lowest block that was perhaps never used. A hint that grows only.
    fn fresh(&self) -> &Self::Word;
    /// Blocks with memory behind them: those with a lower number. Grows only.
    fn backed(&self) -> &Self::Word;
    /// Puts memory behind the blocks from `first` to `end`, and behind what belongs to them. It may
    /// be there already, and in use.
    ///
    /// # Errors
    /// When the system has none.
    fn back(&self, first: u64, end: u64) -> Result<(), Self::NoMemory>;
}

/// The measures of a store.
#[derive(Clone, Copy, Debug)]
pub struct StoreShape {
    /// The size class of its blocks.
    pub class: u8,
    /// Number of blocks.
    pub blocks: u64,
    /// How many blocks get memory at once.
    pub step: u64,
    /// Most free blocks in a stock.
    pub keep: usize,
}

/// What a process keeps for itself about a store.
#[derive(Debug)]
pub struct Local<W> {
    stocks: Stocks<W>,
    hints: Hints<W>,
    /// Whether any block, and so the ring, has memory behind it.
    backed: W,
}

impl<W: Word> Default for Local<W> {
    fn default() -> Self {
        Self { stocks: Stocks::default(), hints: Hints::default(), backed: W::new(0) }
    }
}

impl<W: Word> Local<W> {
    /// A block from the stock at hand.
    #[inline(always)]
    pub fn take(&self) -> Option<Owned> {
        match self.stocks.own() {
            Some(mut stock) => stock.pop(),
            None => self.take_of_any(),
        }
    }

    #[inline(never)]
    fn take_of_any(&self) -> Option<Owned> {
        self.stocks.open()?.pop()
    }

    /// Keeps a block at hand that is free, unless there are `keep` of them.
    ///
    /// # Errors
    /// The block.
    pub fn keep(&self, owned: Owned, keep: usize) -> Result<(), Owned> {
        match self.stocks.open() {
            Some(mut stock) => stock.push(owned, keep),
            None => Err(owned),
        }
    }

    /// The same, for the first thread only.
    ///
    /// # Errors
    /// The block.
    #[inline(always)]
    pub fn keep_by_first(&self, owned: Owned, keep: usize) -> Result<(), Owned> {
        match self.stocks.own() {
            Some(mut stock) => stock.push(owned, keep),
            None => Err(owned),
        }
    }
}

/// Why no block could be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoBlock<M> {
    /// All are queued or held.
    AllHeld,
    /// A word is damaged.
    Corrupt(Corruption),
    /// The system has no memory for more of them.
    NoMemory(M),
}

impl<M> From<Corruption> for NoBlock<M> {
    fn from(corruption: Corruption) -> Self {
        Self::Corrupt(corruption)
    }
}

/// The store of a participant's process.
#[derive(Debug)]
pub struct Store<'a, C: StoreCells> {
    /// The ring of free blocks.
    ring: Ring<C>,
    shape: &'a StoreShape,
    local: &'a Local<C::Word>,
    me: Owner,
}

impl<'a, C: StoreCells> Store<'a, C> {
    /// The store of `me` over a ring of free blocks.
    #[inline(always)]
    pub const fn new(
        ring: Ring<C>,
        shape: &'a StoreShape,
        local: &'a Local<C::Word>,
        me: Owner,
    ) -> Self {
        Self { ring, shape, local, me }
    }

    /// How many blocks have memory behind them: at most as many as can be true.
    pub fn backed(&self) -> u64 {
        let cells = self.ring.cells();
        backed(cells.backed(), cells.fresh(), self.shape)
    }

    /// Looks whether the ring of free blocks hides what is in it. For callers that wait.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn check(&self) -> Result<(), Corruption> {
        if self.backed() == 0 { Ok(()) } else { self.ring.check(&self.local.hints) }
    }

    /// Whether some block, and so the ring, has memory behind it.
    fn has_ring(&self) -> bool {
        if self.local.backed.load(Relaxed) == 0 {
            // our own note; pairs with: backed
            if self.ring.cells().backed().load(Acquire) == 0 {
                return false;
            }
            self.local.backed.store(1, Relaxed); // our own note
        }
        true
    }

    fn corruption(&self, word: &'static str, at: u64, found: u64) -> Corruption {
        Corruption { part: Part::Blocks { class: self.shape.class }, word, at, found }
    }

    fn block(&self, index: u64) -> Block {
        Block::new(self.shape.class, index as u32)
    }
}

/// How many blocks have memory behind them, by the two words that tell of it: at most as many as
/// can be true.
pub fn backed<W: Word>(backed: &W, fresh: &W, shape: &StoreShape) -> u64 {
    match backed.load(Acquire) {
        // pairs with: backed
        all if all == shape.blocks => all,
        some => {
            let fresh = fresh.load(Acquire); // pairs with: fresh
            some.min(fresh.saturating_add(shape.step)).min(shape.blocks)
        }
    }
}
