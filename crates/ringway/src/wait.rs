//! How to wait: for how long, and by what means.

use core::ops::ControlFlow;
use std::hint;
use std::time::Duration;

use ringway_core::Monotonic;
use ringway_core::attachment::{Attachment, Event};
use ringway_core::error::Fault;

/// How a blocked put or get waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum WaitStrategy {
    /// Never sleep. Least delay; it burns a core for each waiting thread and yields it now and then.
    Spin,
    /// Spin for some microseconds, then sleep in the kernel. The right choice without measuring.
    #[default]
    Adaptive,
    /// Sleep at once. Least CPU.
    Park,
}

/// Until when to wait.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    Now,
    At(Monotonic),
    Forever,
}

impl Until {
    pub(crate) fn after(timeout: Duration) -> Self {
        Self::At(Monotonic::after(timeout))
    }
    fn has_passed(self) -> bool {
        match self {
            Self::Now => true,
            Self::At(deadline) => Monotonic::now() >= deadline,
            Self::Forever => false,
        }
    }
    fn or_sooner(self, slice: Monotonic) -> Monotonic {
        match self {
            Self::At(deadline) => deadline.min(slice),
            Self::Now | Self::Forever => slice,
        }
    }
}

/// First pause, in spin-loop hints; each further one is twice as long. Who finds the edge lets a batch build up before
/// it asks again, since each question drags the other side's cache line over.
const FIRST_PAUSE: u32 = 16;
/// Pauses before an adaptive waiter sleeps: about 9 microseconds in all.
const ADAPTIVE_PAUSES: u32 = 5;
/// A spinning waiter's longest pause is `FIRST_PAUSE << SPIN_PAUSES_MAX`.
const SPIN_PAUSES_MAX: u32 = 3;
/// How long the sleeper sleeps that looks for the dead.
const WATCH_SLICE: Duration = Duration::from_millis(50);
/// How long others sleep before they look at the queue again, per 16 of them.
const LOOK_SLICE: Duration = Duration::from_millis(100);

/// Tries until it succeeds or the time is up (`None`).
#[inline]
pub(crate) fn wait<R>(
    at: &Attachment,
    strategy: WaitStrategy,
    event: Event,
    until: Until,
    mut attempt: impl FnMut() -> Result<ControlFlow<R>, Fault>,
) -> Result<Option<R>, Fault> {
    if let ControlFlow::Break(done) = attempt()? {
        return Ok(Some(done));
    }
    if matches!(until, Until::Now) {
        return Ok(None);
    }
    wait_long(at, strategy, event, until, attempt)
}

#[cold]
fn wait_long<R>(
    at: &Attachment,
    strategy: WaitStrategy,
    event: Event,
    until: Until,
    mut attempt: impl FnMut() -> Result<ControlFlow<R>, Fault>,
) -> Result<Option<R>, Fault> {
    let pauses = match strategy {
        WaitStrategy::Spin => return spin(at, until, attempt),
        WaitStrategy::Adaptive => ADAPTIVE_PAUSES,
        WaitStrategy::Park => 0,
    };
    for round in 0..pauses {
        pause(FIRST_PAUSE << round);
        if let ControlFlow::Break(done) = attempt()? {
            return Ok(Some(done));
        }
    }
    park(at, event, until, attempt)
}

fn spin<R>(
    at: &Attachment,
    until: Until,
    mut attempt: impl FnMut() -> Result<ControlFlow<R>, Fault>,
) -> Result<Option<R>, Fault> {
    let mut round = 0_u32;
    loop {
        pause(FIRST_PAUSE << round.min(SPIN_PAUSES_MAX));
        if let ControlFlow::Break(done) = attempt()? {
            return Ok(Some(done));
        }
        round = round.wrapping_add(1);
        if round.is_multiple_of(16) {
            if until.has_passed() {
                return Ok(None);
            }
            std::thread::yield_now();
        }
        if round.is_multiple_of(4096) {
            at.watch()?;
        }
    }
}

fn park<R>(
    at: &Attachment,
    event: Event,
    until: Until,
    mut attempt: impl FnMut() -> Result<ControlFlow<R>, Fault>,
) -> Result<Option<R>, Fault> {
    let mut guards = true;
    let mut ticket = at.register(event);
    loop {
        if let ControlFlow::Break(done) = attempt()? {
            // Whoever woke us woke nobody else, and an earlier wake may have gone to somebody who died.
            if at.has_more(event)? {
                at.announce(event, 1);
            }
            return Ok(Some(done));
        }
        if until.has_passed() {
            return Ok(None);
        }
        if !at.is_current(event, ticket) {
            ticket = at.register(event);
            continue;
        }
        let slice = if guards { WATCH_SLICE } else { LOOK_SLICE * (at.registrations(event) / 16).clamp(1, 20) };
        at.sleep(event, ticket, Some(until.or_sooner(Monotonic::after(slice))));
        at.check_process()?;
        if at.is_current(event, ticket) {
            // Nobody woke us. One of all waiters looks for the dead; whoever looked last time does it next time.
            guards = at.watch()?;
        }
    }
}

#[inline]
fn pause(hints: u32) {
    for _ in 0..hints {
        hint::spin_loop();
    }
}
