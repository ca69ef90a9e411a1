//! Until when to wait.

use std::time::{Duration, Instant};

use ringway_sys::clock::Monotonic;

/// Until when to wait.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// Not at all.
    Now,
    /// Until a deadline.
    At(Monotonic),
    /// Without end.
    Forever,
}

impl Until {
    /// For up to `timeout` from now on.
    #[must_use]
    pub fn after(timeout: Duration) -> Self {
        Self::At(Monotonic::after(timeout))
    }
    /// Whether the time is up.
    #[must_use]
    pub fn has_passed(self) -> bool {
        match self {
            Self::Now => true,
            Self::At(deadline) => Monotonic::now() >= deadline,
            Self::Forever => false,
        }
    }
    /// Returns `pause`, or the time that is left until the deadline if that is less.
    #[must_use]
    pub fn at_most(self, pause: Duration) -> Duration {
        match self {
            Self::Now => Duration::ZERO,
            Self::At(deadline) => {
                let left = deadline.as_nanos().saturating_sub(Monotonic::now().as_nanos());
                pause.min(Duration::from_nanos(left))
            }
            Self::Forever => pause,
        }
    }
    /// The earlier of the deadline and `slice`.
    pub(crate) fn or_sooner(self, slice: Monotonic) -> Monotonic {
        match self {
            Self::At(deadline) => deadline.min(slice),
            Self::Now | Self::Forever => slice,
        }
    }
}

impl From<Instant> for Until {
    fn from(deadline: Instant) -> Self {
        Self::At(deadline.into())
    }
}
