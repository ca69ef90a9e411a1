//! How to wait: for how long, and by what means.

use core::ops::ControlFlow;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::hint;
use std::time::Duration;

use ringway_core::Monotonic;
use ringway_core::attachment::Attachment;
use ringway_core::error::Fault;
use ringway_core::recovery::Search;
use ringway_core::waking::Event;

/// How a blocked put or get waits. Each handle that is opened chooses for itself; its clones wait alike.
///
/// ```
/// # use ringway::{Place, Queue, WaitStrategy};
/// let queue = Queue::<u32>::options().wait(WaitStrategy::Park).create(Place::Heap)?;
/// # queue.put(1)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

/// Shortest pause between two looks, in spin-loop hints of some 17 nanoseconds. Looking often costs the other side
/// nothing until there is something to see.
const PAUSE_MIN: u32 = 1;
/// For so many hints, about two microseconds, a pause stays as it is: who answers at once answers within that time.
const PROMPT_HINTS: u32 = 128;
/// Within what the longest pause lies: four and nine microseconds. A message takes about as long as two hints, so that a
/// pause of `maxsize` hints ends when the queue is about half full, or half empty.
const PAUSE_MAX: core::ops::RangeInclusive<u64> = 256..=512;
/// Spinning for so long, about a microsecond, is worth a look at the clock, and a yield to a partner on the same core.
const YIELD_HINTS: u32 = 64;
/// Who never sleeps looks for the dead after so many hints, some tens of milliseconds.
const WATCH_HINTS: u32 = 1 << 21;
/// How many hints an adaptive waiter spends before it sleeps: about ten microseconds.
const ADAPTIVE_HINTS: u32 = 600;

/// How long one side of a queue pauses before it looks again, as it has learned.
///
/// Each look at the edge drags the other side's cache lines over, so in a stream it pays to let a batch build up; but
/// who answers single messages must look soon. The number of messages between two visits to the edge tells which it is.
#[derive(Debug)]
pub(crate) struct Patience {
    longest: u32,
    pause: AtomicU32,
    last_visit: AtomicU64,
    /// Whether the last yield brought a batch.
    yields_pay: AtomicBool,
}

impl Patience {
    /// Of one side of a queue of `maxsize` messages.
    pub(crate) fn new(maxsize: u64) -> Self {
        let longest = maxsize.clamp(*PAUSE_MAX.start(), *PAUSE_MAX.end()) as u32;
        Self {
            longest,
            pause: AtomicU32::new(PAUSE_MIN),
            last_visit: AtomicU64::new(0),
            yields_pay: AtomicBool::new(false),
        }
    }

    /// The pause for this visit to the edge, after `progress` messages in all.
    fn learn(&self, progress: u64) -> u32 {
        let run = progress.wrapping_sub(self.last_visit.swap(progress, Relaxed));
        let pause = self.pause.load(Relaxed);
        let next = if run > 1 { pause * 2 } else { pause / 2 }.clamp(PAUSE_MIN, self.longest);
        self.pause.store(next, Relaxed);
        next
    }
}

/// How long the sleeper sleeps that looks for the dead.
const WATCH_SLICE: Duration = Duration::from_millis(50);
/// How long others sleep before they look at the queue again, per 16 of them.
const LOOK_SLICE: Duration = Duration::from_millis(100);

/// One side of a queue that waits.
#[derive(Clone, Copy)]
pub(crate) struct Waiter<'q> {
    pub(crate) at: &'q Attachment,
    pub(crate) strategy: WaitStrategy,
    pub(crate) patience: &'q Patience,
    pub(crate) event: Event,
    pub(crate) until: Until,
}

impl Waiter<'_> {
    /// Tries until it succeeds or the time is up (`None`).
    #[inline]
    pub(crate) fn wait<R>(
        self,
        mut attempt: impl FnMut() -> Result<ControlFlow<R>, Fault>,
    ) -> Result<Option<R>, Fault> {
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
        match self.spin(hints, &mut attempt)? {
            Spun::Done(done) => Ok(Some(done)),
            Spun::TimedOut => Ok(None),
            Spun::Enough => self.park(attempt),
        }
    }

    fn spin<R>(
        self,
        hints: u32,
        attempt: &mut impl FnMut() -> Result<ControlFlow<R>, Fault>,
    ) -> Result<Spun<R>, Fault> {
        let progress = self.at.message_hints();
        let mut pause = self.patience.learn(if self.event == Event::NotEmpty {
            progress.gets()
        } else {
            progress.puts()
        });
        let mut spent = 0_u32;
        // Who shares its core with its partner yields first, as the partner can do nothing while we pause.
        let mut since_yield = if self.patience.yields_pay.load(Relaxed) { YIELD_HINTS } else { 0 };
        while spent < hints {
            let mut batch = false;
            if since_yield >= YIELD_HINTS {
                since_yield = 0;
                if self.until.has_passed() {
                    return Ok(Spun::TimedOut);
                }
                std::thread::yield_now();
                batch = self.at.has_batch(self.event);
                self.patience.yields_pay.store(batch, Relaxed);
            }
            if !batch {
                rest(pause);
                since_yield += pause;
            }
            if let ControlFlow::Break(done) = attempt()? {
                return Ok(Spun::Done(done));
            }
            spent += pause;
            if spent > PROMPT_HINTS {
                pause = (pause * 2).min(self.patience.longest);
            }
            if spent > WATCH_HINTS {
                spent = PROMPT_HINTS;
                self.at.watch(self.search())?;
            }
        }
        Ok(Spun::Enough)
    }

    /// Blocks that nobody holds any more may be those of an entry that is alive, but whoever adopted it was stopped.
    fn search(self) -> Search {
        if self.event == Event::BlockFreed { Search::Thorough } else { Search::AfterDeath }
    }

    fn park<R>(
        self,
        mut attempt: impl FnMut() -> Result<ControlFlow<R>, Fault>,
    ) -> Result<Option<R>, Fault> {
        let Self { at, event, until, .. } = self;
        let mut guards = true;
        let mut slept_through: Option<bool> = None;
        let mut ticket = at.register(event);
        loop {
            if let ControlFlow::Break(done) = attempt()? {
                // Whoever woke us woke nobody else, and an earlier wake may have gone to somebody who died.
                // What is done is done, so damage that only shows now is left to the next operation.
                at.leave(event, ticket);
                if at.has_more(event).unwrap_or(true) {
                    at.announce(event, 1);
                }
                return Ok(Some(done));
            }
            if until.has_passed() {
                at.leave(event, ticket);
                return Ok(None);
            }
            if !at.is_current(event, ticket) {
                ticket = at.register(event);
                continue;
            }
            // One of all waiters looks for the dead; whoever looked last time does it next time, unless it was woken
            // before that time. Who is woken for nothing looks as well: others may go on for ever meanwhile.
            if let Some(slept_through) = slept_through {
                guards = at.watch(self.search())? || guards && !slept_through;
            }
            let slice = if guards {
                WATCH_SLICE
            } else {
                LOOK_SLICE * (at.registrations(event) / 16).clamp(1, 20)
            };
            at.sleep(event, ticket, Some(until.or_sooner(Monotonic::after(slice))));
            at.check_process()?;
            slept_through = Some(at.is_current(event, ticket));
        }
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
