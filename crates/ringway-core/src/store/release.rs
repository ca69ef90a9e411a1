//! Giving a block back: to the stock at hand, or to the ring of free blocks.

use super::{Store, StoreCells};
use crate::corruption::Corruption;
use crate::owned::{Batch, Owned};
use crate::owner::Owner;
use crate::state::State;
use crate::word::{
    Ordering::{Relaxed, Release},
    Word,
};

/// Where a released block went.
#[must_use = "blocks that went to the ring are announced to those who wait for one"]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Released {
    /// It stays at hand.
    Kept,
    /// This number of blocks went to the ring of free blocks, for everybody.
    ToRing(u32),
}

impl<C: StoreCells> Store<'_, C> {
    /// Gives back a block. With `wanted` it goes to the ring of free blocks, with all that is at
    /// hand, because another participant waits for one.
    ///
    /// # Errors
    /// [`Corruption`]: its state is not that of a block which we own, or the ring is damaged. The
    /// block then stays ours until we leave.
    #[inline(always)]
    pub fn release(&self, owned: Owned, wanted: bool) -> Result<Released, Corruption> {
        let index = owned.block().index().into();
        let Some(state) = self.ring.cells().state_of_own(owned.block()) else {
            return Err(self.corruption("block", index, index));
        };
        if !end_new_message(state, self.me)
            && let Err(found) = end_message(state, self.me)
        {
            return Err(self.corruption("state of a held block", index, found));
        }
        let owned = match wanted {
            true => owned,
            false => match self.local.keep(owned, self.shape.keep) {
                Ok(()) => return Ok(Released::Kept),
                Err(owned) => owned,
            },
        };
        self.release_to_ring(owned, wanted)
    }

    /// Gives back a block that holds no message, when enough are at hand, or another participant
    /// waits for one.
    ///
    /// # Errors
    /// As of [`release`](Self::release).
    #[inline(never)]
    pub fn release_to_ring(&self, owned: Owned, wanted: bool) -> Result<Released, Corruption> {
        let mut batch = Batch::new();
        if let Some(mut stock) = self.local.stocks.open() {
            stock.spill(if wanted { 0 } else { (self.shape.keep + 4) / 8 }, &mut batch);
        }
        // With the others, if there is room.
        let own = match batch.push_back(owned) {
            Ok(()) => Ok(0),
            Err(owned) => self.give_back(owned),
        };
        let spilled = self.push_free(&mut batch);
        Ok(Released::ToRing(spilled? + own?))
    }

    /// Puts a block into the ring of free blocks, whatever is at hand. Returns 1.
    ///
    /// # Errors
    /// [`Corruption`]; the block stays ours until we leave.
    pub fn give_back(&self, owned: Owned) -> Result<u32, Corruption> {
        let mut one = Batch::new();
        one.came(owned.block());
        self.push_free(&mut one)
    }

    /// Puts all that is at hand into the ring of free blocks; returns how many. For the last user
    /// of the process. `None` if a thread ended inside a stock, whose blocks are then found by
    /// [`give_up`](Self::give_up) only.
    ///
    /// # Errors
    /// [`Corruption`]; what the ring does not take stays ours.
    pub fn empty_stocks(&self) -> Result<Option<u32>, Corruption> {
        let mut total = Ok(Some(0));
        for stock in self.local.stocks.open_all() {
            let pushed = stock.map(|mut stock| {
                let mut batch = Batch::new();
                stock.spill(0, &mut batch);
                self.push_free(&mut batch)
            });
            let pushed = pushed.transpose();
            total = total.and_then(|sum: Option<u32>| Ok(sum.zip(pushed?).map(|(a, b)| a + b)));
        }
        total
    }

    /// Pushes all blocks of `batch`; returns how many. Those that a damaged ring does not take stay
    /// ours, and are given up when we leave.
    fn push_free(&self, batch: &mut Batch) -> Result<u32, Corruption> {
        let wanted = batch.len() as u32;
        if wanted == 0 {
            return Ok(0);
        }
        self.ring.push_all(self.me, batch, &self.local.hints).map(|()| wanted)
    }
}

/// The same as [`end_message`], if that is a message which was taken for the first time, as nearly
/// all are. Returns whether it was.
#[inline(always)]
pub fn end_new_message<W: Word>(state: &W, me: Owner) -> bool {
    let free = State::without_new_message(state.load(Relaxed), me); // ours
    if let Some(free) = free {
        state.store(free, Release); // own
    }
    free.is_some()
}

/// Notes that the block of `me` with this state holds no message any more. Its position stays,
/// which keeps the state apart from earlier ones.
///
/// # Errors
/// The word that was found, if it is not that of a block which `me` owns.
#[inline(always)]
pub fn end_message<W: Word>(state: &W, me: Owner) -> Result<(), u64> {
    let word = state.load(Relaxed); // ours
    let free = State::without_message(word, me).ok_or(word)?;
    state.store(free, Release); // own
    Ok(())
}
