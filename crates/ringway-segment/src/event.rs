//! Event counts in shared memory: sleeping in the kernel, and waking.

use core::sync::atomic::{AtomicU32, AtomicU64};

use ringway_core::event_count::{EventCount, Ticket};
use ringway_sys::clock::Monotonic;
use ringway_sys::futex;

/// More sleepers than there can be.
pub(crate) const EVERYBODY: u32 = i32::MAX as u32;

/// An event count that the sleepers of all processes share.
#[derive(Clone, Copy)]
pub struct Event<'s>(EventCount<'s, AtomicU64>);

impl<'s> Event<'s> {
    /// The event count in `word`.
    #[inline(always)]
    pub(crate) const fn new(word: &'s AtomicU64) -> Self {
        Self(EventCount::new(word))
    }

    /// Its algorithm.
    #[inline(always)]
    pub(crate) const fn count(self) -> EventCount<'s, AtomicU64> {
        self.0
    }

    /// Wakes up to `count` sleepers if there are any.
    #[inline(always)]
    pub(crate) fn announce(self, count: u32) {
        if count != 0 && self.0.has_sleepers() {
            self.wake(count);
        }
    }

    #[cold]
    #[inline(never)]
    fn wake(self, count: u32) {
        self.0.notify(count, |count| futex::wake(sequence_of(self.0.word()), count));
    }

    /// Sleeps in the kernel until an announcement or the deadline. May return early.
    pub(crate) fn sleep(self, ticket: Ticket, deadline: Monotonic) -> futex::Outcome {
        futex::wait(sequence_of(self.0.word()), ticket.sequence(), Some(deadline))
    }
}

/// The half of an event word that the kernel compares.
fn sequence_of(word: &AtomicU64) -> &AtomicU32 {
    let half = if cfg!(target_endian = "little") { 0 } else { 1 };
    // SAFETY: both halves of an aligned 64-bit word are aligned 32-bit words. The kernel reads this
    // half atomically.
    unsafe { &*core::ptr::from_ref(word).cast::<AtomicU32>().add(half) }
}
