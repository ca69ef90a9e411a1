//! What a process remembers of a ring, to spare looks at shared lines. What is out of date costs a
//! look more.

use crate::position::{POSITION_MASK, Position};
use crate::word::{
    Ordering::{Acquire, Relaxed},
    Word,
};

/// What the threads of a process remember of a ring.
#[derive(Debug)]
pub struct Hints<W> {
    /// The shared head was here or further on.
    pub(crate) head: W,
    /// All positions before this one have been filled.
    pub(crate) next_put: W,
    /// All positions before this one have been claimed.
    pub(crate) next_get: W,
    /// The state of the block that was claimed last, before the claim and but for its position: it
    /// names the pusher.
    pub(crate) pusher: W,
}

const UNKNOWN: u64 = u64::MAX;
/// Of no state, so that no claim succeeds by it.
const NO_PUSHER: u64 = !POSITION_MASK;

impl<W: Word> Default for Hints<W> {
    fn default() -> Self {
        Self {
            head: W::new(UNKNOWN),
            next_put: W::new(UNKNOWN),
            next_get: W::new(UNKNOWN),
            pusher: W::new(NO_PUSHER),
        }
    }
}

impl<W: Word> Hints<W> {
    /// A number that grows with every put of this process.
    pub fn puts(&self) -> u64 {
        self.next_put.load(Relaxed) // compared only
    }
    /// A number that grows with every get of this process.
    pub fn gets(&self) -> u64 {
        self.next_get.load(Relaxed) // compared only
    }
}

/// The position in a hint, if it has one.
#[inline(always)]
pub(crate) fn recall<W: Word>(hint: &W) -> Option<Position> {
    let number = hint.load(Acquire); // pairs with: hint
    (number != UNKNOWN).then(|| Position::kept(number))
}
