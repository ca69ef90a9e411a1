//! Head and tail: where to begin, whether to believe it, and helping them on.

use super::hints::recall;
use super::shape::{Filled, Slot};
use super::{Cells, Ring};
use crate::corruption::Corruption;
use crate::position::Position;
use crate::word::{
    Ordering::{Acquire, Release},
    Word,
};

/// Head and tail are helped on when a position that divides by this is passed; others walk the
/// rest. Also the slots of a cache line.
pub(super) const STRIDE: u64 = 8;

impl<C: Cells> Ring<C> {
    /// Where to begin: the later of what this process remembers and the shared hint. Who did
    /// nothing for very long may remember what seems to lie far ahead, since positions wrap; the
    /// shared hint is never wrong, if it may lag.
    pub(super) fn start(
        &self,
        hint: &C::Word,
        word: &C::Word,
        name: &'static str,
    ) -> Result<Position, Corruption> {
        let shared = self.position(word);
        match recall(hint) {
            Some(remembered)
                if (0..=self.shape.slots() as i64).contains(&remembered.ahead_of(shared)) =>
            {
                Ok(remembered)
            }
            _ => self.reached(shared, name),
        }
    }

    /// The later of a position and a shared hint.
    #[inline(always)]
    pub(super) fn later(
        &self,
        position: Position,
        word: &C::Word,
        name: &'static str,
    ) -> Result<Position, Corruption> {
        let shared = self.position(word);
        if shared.ahead_of(position) > 0 { self.reached(shared, name) } else { Ok(position) }
    }

    /// The shared head, if slot `h` was used again since. Whoever filled it saw head beyond `h`,
    /// and so do we; else one of the two lies, and if it is head, then the next slot was used again
    /// as well.
    #[cold]
    pub(super) fn beyond(&self, h: Position, slot: Slot) -> Result<Position, Corruption> {
        let head = self.head()?;
        if head.ahead_of(h) > 0 {
            return Ok(head);
        }
        let next = Slot(self.cells.slot(self.shape.index(h.plus(1))).load(Acquire)); // pairs with: publish
        match self.shape.read(next, h.plus(1)) {
            Filled::Overtaken => Err(self.corruption("head", h.number(), head.number())),
            _ => Err(self.corruption("slot", h.number(), slot.0)),
        }
    }

    pub(super) fn head(&self) -> Result<Position, Corruption> {
        self.reached(self.position(self.cells.head()), "head")
    }

    pub(super) fn tail(&self) -> Result<Position, Corruption> {
        self.reached(self.position(self.cells.tail()), "tail")
    }

    /// A position that a shared hint says has been reached. Then the one before it was filled; a
    /// hint that ran ahead would hide what is queued behind it, or let a push leave a hole.
    #[inline]
    fn reached(&self, position: Position, name: &'static str) -> Result<Position, Corruption> {
        let before = position.minus(1);
        let slot = Slot(self.cells.slot(self.shape.index(before)).load(Acquire)); // pairs with: publish
        match self.shape.read(slot, before) {
            Filled::With(_) | Filled::Overtaken => Ok(position),
            Filled::Free | Filled::Impossible => {
                Err(self.corruption(name, before.number(), position.number()))
            }
        }
    }

    /// Helps `word` on to `to`, if one of the last `steps` positions before it ends a stride.
    #[inline(always)]
    pub(super) fn help(&self, word: &C::Word, to: Position, steps: u64) {
        if to.number() % STRIDE < steps {
            help_far(word, to);
        }
    }

    /// Helps `word` on from `from` to at least `to`.
    #[inline(always)]
    pub(super) fn advance(&self, word: &C::Word, from: Position, to: Position) {
        advance(word, from, to);
    }

    #[inline(always)]
    pub(super) fn position(&self, word: &C::Word) -> Position {
        Position::new(word.load(Acquire)) // pairs with: advance
    }
}

/// Apart from the ring, whose parts then need not be in memory.
#[inline(never)]
fn help_far<W: Word>(word: &W, to: Position) {
    let from = Position::new(word.load(Acquire)); // pairs with: advance
    advance(word, from, to);
}

#[inline(always)]
fn advance<W: Word>(word: &W, from: Position, to: Position) {
    let mut expected = from.number();
    if to.ahead_of(from) <= 0 {
        return;
    }
    loop {
        // advance
        match word.compare_exchange(expected, to.number(), Release, Acquire) {
            Ok(_) => return,
            Err(found) if to.ahead_of(Position::new(found)) <= 0 => return,
            Err(found) => expected = found,
        }
    }
}
