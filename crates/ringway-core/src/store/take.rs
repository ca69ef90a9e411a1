//! Taking a free block: from the stock at hand, from the ring of free blocks, or a fresh one.

use super::{NoBlock, Store, StoreCells};
use crate::corruption::Corruption;
use crate::owned::Owned;
use crate::position::Position;
use crate::state::{Lane, State};
use crate::word::{
    Ordering::{AcqRel, Acquire, Relaxed, Release},
    Word,
};

impl<C: StoreCells> Store<'_, C> {
    /// A free block, now ours.
    ///
    /// # Errors
    /// [`NoBlock`].
    #[inline(always)]
    pub fn take(&self) -> Result<Owned, NoBlock<C::NoMemory>> {
        match self.local.take() {
            Some(owned) => Ok(owned),
            None => self.take_from_ring(),
        }
    }

    /// The same when none is at hand.
    ///
    /// # Errors
    /// [`NoBlock`].
    #[inline(never)]
    pub fn take_from_ring(&self) -> Result<Owned, NoBlock<C::NoMemory>> {
        match self.claim()? {
            Some(owned) => Ok(owned),
            None => self.take_fresh(), // others may use the stock while we wait for memory
        }
    }

    /// A block from the ring, with which the stock gets what it has room for. Damage is told only
    /// if nothing came.
    fn claim(&self) -> Result<Option<Owned>, Corruption> {
        if !self.has_ring() {
            return Ok(None);
        }
        let hints = &self.local.hints;
        let stock = self.local.stocks.open().filter(|stock| stock.room(self.shape.keep) != 0);
        let Some(mut stock) = stock else {
            return Ok(self.ring.claim_one(self.me, hints)?.ok());
        };
        let room = stock.room(self.shape.keep) as u64;
        let mut len = stock.len();
        let end = self.ring.claim_each(self.me, room, hints, |block| {
            stock.set(len, block);
            len += 1;
        });
        stock.set_len(len);
        match (stock.pop(), end) {
            (None, Err(corruption)) => Err(corruption),
            (owned, _) => Ok(owned),
        }
    }

    /// Claims a block that was never used, after putting memory behind it.
    #[cold]
    fn take_fresh(&self) -> Result<Owned, NoBlock<C::NoMemory>> {
        let cells = self.ring.cells();
        loop {
            let index = cells.fresh().load(Acquire); // pairs with: fresh
            self.check_backed(index)?;
            if index >= self.shape.blocks {
                return Err(NoBlock::AllHeld);
            }
            if index >= cells.backed().load(Acquire) {
                // pairs with: backed
                let end = (index + self.shape.step).min(self.shape.blocks);
                cells.back(index, end).map_err(NoBlock::NoMemory)?;
                cells.backed().raise(end, Release); // backed
            }
            let block = self.block(index);
            let position = Position::new(index);
            let held = State::Held { lane: Lane::Free, owner: self.me, position };
            let claimed = cells.state_of_own(block).is_some_and(|state| {
                state.compare_exchange(State::Fresh.pack(), held.pack(), AcqRel, Acquire).is_ok() // own
            });
            let _ = cells.fresh().compare_exchange(index, index + 1, Release, Relaxed); // fresh
            if claimed {
                return Ok(Owned::new(block));
            }
        }
    }

    /// Fresh blocks have memory, but for one step of them at most; unless all have.
    fn check_backed(&self, fresh: u64) -> Result<(), NoBlock<C::NoMemory>> {
        let cells = self.ring.cells();
        let backed = cells.backed().load(Acquire); // pairs with: backed
        let later = cells.fresh().load(Acquire); // after `backed`, while `fresh` was read before it; pairs with: fresh
        if fresh > backed {
            return Err(self.corruption("number of the first fresh block", 0, fresh).into());
        }
        let is_possible = backed <= later.saturating_add(self.shape.step);
        if backed != self.shape.blocks && (!is_possible || backed > self.shape.blocks) {
            return Err(self.corruption("number of blocks with memory", 0, backed).into());
        }
        Ok(())
    }
}
