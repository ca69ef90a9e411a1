//! Closing: a mark that takes a position like a message.

use super::fuel::Fuel;
use super::hints::{Hints, recall};
use super::shape::{Filled, Slot};
use super::{Cells, PushError, Ring};
use crate::block::Block;
use crate::corruption::Corruption;
use crate::position::Position;
use crate::word::{
    Ordering::{Acquire, Relaxed, SeqCst},
    Word,
};

impl<C: Cells> Ring<C> {
    /// Closes the ring: after it, no push succeeds. Returns whether this call did it.
    ///
    /// The mark takes a position like a message, so what was acknowledged before it can still be
    /// claimed.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn close(&self, hints: &Hints<C::Word>) -> Result<bool, Corruption> {
        let start = self.tail()?;
        let mut t = start;
        let mut fuel = Fuel::new();
        loop {
            let slot = self.cells.slot(self.shape.index(t));
            let seen = Slot(slot.load(Acquire)); // pairs with: publish
            match self.shape.read(seen, t) {
                Filled::With(Block::CLOSED) => return Ok(false),
                Filled::Impossible => return Err(self.corruption("slot", t.number(), seen.0)),
                Filled::With(_) => t = self.later(t.plus(1), self.cells.tail(), "tail")?,
                Filled::Overtaken => {
                    t = self.later(self.beyond(t, seen)?, self.cells.tail(), "tail")?
                }
                Filled::Free => {
                    // The mark may stand at maxsize, but never on a slot that head has not passed.
                    match self.require_room(t, self.shape.slots(), seen, hints) {
                        Err(PushError::Corrupt(corruption)) => return Err(corruption),
                        Err(PushError::Closed) => return Ok(false),
                        Err(PushError::Full) => {
                            return Err(self.corruption("head", t.number(), seen.0));
                        }
                        Ok(()) => {}
                    }
                    let mark = self.shape.naming(t, Block::CLOSED);
                    // publish, edge
                    if slot.compare_exchange(seen.0, mark, SeqCst, Acquire).is_ok() {
                        self.advance(self.cells.tail(), start, t);
                        return Ok(true);
                    }
                }
            }
            if fuel.spend(self.cells.tail()) {
                let found = self.cells.tail().load(Relaxed); // for the error only
                return Err(self.corruption("tail", t.number(), found));
            }
        }
    }

    /// Whether the ring was closed.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn is_closed(&self) -> Result<bool, Corruption> {
        Ok(self.is_closed_at(self.first_unfilled(self.tail()?)?))
    }

    /// The same for a caller that is about to push, by a look at the slot that it would fill and at
    /// no shared hint. It may miss the mark when others pushed since.
    ///
    /// # Errors
    /// [`Corruption`].
    #[inline]
    pub fn seems_closed(&self, hints: &Hints<C::Word>) -> Result<bool, Corruption> {
        match recall(&hints.next_put) {
            Some(t) => Ok(self.is_closed_at(t)),
            None => self.is_closed(),
        }
    }

    #[inline]
    fn is_closed_at(&self, t: Position) -> bool {
        let slot = Slot(self.cells.slot(self.shape.index(t)).load(Acquire)); // pairs with: publish
        matches!(self.shape.read(slot, t), Filled::With(Block::CLOSED))
    }
}
