//! How long the callers of a process pause before they look again.

use core::ops::RangeInclusive;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Shortest pause between two looks, in spin-loop hints of some 17 nanoseconds. Looking often costs
/// the other side nothing until there is something to see.
const PAUSE_MIN: u32 = 1;
/// Within what the longest pause lies: four and nine microseconds. A message takes about as long as
/// two hints, so that a pause of `maxsize` hints ends when the queue is about half full, or half
/// empty.
const PAUSE_MAX: RangeInclusive<u64> = 256..=512;

/// How long one side of an object pauses before it looks again, as it has learned.
///
/// Each look at the edge drags the other side's cache lines over, so in a stream it pays to let a
/// batch build up; but a partner that sends single messages must be looked at soon. The number of
/// messages between two visits to the edge tells which it is.
#[derive(Debug)]
pub struct Patience {
    longest: u32,
    pause: AtomicU32,
    last_visit: AtomicU64,
    /// Whether the last yield brought a batch.
    yields_pay: AtomicBool,
}

// Every access is Relaxed: what one thread has learned is a guess for the others.
impl Patience {
    /// Of one side of an object that holds `limit` things.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        let longest = limit.clamp(*PAUSE_MAX.start(), *PAUSE_MAX.end()) as u32;
        Self {
            longest,
            pause: AtomicU32::new(PAUSE_MIN),
            last_visit: AtomicU64::new(0),
            yields_pay: AtomicBool::new(false),
        }
    }

    /// The longest pause.
    pub(super) fn longest(&self) -> u32 {
        self.longest
    }

    /// The pause for this visit to the edge, after `progress` successes in all.
    pub(super) fn learn(&self, progress: u64) -> u32 {
        let run = progress.wrapping_sub(self.last_visit.swap(progress, Relaxed)); // a guess
        let pause = self.pause.load(Relaxed); // a guess
        let next = if run > 1 { pause * 2 } else { pause / 2 }.clamp(PAUSE_MIN, self.longest);
        self.pause.store(next, Relaxed); // a guess
        next
    }

    /// Whether to begin with a yield.
    pub(super) fn yields_pay(&self) -> bool {
        self.yields_pay.load(Relaxed) // a guess
    }

    /// Whether a yield brought a batch.
    pub(super) fn learn_of_yield(&self, brought_batch: bool) {
        self.yields_pay.store(brought_batch, Relaxed); // a guess
    }
}
