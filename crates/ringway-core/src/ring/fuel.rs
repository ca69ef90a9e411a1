//! A bound on the steps of one call, for words that lie.

use crate::word::{Ordering::Relaxed, Word};

/// After this number of steps without any progress of others, a word lies.
const STEPS: u32 = 1 << 16;
/// How often others may go on meanwhile. A caller that loses every race to them is slow, as under a
/// debugger, and has met no damage.
const REFILLS: u32 = 1 << 10;

/// What one call may spend. Each step is another's progress, a place where helpers died, or a word
/// that no correct process wrote; so many of the second in one call are not to be expected.
pub(super) struct Fuel {
    steps: u32,
    refills: u32,
    seen: u64,
}

impl Fuel {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self { steps: STEPS, refills: REFILLS, seen: u64::MAX }
    }

    /// Spends a step; returns whether there is none left. `word` is the one of head and tail that
    /// others move on.
    #[inline(always)]
    pub(super) fn spend(&mut self, word: &impl Word) -> bool {
        self.steps -= 1;
        self.steps == 0 && !self.refill(word)
    }

    #[cold]
    fn refill(&mut self, word: &impl Word) -> bool {
        let found = word.load(Relaxed); // compared only
        let moved = found != self.seen && self.refills != 0;
        *self = Self { steps: STEPS, refills: self.refills.saturating_sub(1), seen: found };
        moved
    }
}
