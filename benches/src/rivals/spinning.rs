//! How ends wait, above all those that have no waiting of their own.

use std::hint::spin_loop;
use std::thread::yield_now;

use crossbeam_utils::Backoff;

use crate::workload::Kind;

/// A way to wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// At once, then after growing pauses, then yielding the core. This is quick where one message
    /// is on its way.
    Spin,
    /// After pauses that are long from the first, then yielding the core. Meanwhile the other side
    /// gets ahead, and lines of the cache go from core to core for many messages at once: slow for
    /// one message, and the most a second.
    Pause,
    /// As the crate does it, and spinning where it does not.
    Sleep,
}

/// The first two pauses of [`Wait::Pause`], in turns of an empty loop; some microseconds.
const PAUSES: [u32; 2] = [256, 512];

impl Wait {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spin => "spins, yields",
            Self::Pause => "pauses, yields",
            Self::Sleep => "sleeps",
        }
    }

    /// What ends that wait so are measured in.
    pub fn joins(self, kind: Kind) -> bool {
        self != Self::Pause || kind == Kind::Throughput
    }

    /// Tries until it works.
    #[inline]
    pub fn until<T>(self, mut attempt: impl FnMut() -> Option<T>) -> T {
        let backoff = Backoff::new();
        let mut pauses = PAUSES.into_iter();
        loop {
            if let Some(done) = attempt() {
                return done;
            }
            match self {
                Self::Spin | Self::Sleep => backoff.snooze(),
                Self::Pause => match pauses.next() {
                    Some(turns) => (0..turns).for_each(|_| spin_loop()),
                    None => yield_now(),
                },
            }
        }
    }
}
