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

#[cfg(test)]
mod tests {
    use std::os::unix::thread::JoinHandleExt;
    use std::sync::atomic::Ordering::SeqCst;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::shm::memfd;
    use crate::testing::{Child, Mapping, alone};

    fn shared_word() -> (Mapping, Mapping) {
        let file = memfd("futex-test").unwrap();
        file.set_len(4096).unwrap();
        (Mapping::of(&file), Mapping::of(&file))
    }

    #[test]
    fn another_value_than_expected_does_not_sleep() {
        assert_eq!(wait(&AtomicU32::new(1), 0, None), Wait::Changed);
    }

    #[test]
    fn the_deadline_is_absolute() {
        let word = AtomicU32::new(0);
        let deadline = Monotonic::after(Duration::from_millis(20));
        while wait(&word, 0, Some(deadline)) != Wait::TimedOut {}
        assert!(Monotonic::now() >= deadline);
        assert_eq!(wait(&word, 0, Some(deadline)), Wait::TimedOut);
        assert_eq!(wait(&word, 0, Some(Monotonic::from_nanos(0))), Wait::TimedOut);
    }

    #[test]
    fn the_last_instant_is_a_deadline_too() {
        assert_eq!(
            wait(&AtomicU32::new(1), 0, Some(Monotonic::from_nanos(u64::MAX))),
            Wait::Changed
        );
    }

    #[test]
    fn a_wake_without_sleepers_wakes_nobody() {
        assert_eq!(wake(&AtomicU32::new(0), u32::MAX), 0);
    }

    #[test]
    fn a_wake_reaches_the_sleeper_of_another_mapping() {
        let (ours, theirs) = shared_word();
        thread::scope(|scope| {
            scope.spawn(|| while wait(theirs.word(), 0, None) != Wait::Changed {});
            while wake(ours.word(), 1) == 0 {
                thread::yield_now();
            }
            ours.word().store(1, SeqCst);
            wake(ours.word(), 1);
        });
    }

    #[test]
    fn a_wake_reaches_another_process() {
        let _alone = alone();
        let (ours, theirs) = shared_word();
        let mut child = Child::fork(|| {
            while wait(theirs.word(), 0, None) != Wait::Changed {}
            7
        });
        while wake(ours.word(), 1) == 0 {
            thread::yield_now();
        }
        ours.word().store(1, SeqCst);
        wake(ours.word(), 1);
        assert_eq!(child.wait(), 7);
    }

    #[test]
    fn a_wake_of_two_leaves_the_third_asleep() {
        let word = AtomicU32::new(0);
        let woken = AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let _ = wait(&word, 0, None);
                    woken.fetch_add(1, SeqCst);
                });
            }
            let mut sum = 0;
            while sum < 2 {
                sum += wake(&word, 2 - sum);
                thread::yield_now();
            }
            while wake(&word, 1) == 0 {
                thread::yield_now();
            }
        });
        assert_eq!(woken.into_inner(), 3);
    }

    extern "C" fn nothing(_: libc::c_int) {}

    #[test]
    fn signals_neither_end_a_wait_nor_move_its_deadline() {
        // SAFETY: the fields are numbers; the handler does nothing, and no other test uses the signal.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
            libc::sigaction(libc::SIGUSR1, &action, ptr::null_mut());
        }
        let deadline = Monotonic::after(Duration::from_millis(100));
        let sleeper = thread::spawn(move || wait(&AtomicU32::new(0), 0, Some(deadline)));
        while !sleeper.is_finished() {
            // SAFETY: the thread has not been joined, so its handle is valid.
            unsafe { libc::pthread_kill(sleeper.as_pthread_t(), libc::SIGUSR1) };
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(sleeper.join().unwrap(), Wait::TimedOut);
        assert!(Monotonic::now() >= deadline);
    }
}
