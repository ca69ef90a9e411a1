//! Taking blocks out: each claim is one CAS of a state word.

use super::fuel::Fuel;
use super::hints::{Hints, recall};
use super::shape::{Filled, Slot};
use super::{Cells, ClaimEnd, Ring};
use crate::block::Block;
use crate::corruption::Corruption;
use crate::owned::{Batch, Owned};
use crate::owner::Owner;
use crate::position::Position;
use crate::state::{Lane, State};
use crate::word::{
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    Word,
};

/// How far ahead of a claim the next blocks are fetched.
const AHEAD: u64 = 4;

impl<C: Cells> Ring<C> {
    /// Claims one block by the way that nearly every claim goes: the next position as this process
    /// remembers it is filled and nobody else was faster. `None` says that [`claim`](Self::claim)
    /// has to look closer.
    #[inline(always)]
    pub fn claim_fast(&self, me: Owner, hints: &Hints<C::Word>) -> Option<Owned> {
        let h = recall(&hints.next_get)?;
        let block = self.claim_at(me, h, hints)?;
        let next = h.plus(1);
        hints.next_get.store(next.number(), Release); // hint
        self.help(self.cells.head(), next, 1);
        Some(Owned::new(block))
    }

    /// Claims the block at `h`, if it is there and was pushed by the pusher of the last one.
    #[inline(always)]
    fn claim_at(&self, me: Owner, h: Position, hints: &Hints<C::Word>) -> Option<Block> {
        let slot = Slot(self.cells.slot(self.shape.index(h)).load(Acquire)); // pairs with: publish
        let Filled::With(block) = self.shape.read(slot, h) else { return None };
        let state = self.cells.state(block)?; // there is none for the mark of `close`
        self.prefetch(h.plus(AHEAD));
        let pusher = Owner::from_bits(hints.pusher.load(Relaxed) as u16); // compared only
        let queued = State::Queued { lane: self.lane, owner: pusher, position: h }.pack();
        let held = State::Held { lane: self.lane, owner: me, position: h }.pack();
        state.compare_exchange(queued, held, SeqCst, Relaxed).ok()?; // own, edge
        if block.class() != 0 && matches!(self.lane, Lane::Messages) {
            self.prefetch_next(h.plus(1));
        }
        Some(block)
    }

    /// Fetches the rest of the message at `h`, if there is one: it crosses while the one before is
    /// read.
    #[inline(always)]
    fn prefetch_next(&self, h: Position) {
        let slot = Slot(self.cells.slot(self.shape.index(h)).load(Relaxed)); // a hint only
        if let Filled::With(block) = self.shape.read(slot, h) {
            self.cells.prefetch_message(block);
        }
    }

    /// Claims the oldest blocks for `me`, at most `max` and as many as fit `batch`, and puts them
    /// at its end. Returns why it stopped.
    ///
    /// # Errors
    /// [`Corruption`]; what was claimed before it was met is in the batch.
    pub fn claim(
        &self,
        me: Owner,
        batch: &mut Batch,
        max: usize,
        hints: &Hints<C::Word>,
    ) -> Result<ClaimEnd, Corruption> {
        let max = max.min(batch.room());
        self.claim_into(me, max, hints, |block| batch.came(block))
    }

    /// Claims the oldest block for `me`; `None` says why there is none.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn claim_one(
        &self,
        me: Owner,
        hints: &Hints<C::Word>,
    ) -> Result<Result<Owned, ClaimEnd>, Corruption> {
        let mut claimed = None;
        let end = self.claim_into(me, 1, hints, |block| claimed = Some(Owned::new(block)));
        match claimed {
            Some(owned) => Ok(Ok(owned)),
            None => end.map(Err),
        }
    }

    #[inline(always)]
    fn claim_into(
        &self,
        me: Owner,
        max: usize,
        hints: &Hints<C::Word>,
        mut came: impl FnMut(Block),
    ) -> Result<ClaimEnd, Corruption> {
        let start = self.start(&hints.next_get, self.cells.head(), "head")?;
        let mut h = start;
        let mut wanted = max;
        let mut fuel = Fuel::new();
        let result = loop {
            if wanted == 0 {
                break Ok(ClaimEnd::More);
            }
            if let Some(block) = self.claim_at(me, h, hints) {
                came(block);
                wanted -= 1;
                h = h.plus(1);
                continue;
            }
            let slot = Slot(self.cells.slot(self.shape.index(h)).load(Acquire)); // pairs with: publish
            match self.shape.read(slot, h) {
                Filled::With(Block::CLOSED) => break Ok(ClaimEnd::Closed),
                Filled::With(block) => {
                    let Some(state) = self.cells.state(block) else {
                        break Err(self.corruption("slot", h.number(), slot.0));
                    };
                    if self.take(me, state, h, hints) {
                        came(block);
                        wanted -= 1;
                        h = h.plus(1);
                    } else {
                        match self.later(h.plus(1), self.cells.head(), "head") {
                            Ok(later) => h = later,
                            Err(corruption) => break Err(corruption),
                        }
                    }
                }
                // Position h is not filled, and all before it are claimed.
                Filled::Free => break Ok(ClaimEnd::Empty),
                // Left behind by a whole lap.
                Filled::Overtaken => match self.beyond(h, slot) {
                    Ok(later) => h = later,
                    Err(corruption) => break Err(corruption),
                },
                Filled::Impossible => break Err(self.corruption("slot", h.number(), slot.0)),
            }
            if fuel.spend(self.cells.head()) {
                break Err(self.corruption("head", h.number(), slot.0));
            }
        };
        if h != start {
            hints.next_get.store(h.number(), Release); // hint
            self.help(self.cells.head(), h, h.ahead_of(start).unsigned_abs());
        }
        result
    }

    /// The point of linearization of a claim: one CAS that moves the block and names its new owner.
    #[inline(always)]
    fn take(&self, me: Owner, state: &C::Word, h: Position, hints: &Hints<C::Word>) -> bool {
        let held = State::Held { lane: self.lane, owner: me, position: h }.pack();
        // Who pushed it is part of the word. Guessing the last pusher saves a load, which would
        // bring the line over once for reading and again for writing.
        let guess = Owner::from_bits(hints.pusher.load(Relaxed) as u16); // compared only
        let mut expected = State::Queued { lane: self.lane, owner: guess, position: h }.pack();
        loop {
            // own, edge: the look at the sleepers comes after it
            match state.compare_exchange(expected, held, SeqCst, Acquire) {
                Ok(_) => return true,
                Err(found) if State::is_queued_at(found, self.lane, h) => {
                    if let Some(State::Queued { owner, .. }) = State::unpack(found) {
                        hints.pusher.store(owner.bits().into(), Relaxed); // compared only
                    }
                    expected = found;
                }
                Err(_) => return false,
            }
        }
    }

    /// Fetches what position `h` holds, if it has been filled.
    #[inline(always)]
    fn prefetch(&self, h: Position) {
        let slot = Slot(self.cells.slot(self.shape.index(h)).load(Relaxed)); // a hint only
        if let Filled::With(block) = self.shape.read(slot, h) {
            self.cells.prefetch(self.lane, block);
        }
    }
}
