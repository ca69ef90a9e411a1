//! The engine: one caller that waits.

use core::ops::ControlFlow;
use std::hint;
use std::time::Duration;

use ringway_core::event_count::Ticket;
use ringway_sys::clock::Monotonic;
use ringway_sys::futex;

use super::{Awaited, Until, WaitStrategy};
use crate::attachment::Attachment;
use crate::error::SegmentError;
use crate::event::Event;
use crate::watch::{self, Waiting};

/// For this number of hints, about two microseconds, a pause stays as it is: a partner that sends
/// single messages does so within that time.
const PROMPT_HINTS: u32 = 128;
/// Spinning for this long, about a microsecond, is worth a look at the clock, and a yield to a
/// partner on the same core.
const YIELD_HINTS: u32 = 64;
/// A caller that never sleeps looks for the dead after this number of hints, some tens of
/// milliseconds.
const WATCH_HINTS: u32 = 1 << 21;
/// How many hints an adaptive waiter spends before it sleeps: about ten microseconds.
const ADAPTIVE_HINTS: u32 = 600;

/// How long the sleeper sleeps that looks for the dead.
const WATCH_SLICE: Duration = Duration::from_millis(50);
/// How long others sleep at least before they look at the object again.
const LOOK_SLICE: Duration = Duration::from_millis(100);

/// A caller that waits at an object.
#[derive(Clone, Copy)]
pub struct Waiter<'o, A> {
    /// The attachment of its segment.
    pub attachment: &'o Attachment,
    /// What it waits for.
    pub awaited: A,
    /// By what means.
    pub strategy: WaitStrategy,
    /// Until when.
    pub until: Until,
    /// Whether a signal ends the wait, with [`SegmentError::Interrupted`].
    pub is_interruptible: bool,
}

