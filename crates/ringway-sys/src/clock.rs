//! Instants that all processes of the machine agree on.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// An instant on CLOCK_MONOTONIC: nanoseconds since some moment near boot, the same for every
/// process of one time namespace. This clock cannot be set; it stands still while the machine is
/// suspended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Monotonic(u64);

impl Monotonic {
    /// The present instant.
    pub fn now() -> Self {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is a local that the call fills in. CLOCK_MONOTONIC exists on every Linux,
        // so it cannot fail.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
        Self(time.tv_sec as u64 * NANOS_PER_SECOND + time.tv_nsec as u64)
    }
    /// The instant that lies `duration` ahead, or the last one there is.
    pub fn after(duration: Duration) -> Self {
        Self::now().saturating_add(duration)
    }
    /// Nanoseconds on this clock.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
    /// The instant with this number of nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }
    /// How long `earlier` is past at this instant; zero if it is not.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
    /// The instant `duration` later; `None` beyond the last one.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(u64::try_from(duration.as_nanos()).ok()?).map(Self)
    }
    /// The instant `duration` later, or the last one there is.
    pub fn saturating_add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or(Self(u64::MAX))
    }
    /// The instant `duration` earlier, or the first one there is.
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }

    pub(crate) fn as_timespec(self) -> libc::timespec {
        libc::timespec {
            tv_sec: (self.0 / NANOS_PER_SECOND) as libc::time_t,
            tv_nsec: (self.0 % NANOS_PER_SECOND) as libc::c_long,
        }
    }
}

/// An [`Instant`] is CLOCK_MONOTONIC too, but hides its number, so it is related to the present.
/// Instants beyond the ends of the clock become its ends.
impl From<Instant> for Monotonic {
    fn from(instant: Instant) -> Self {
        let (now, here) = (Instant::now(), Self::now());
        match instant.checked_duration_since(now) {
            Some(ahead) => here.saturating_add(ahead),
            None => here.saturating_sub(now.saturating_duration_since(instant)),
        }
    }
}

/// Nanoseconds since 1970 on the wall clock, which people may set: for showing, never for waiting.
/// A clock set to before 1970 gives 0.
pub fn unix_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back() {
        let first = Monotonic::now();
        assert!(Monotonic::now() >= first && first.as_nanos() > 0);
    }

    #[test]
    fn sums_stop_at_the_ends() {
        let one = Monotonic::from_nanos(1);
        let last = Monotonic::from_nanos(u64::MAX);
        assert_eq!(one.checked_add(Duration::from_nanos(2)), Some(Monotonic::from_nanos(3)));
        assert_eq!(last.checked_add(Duration::from_nanos(1)), None);
        assert_eq!(one.checked_add(Duration::MAX), None);
        assert_eq!(one.saturating_add(Duration::MAX), last);
        assert_eq!(Monotonic::after(Duration::MAX), last);
        assert_eq!(one.saturating_sub(Duration::from_nanos(2)), Monotonic::from_nanos(0));
        assert_eq!(one.saturating_sub(Duration::MAX), Monotonic::from_nanos(0));
    }

    #[test]
    fn the_time_since_something_later_is_zero() {
        let (early, late) = (Monotonic::from_nanos(5), Monotonic::from_nanos(12));
        assert_eq!(late.saturating_since(early), Duration::from_nanos(7));
        assert_eq!(early.saturating_since(late), Duration::ZERO);
    }

    #[test]
    fn a_timespec_is_split_at_the_second() {
        let time = Monotonic::from_nanos(3 * NANOS_PER_SECOND + 4).as_timespec();
        assert_eq!((time.tv_sec, time.tv_nsec), (3, 4));
    }

    #[test]
    fn an_instant_is_on_the_same_clock() {
        let before = Monotonic::now();
        let instant = Instant::now();
        let after = Monotonic::now();
        // The conversion happens later than the instant; the two clocks are read one after the
        // other, so it may come out later by the time that lies between, but never earlier.
        assert!(Monotonic::from(instant) >= before);
        assert!(
            Monotonic::from(instant + Duration::from_secs(60))
                >= before.saturating_add(Duration::from_secs(60))
        );
        assert!(Monotonic::from(instant) < after.saturating_add(Duration::from_secs(3600)));
        if let Some(past) = instant.checked_sub(Duration::from_millis(1)) {
            assert!(Monotonic::from(past) >= before.saturating_sub(Duration::from_millis(1)));
        }
    }

    #[test]
    fn the_wall_clock_agrees_with_the_standard_library() {
        let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        assert!(u128::from(unix_nanos()) >= before - u128::from(NANOS_PER_SECOND));
    }
}
