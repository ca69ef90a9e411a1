//! Putting blocks in: each publish is one CAS of a slot.

use super::ends::STRIDE;
use super::fuel::Fuel;
use super::hints::{Hints, recall};
use super::shape::{Filled, Slot};
use super::{Cells, PushError, Ring};
use crate::block::Block;
use crate::corruption::Corruption;
use crate::owned::{Batch, Owned};
use crate::owner::Owner;
use crate::position::Position;
use crate::prefetch;
use crate::state::{Lane, State};
use crate::word::{
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    Word,
};

impl<C: Cells> Ring<C> {
    /// Whether a push may succeed. A quick look: `Ok` promises nothing, but an error was true at
    /// some instant of the call.
    ///
    /// # Errors
    /// [`PushError`].
    #[inline]
    pub fn has_room(&self, hints: &Hints<C::Word>) -> Result<(), PushError> {
        let t = self.start(&hints.next_put, self.cells.tail(), "tail")?;
        let slot = Slot(self.cells.slot(self.shape.index(t)).load(Acquire)); // pairs with: publish
        self.require_room(t, self.shape.limit(), slot, hints)
    }

    /// Pushes one block by the way that nearly every push goes: the next position as this process
    /// remembers it is free, and there is room.
    ///
    /// # Errors
    /// The block, when [`push`](Self::push) has to look closer.
    #[inline(always)]
    pub fn push_fast(&self, me: Owner, owned: Owned, hints: &Hints<C::Word>) -> Result<(), Owned> {
        let (Some(t), Some(head)) = (recall(&hints.next_put), recall(&hints.head)) else {
            return Err(owned);
        };
        if !self.push_at(me, owned.block(), t, head) {
            return Err(owned);
        }
        let next = t.plus(1);
        hints.next_put.store(next.number(), Release); // hint
        self.help(self.cells.tail(), next, 1);
        Ok(())
    }

    /// Publishes a block at `t`, if that is free and `head`, which the shared head has reached,
    /// says that there is room.
    #[inline(always)]
    fn push_at(&self, me: Owner, block: Block, t: Position, head: Position) -> bool {
        let Some(state) = self.cells.state_of_own(block) else { return false };
        let slot = self.cells.slot(self.shape.index(t));
        let seen = Slot(slot.load(Acquire)); // pairs with: publish
        let has_room = (t.ahead_of(head) as u64) < self.shape.limit(); // none behind head either
        if !has_room || !self.shape.is_free(seen, t) {
            return false;
        }
        state.store(State::Queued { lane: self.lane, owner: me, position: t }.pack(), Release); // own
        let named = Slot::pack(self.shape.turn(t), block.bits());
        if t.number().is_multiple_of(STRIDE) {
            // The next line of slots, which the getters read a lap ago.
            prefetch::for_writing(self.cells.slot(self.shape.index(t.plus(STRIDE))));
        }
        // publish, edge: the look at the sleepers comes after it
        let published = slot.compare_exchange(seen.0, named, SeqCst, Relaxed).is_ok();
        // One that is put back stays on its way: `publish` goes on with it.
        if !published && !matches!(self.lane, Lane::Returned) {
            state.store(State::Held { lane: Lane::Free, owner: me, position: t }.pack(), Release); // own
        }
        published
    }

    /// Pushes the blocks of `batch`, which `me` owns, in order. Those that got in leave the batch.
    ///
    /// # Errors
    /// Why it stopped before the batch was empty.
    pub fn push(
        &self,
        me: Owner,
        batch: &mut Batch,
        hints: &Hints<C::Word>,
    ) -> Result<(), PushError> {
        let mut t = self.start(&hints.next_put, self.cells.tail(), "tail")?;
        let mut pushed = 0;
        let mut result = Ok(());
        for &block in batch.blocks() {
            if recall(&hints.head).is_some_and(|head| self.push_at(me, block, t, head)) {
                t = t.plus(1);
                pushed += 1;
                continue;
            }
            match self.publish(me, block, t, hints) {
                Ok(next) => t = next,
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
            pushed += 1;
        }
        if pushed != 0 {
            batch.given_away(pushed);
            hints.next_put.store(t.number(), Release); // hint
            self.help(self.cells.tail(), t, pushed as u64);
        }
        result
    }

    /// Pushes all blocks of `batch`, which `me` owns, into a ring that has a slot for each block
    /// there is and is never closed. Those that a damaged ring does not take stay in the batch.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn push_all(
        &self,
        me: Owner,
        batch: &mut Batch,
        hints: &Hints<C::Word>,
    ) -> Result<(), Corruption> {
        self.push(me, batch, hints).map_err(|error| match error {
            PushError::Corrupt(corruption) => corruption,
            PushError::Full | PushError::Closed => {
                let found = self.cells.tail().load(Relaxed); // for the error only
                self.corruption("tail", 0, found)
            }
        })
    }