impl<'o, A: Awaited<'o>> Waiter<'o, A> {
    /// Tries until an attempt succeeds or the time is up (`None`).
    ///
    /// # Errors
    /// [`SegmentError`] of an attempt, or of the look for the dead.
    #[inline]
    pub fn wait<R>(
        self,
        mut attempt: impl FnMut() -> Result<ControlFlow<R>, SegmentError>,
    ) -> Result<Option<R>, SegmentError> {
        self.wait_in_two(&mut attempt, |_| Ok(ControlFlow::Continue(())))
    }

    /// The same, but `before_sleep` is called once before the caller sleeps: it may break off. It
    /// is handed the attempt, and what it does is undone by no one.
    ///
    /// # Errors
    /// As of [`wait`](Self::wait).
    #[inline]
    pub fn wait_in_two<R, F>(
        self,
        attempt: &mut F,
        before_sleep: impl FnOnce(&mut F) -> Result<ControlFlow<R>, SegmentError>,
    ) -> Result<Option<R>, SegmentError>
    where
        F: FnMut() -> Result<ControlFlow<R>, SegmentError>,
    {
        if let ControlFlow::Break(done) = attempt()? {
            return Ok(Some(done));
        }
        if matches!(self.until, Until::Now) {
            return Ok(None);
        }
        let hints = match self.strategy {
            WaitStrategy::Spin => u32::MAX,
            WaitStrategy::Adaptive => ADAPTIVE_HINTS,
            WaitStrategy::Park => 0,
        };
        match self.spin(hints, attempt)? {
            Spun::Done(done) => return Ok(Some(done)),
            Spun::TimedOut => return Ok(None),
            Spun::Enough => {}
        }
        match before_sleep(attempt)? {
            ControlFlow::Break(done) => Ok(Some(done)),
            ControlFlow::Continue(()) => self.park(attempt),
        }
    }

    fn spin<R>(
        self,
        hints: u32,
        attempt: &mut impl FnMut() -> Result<ControlFlow<R>, SegmentError>,
    ) -> Result<Spun<R>, SegmentError> {
        let patience = self.awaited.patience();
        let mut pause = patience.learn(self.awaited.progress());
        let mut spent = 0_u32;
        let mut waiting = None;
        // A caller that shares its core with its partner yields first, as the partner can do
        // nothing while it pauses.
        let mut since_yield = if patience.yields_pay() { YIELD_HINTS } else { 0 };
        while spent < hints {
            let mut has_batch = false;
            if since_yield >= YIELD_HINTS {
                since_yield = 0;
                if self.until.has_passed() {
                    // A caller whose waits are all too short to come to a look below looks here.
                    let _waiting = Waiting::at(self.attachment);
                    self.look()?;
                    return Ok(Spun::TimedOut);
                }
                std::thread::yield_now();
                has_batch = self.awaited.has_batch();
                patience.learn_of_yield(has_batch);
            }
            if !has_batch {
                rest(pause);
                since_yield += pause;
            }
            if let ControlFlow::Break(done) = attempt()? {
                return Ok(Spun::Done(done));
            }
            spent += pause;
            if spent > PROMPT_HINTS {
                pause = (pause * 2).min(patience.longest());
            }
            if spent > WATCH_HINTS {
                spent = PROMPT_HINTS;
                waiting.get_or_insert_with(|| Waiting::at(self.attachment));
                self.look()?;
            }
        }
        Ok(Spun::Enough)
    }

    /// Looks for the dead, if it is this caller's turn, and for words that hide what it waits for.
    fn look(self) -> Result<bool, SegmentError> {
        let inside = self.attachment.enter()?;
        let has_looked = watch::look(self.attachment)?;
        self.awaited.glance()?;
        if !has_looked {
            return Ok(false);
        }
        self.awaited.check(inside)?;
        Ok(true)
    }

    fn park<R>(
        self,
        attempt: &mut impl FnMut() -> Result<ControlFlow<R>, SegmentError>,
    ) -> Result<Option<R>, SegmentError> {
        let event = self.awaited.event();
        let waiting = Waiting::at(self.attachment);
        let mut registered = Registered { event, ticket: event.count().register() };
        loop {
            if let ControlFlow::Break(done) = attempt()? {
                // The waker woke no other sleeper, and an earlier wake may have gone to one that
                // died. What is done is done, so damage that only shows now is left to the next
                // operation.
                drop(registered);
                if self.awaited.has_more().unwrap_or(true) {
                    event.announce(1);
                }
                return Ok(Some(done));
            }
            if self.until.has_passed() {
                return Ok(None);
            }
            if !event.count().is_current(registered.ticket) {
                registered.ticket = event.count().register();
                continue;
            }
            // One of all waiters of this process looks for the dead, however briefly each of them
            // waits, and however often it is woken.
            let slice = if self.look()? {
                WATCH_SLICE
            } else {
                look_slice(waiting.in_process(), event.count().registrations())
            };
            let deadline = self.until.or_sooner(Monotonic::after(slice));
            let slept = event.sleep(registered.ticket, deadline);
            self.attachment.enter()?;
            if matches!(slept, futex::Outcome::Woken { .. }) {
                // The waker takes our registration back.
                registered.ticket = event.count().register();
            }
            if slept == futex::Outcome::Interrupted && self.is_interruptible {
                return Err(SegmentError::Interrupted);
            }
        }
    }
}

/// How long a caller that does not look for the dead sleeps. The more wait at its object, the more
/// often one of them looks there; the more wait in its process, the less each may cost.
fn look_slice(in_process: u32, at_object: u32) -> Duration {
    LOOK_SLICE * (in_process / 16).clamp(1, 20).max((at_object / 4).clamp(1, 40))
}

/// A registration, taken back when the caller does not sleep any longer, however it ends.
struct Registered<'o> {
    event: Event<'o>,
    ticket: Ticket,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.event.count().leave(self.ticket);
    }
}

fn rest(hints: u32) {
    for _ in 0..hints {
        hint::spin_loop();
    }
}

enum Spun<R> {
    Done(R),
    TimedOut,
    /// Time to sleep.
    Enough,
}
