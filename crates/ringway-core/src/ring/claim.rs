//! Taking blocks out: each claim is one CAS of a state word.

use super::fuel::Fuel;
use super::hints::{Hints, recall};
use super::shape::{Filled, Slot};
use super::{Cells, ClaimEnd, Ring};
use crate::block::Block;
use crate::corruption::Corruption;
use crate::owned::{Batch, Owned};
use crate::owner::Owner;
use crate::position::{POSITION_MASK, Position};
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
        let (index, filled) = (self.shape.index(h), self.shape.filled(h));
        let (block, state) = self.find(index, filled)?;
        let (queued, held) = self.claim_words(me, h, hints);
        if !self.claim_found(block, state, queued, held, index, filled) {
            return None;
        }
        let next = h.plus(1);
        hints.next_get.store(next.number(), Release); // hint
        self.help(self.cells.head(), next, 1);
        Some(Owned::new(block))
    }

    /// Claims the blocks from `h` on, at most `max`, as long as they are there and were pushed by
    /// the pusher of the last one, and the turn lasts. Returns how many.
    #[inline(always)]
    fn claim_run(
        &self,
        me: Owner,
        h: Position,
        max: u64,
        hints: &Hints<C::Word>,
        came: &mut impl FnMut(Block),
    ) -> u64 {
        let (queued, held) = self.claim_words(me, h, hints);
        let (index, filled) = (self.shape.index(h), self.shape.filled(h));
        let count = max.min(self.shape.left_of_turn(h));
        for step in 0..count {
            // Within a turn positions do not wrap, so the words grow as they do.
            let index = index + step as usize;
            let Some((block, state)) = self.find(index, filled) else { return step };
            if !self.claim_found(block, state, queued + step, held + step, index, filled) {
                return step;
            }
            came(block);
        }
        count
    }

    /// The state of the block at `h` before it is claimed, if it was pushed by the pusher of the
    /// last one, and after it.
    #[inline(always)]
    fn claim_words(&self, me: Owner, h: Position, hints: &Hints<C::Word>) -> (u64, u64) {
        let held = State::Held { lane: self.lane, owner: me, position: h }.pack();
        (hints.pusher.load(Relaxed) | h.number(), held) // compared only
    }

    /// The block in slot `index` with its state, if it is there in that turn.
    #[inline(always)]
    fn find(&self, index: usize, filled: u64) -> Option<(Block, &C::Word)> {
        let slot = Slot(self.cells.slot(index).load(Acquire)); // pairs with: publish
        let block = slot.block_in(filled)?;
        let state = self.cells.state(block)?; // there is none for the mark of `close`
        if let Some(later) = self.later_block(index, AHEAD, filled) {
            self.cells.prefetch(self.lane, later);
        }
        Some((block, state))
    }

    /// Claims the block in slot `index`, if its state is `queued`.
    #[inline(always)]
    fn claim_found(
        &self,
        block: Block,
        state: &C::Word,
        queued: u64,
        held: u64,
        index: usize,
        filled: u64,
    ) -> bool {
        // own, edge: the look at the sleepers comes after it
        if state.compare_exchange(queued, held, SeqCst, Relaxed).is_err() {
            return false;
        }
        // The rest of the next message crosses while this one is read.
        if block.class() != 0
            && matches!(self.lane, Lane::Messages)
            && let Some(next) = self.later_block(index, 1, filled)
        {
            self.cells.prefetch_message(next);
        }
        true
    }

    /// The block that is claimed after some others, if it is there and the turn lasts. A hint.
    #[inline(always)]
    fn later_block(&self, index: usize, steps: u64, filled: u64) -> Option<Block> {
        let later = self.cells.slot(self.shape.index_after(index, steps));
        Slot(later.load(Relaxed)).block_in(filled) // a hint only
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
        self.claim_each(me, max as u64, hints, |block| batch.came(block))
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
        let end = self.claim_each(me, 1, hints, |block| claimed = Some(Owned::new(block)));
        match claimed {
            Some(owned) => Ok(Ok(owned)),
            None => end.map(Err),
        }
    }

    /// The same, but `max` counts alone, and each block goes to `came`.
    #[inline(always)]
    pub(crate) fn claim_each(
        &self,
        me: Owner,
        max: u64,
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
            let claimed = self.claim_run(me, h, wanted, hints, &mut came);
            if claimed != 0 {
                wanted -= claimed;
                h = h.plus(claimed);
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
        // Who pushed it is part of the word. Guessing the last pusher saves a load, which would
        // bring the line over once for reading and again for writing.
        let (mut expected, held) = self.claim_words(me, h, hints);
        loop {
            // own, edge: the look at the sleepers comes after it
            match state.compare_exchange(expected, held, SeqCst, Acquire) {
                Ok(_) => return true,
                Err(found) if State::is_queued_at(found, self.lane, h) => {
                    hints.pusher.store(found & !POSITION_MASK, Relaxed); // compared only
                    expected = found;
                }
                Err(_) => return false,
            }
        }
    }
}