    /// Publishes one block at the first free position from `t` on; returns the position after it.
    #[inline(never)]
    fn publish(
        &self,
        me: Owner,
        block: Block,
        mut t: Position,
        hints: &Hints<C::Word>,
    ) -> Result<Position, PushError> {
        let Some(state) = self.cells.state_of_own(block) else {
            return Err(self.corrupt("block", block.bits().into(), block.bits().into()));
        };
        // By `push_at`, perhaps.
        let mut offered = matches!(self.lane, Lane::Returned);
        let mut fuel = Fuel::new();
        let error = loop {
            let slot = self.cells.slot(self.shape.index(t));
            let mut seen = Slot(slot.load(Acquire)); // pairs with: publish
            if let Err(error) = self.require_room(t, self.shape.limit(), seen, hints) {
                break error;
            }
            // A slot that changes under us is looked at again before going on: behind a position
            // that was skipped, everything would be invisible, and the mark of `close` must not be
            // passed.
            let filled = loop {
                match self.shape.read(seen, t) {
                    Filled::Free => {
                        // own: whoever sees the slot name the block sees where it is queued.
                        state.store(
                            State::Queued { lane: self.lane, owner: me, position: t }.pack(),
                            Release,
                        );
                        offered = true;
                        let named = Slot::pack(self.shape.turn(t), block.bits());
                        // publish, edge: the look at the sleepers comes after it
                        match slot.compare_exchange(seen.0, named, SeqCst, Acquire) {
                            Ok(_) => return Ok(t.plus(1)),
                            Err(found) => seen = Slot(found),
                        }
                    }
                    filled => break filled,
                }
            };
            match filled {
                Filled::With(Block::CLOSED) => break PushError::Closed,
                Filled::Impossible => break self.corrupt("slot", t.number(), seen.0),
                // Left behind by a whole lap: what head has passed was filled.
                Filled::Overtaken => match self.beyond(t, seen) {
                    Ok(head) => t = head,
                    Err(corruption) => break corruption.into(),
                },
                _ => match self.later(t.plus(1), self.cells.tail(), "tail") {
                    Ok(later) => t = later,
                    Err(corruption) => break corruption.into(),
                },
            }
            if fuel.spend(self.cells.tail()) {
                let found = self.cells.tail().load(Relaxed); // for the error only
                break self.corrupt("tail", t.number(), found);
            }
        };
        if offered {
            // The slots do not name the block, and now its state does not say so either.
            let lane = match self.lane {
                Lane::Returned => Lane::Returned, // it still is a message
                Lane::Messages | Lane::Free => Lane::Free,
            };
            state.store(State::Held { lane, owner: me, position: t }.pack(), Release); // own
        }
        Err(error)
    }

    /// Whether fewer than `limit` blocks are queued before `t`.
    #[inline(always)]
    pub(super) fn require_room(
        &self,
        t: Position,
        limit: u64,
        at_t: Slot,
        hints: &Hints<C::Word>,
    ) -> Result<(), PushError> {
        if let Some(known) = recall(&hints.head) {
            let span = t.ahead_of(known);
            if span >= 0 && (span as u64) < limit {
                return Ok(());
            }
        }
        self.look_for_room(t, limit, at_t, hints)
    }

    /// Walks head past what has been claimed, until there is room before `t`.
    ///
    /// "Full" needs the block at head to be still queued, seen after `t` and head: then `t - head`
    /// blocks were in the ring at that instant. The shared head is moved before the answer, so that
    /// no slot is filled again that head has not passed.
    #[cold]
    fn look_for_room(
        &self,
        t: Position,
        limit: u64,
        at_t: Slot,
        hints: &Hints<C::Word>,
    ) -> Result<(), PushError> {
        let start = self.head()?;
        let mut h = start;
        let mut fuel = Fuel::new();
        let result = loop {
            if t.ahead_of(h) < limit as i64 {
                break Ok(());
            }
            let slot = Slot(self.cells.slot(self.shape.index(h)).load(Acquire)); // pairs with: publish
            match self.shape.read(slot, h) {
                Filled::With(Block::CLOSED) => break Err(PushError::Closed),
                Filled::With(block) => {
                    let Some(state) = self.cells.state(block) else {
                        break Err(self.corrupt("slot", h.number(), slot.0));
                    };
                    let word = state.load(Acquire); // pairs with: own
                    if State::is_queued_at(word, self.lane, h) {
                        break Err(match self.shape.read(at_t, t) {
                            Filled::With(Block::CLOSED) => PushError::Closed,
                            _ => PushError::Full,
                        });
                    }
                    h = h.plus(1);
                }
                Filled::Overtaken => match self.beyond(h, slot) {
                    Ok(later) => h = later,
                    Err(corruption) => break Err(corruption.into()),
                },
                Filled::Free | Filled::Impossible => {
                    break Err(self.corrupt("slot", h.number(), slot.0));
                }
            }
            if fuel.spend(self.cells.head()) {
                break Err(self.corrupt("head", t.number(), h.number()));
            }
        };
        if h != start {
            self.advance(self.cells.head(), start, h);
        }
        hints.head.store(h.number(), Release); // hint
        result
    }
}
