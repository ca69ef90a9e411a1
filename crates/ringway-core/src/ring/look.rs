//! Questions: how many there are, and whether what is seen can be true.

use super::fuel::Fuel;
use super::hints::{Hints, recall};
use super::shape::{Filled, Slot};
use super::{Cells, Ring};
use crate::block::Block;
use crate::corruption::Corruption;
use crate::position::Position;
use crate::state::State;
use crate::word::{
    Ordering::{Acquire, Release},
    Word,
};

impl<C: Cells> Ring<C> {
    /// Looks whether the slot of the next message lies that it is free, and so hides all that is
    /// queued behind it. For whoever waits: a head or tail that lies is found by whoever believes
    /// it.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn check(&self, hints: &Hints<C::Word>) -> Result<(), Corruption> {
        self.require_end(self.start(&hints.next_get, self.cells.head(), "head")?)
    }

    /// How many blocks were queued at one instant of the call.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn len(&self) -> Result<u64, Corruption> {
        let mut fuel = Fuel::new();
        loop {
            let h = self.head()?;
            let slot = Slot(self.cells.slot(self.shape.index(h)).load(Acquire)); // pairs with: publish
            match self.shape.read(slot, h) {
                Filled::Free => return self.require_end(h).map(|()| 0),
                Filled::With(Block::CLOSED) => return Ok(0),
                Filled::Overtaken => _ = self.beyond(h, slot)?,
                Filled::Impossible => return Err(self.corruption("slot", h.number(), slot.0)),
                Filled::With(block) => {
                    let Some(state) = self.cells.state(block) else {
                        return Err(self.corruption("slot", h.number(), slot.0));
                    };
                    let before = state.load(Acquire); // pairs with: own
                    if State::is_queued_at(before, self.lane, h) {
                        let tail = self.tail()?;
                        let from = if tail.ahead_of(h) < 0 { h } else { tail };
                        // Slots are read before the state is read again: if the oldest is the same,
                        // all between were queued when the last slot was read.
                        let t = self.first_unfilled(from)?;
                        // pairs with: own
                        if state.load(Acquire) == before {
                            return Ok(t.ahead_of(h) as u64);
                        }
                    } else {
                        self.advance(self.cells.head(), h, h.plus(1));
                    }
                }
            }
            if fuel.spend(self.cells.head()) {
                return Err(self.corruption("head", h.number(), slot.0));
            }
        }
    }

    /// Whether there is nothing to claim, as far as a quick look tells: what is said was true at
    /// some instant of the call, but that there is something may be out of date.
    ///
    /// # Errors
    /// [`Corruption`].
    #[inline]
    pub fn seems_empty(&self, hints: &Hints<C::Word>) -> Result<bool, Corruption> {
        match recall(&hints.next_get) {
            Some(h) if self.is_free(h) => Ok(true),
            _ => Ok(self.empty_at(hints)?.is_some()),
        }
    }

    /// The position of the next block, if that is not filled: then there was nothing to claim.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn empty_at(&self, hints: &Hints<C::Word>) -> Result<Option<Position>, Corruption> {
        // What is remembered may be out of date, and head beyond it.
        let h = self.start(&hints.next_get, self.cells.head(), "head")?;
        hints.next_get.store(h.number(), Release); // hint
        Ok(self.is_free(h).then_some(h))
    }

    /// Whether `position` is not filled.
    #[inline]
    pub fn is_free(&self, position: Position) -> bool {
        let slot = Slot(self.cells.slot(self.shape.index(position)).load(Acquire)); // pairs with: publish
        matches!(self.shape.read(slot, position), Filled::Free)
    }

    /// About how many are queued, as the hints head and tail say.
    pub fn approx_len(&self) -> u64 {
        let (head, tail) = (self.position(self.cells().head()), self.position(self.cells().tail()));
        tail.ahead_of(head).clamp(0, self.shape().limit() as i64) as u64
    }

    /// Whether nothing was queued at one instant of the call.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn is_empty(&self) -> Result<bool, Corruption> {
        Ok(self.len()? == 0)
    }

    /// Whether `block` is published at `position`: its slot names it.
    #[inline]
    pub fn is_published(&self, position: Position, block: Block) -> bool {
        let slot = Slot(self.cells.slot(self.shape.index(position)).load(Acquire)); // pairs with: publish
        matches!(self.shape.read(slot, position), Filled::With(named) if named == block)
    }

    /// The position of the next message, or of the mark of `close`.
    pub(super) fn first_unfilled(&self, from: Position) -> Result<Position, Corruption> {
        let mut t = from;
        let mut fuel = Fuel::new();
        loop {
            let slot = Slot(self.cells.slot(self.shape.index(t)).load(Acquire)); // pairs with: publish
            match self.shape.read(slot, t) {
                Filled::Free | Filled::With(Block::CLOSED) => return Ok(t),
                Filled::Impossible => return Err(self.corruption("slot", t.number(), slot.0)),
                Filled::With(_) => t = self.later(t.plus(1), self.cells.tail(), "tail")?,
                Filled::Overtaken => {
                    t = self.later(self.beyond(t, slot)?, self.cells.tail(), "tail")?
                }
            }
            if fuel.spend(self.cells.tail()) {
                return Err(self.corruption("tail", t.number(), slot.0));
            }
        }
    }

    /// Makes sure that a slot which said that it is free is not one of those before tail.
    fn require_end(&self, h: Position) -> Result<(), Corruption> {
        if self.tail()?.ahead_of(h) > 0 {
            let slot = Slot(self.cells.slot(self.shape.index(h)).load(Acquire)); // after tail; pairs with: publish
            if matches!(self.shape.read(slot, h), Filled::Free | Filled::Impossible) {
                return Err(self.corruption("slot", h.number(), slot.0));
            }
        }
        Ok(())
    }
}
