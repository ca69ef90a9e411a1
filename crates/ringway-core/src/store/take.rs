//! Taking a free block: from the stock at hand, from the ring of free blocks, or a fresh one.

use super::{NoBlock, Store, StoreCells};
use crate::owned::{Batch, Owned};
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
        if let Some((owned, soon)) = self.local.take() {
            if let Some(soon) = soon {
                self.ring.cells().prefetch(Lane::Free, soon);
            }
            return Ok(owned);
        }
        self.take_from_ring()
    }

    /// The same when none is at hand.
    ///
    /// # Errors
    /// [`NoBlock`].
    #[inline(never)]
    pub fn take_from_ring(&self) -> Result<Owned, NoBlock<C::NoMemory>> {
        let mut claimed = Batch::new();
        let stock = self.local.stocks.open();
        // One for the caller, with which the stock has what it has room for.
        let wanted = stock.as_ref().map_or(1, |stock| stock.room(self.shape.keep).max(1));
        self.claim(&mut claimed, wanted)?;
        let Some(owned) = claimed.pop_front() else {
            drop(stock); // others may use it while we wait for memory
            return self.take_fresh();
        };
        if let Some(mut stock) = stock {
            stock.fill(&mut claimed, self.shape.keep);
        }
        Ok(owned)
    }

    /// Claims from the ring. Damage is told only if nothing came.
    fn claim(&self, batch: &mut Batch, max: usize) -> Result<(), NoBlock<C::NoMemory>> {
        if !self.has_ring() {
            return Ok(());
        }
        match self.ring.claim(self.me, batch, max, &self.local.hints) {
            Err(corruption) if batch.is_empty() => Err(corruption.into()),
            _ => Ok(()),
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
