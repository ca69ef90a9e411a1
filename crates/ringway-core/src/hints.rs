//! What a process remembers of a ring.

pub(crate) use core::sync::atomic::AtomicU64 as LocalWord;
use core::sync::atomic::Ordering::{Acquire, Relaxed};

use crate::position::Position;

/// What a process remembers of a ring, to spare looks at shared lines. What is out of date costs a look more.
#[derive(Debug)]
pub struct Hints {
    /// The shared head was here or further on.
    pub(crate) head: LocalWord,
    /// All positions before this one have been filled.
    pub(crate) next_put: LocalWord,
    /// All positions before this one have been claimed.
    pub(crate) next_get: LocalWord,
    /// Who pushed the block that was claimed last.
    pub(crate) pusher: LocalWord,
}

impl Default for Hints {
    fn default() -> Self {
        let unknown = || LocalWord::new(u64::MAX);
        Self {
            head: unknown(),
            next_put: unknown(),
            next_get: unknown(),
            pusher: LocalWord::new(0),
        }
    }
}

impl Hints {
    /// A number that grows with every put of this process.
    pub fn puts(&self) -> u64 {
        self.next_put.load(Relaxed)
    }
    /// A number that grows with every get of this process.
    pub fn gets(&self) -> u64 {
        self.next_get.load(Relaxed)
    }
}

/// The position in a hint, if it has one.
#[inline(always)]
pub(crate) fn recall(hint: &LocalWord) -> Option<Position> {
    let number = hint.load(Acquire); // pairs with: hint
    (number != u64::MAX).then(|| Position::new(number))
}
