//! Sleeping on a word of shared memory until somebody wakes the sleepers.
//!
//! The futexes are never PRIVATE: the kernel finds the word by the memory behind it, so that processes meet which map
//! it at different addresses.

use std::io;
use std::ptr;
use std::sync::atomic::AtomicU32;

use crate::clock::Monotonic;

/// Why [`wait`] came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "only a look at the data tells whether the wait is over"]
pub enum Wait {
    /// Somebody woke us, or nobody did: it may be spurious.
    Woken,
    /// The word had another value than expected, so there was no sleep.
    Changed,
    /// The deadline has passed.
    TimedOut,
}

/// Sleeps while `word` is `expected`, until [`wake`] or until `deadline`; `None` waits without limit.
///
/// The comparison and falling asleep are one step to the kernel: a wake that follows a change of the word is not
/// missed. Signals neither end the wait nor move its deadline. A deadline in the past gives [`Wait::TimedOut`], or
/// [`Wait::Changed`]. Failures of the kernel (the memory behind the word is gone) count as [`Wait::Woken`].
pub fn wait(word: &AtomicU32, expected: u32, deadline: Option<Monotonic>) -> Wait {
    let time = deadline.map(Monotonic::as_timespec);
    let time = time.as_ref().map_or(ptr::null(), ptr::from_ref);
    loop {
        // SAFETY: the word is borrowed and so is mapped and aligned; `time` is null or points to a local that lives
        // on. With FUTEX_WAIT_BITSET the time is absolute on CLOCK_MONOTONIC, so a repetition keeps the deadline.
        let result = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT_BITSET,
                expected,
                time,
                ptr::null::<u32>(),
                libc::FUTEX_BITSET_MATCH_ANY,
            )
        };
        if result == 0 {
            return Wait::Woken;
        }
        match io::Error::last_os_error().raw_os_error() {
            Some(libc::EINTR) => {}
            Some(libc::EAGAIN) => return Wait::Changed,
            Some(libc::ETIMEDOUT) => return Wait::TimedOut,
            _ => return Wait::Woken,
        }
    }
}

/// Wakes at most `count` sleepers of `word`, in any process, and answers how many it woke; 0 also on an error.
pub fn wake(word: &AtomicU32, count: u32) -> u32 {
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    // SAFETY: the word is borrowed and so is mapped and aligned; the kernel does not write to it.
    let woken = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, count) };
    u32::try_from(woken).unwrap_or(0)
}
