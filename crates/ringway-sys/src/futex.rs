//! Sleeping on words of shared memory until another thread or process wakes the sleepers.
//!
//! The futexes are never PRIVATE: the kernel finds the word by the memory behind it, so that
//! processes meet which map it at different addresses.

use std::io;
use std::ptr;
use std::sync::atomic::AtomicU32;

use crate::clock::Monotonic;

/// Why [`wait`] or [`waitv`] returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "only a look at the data tells whether the wait is over"]
pub enum Outcome {
    /// A sleeper of this word was woken. That may be spurious, and other words may have been woken
    /// as well.
    Woken {
        /// The index of the word; 0 for [`wait`].
        word: usize,
    },
    /// A word had another value than expected, so there was no sleep.
    Changed,
    /// The deadline has passed.
    TimedOut,
    /// A signal handler ran in this thread.
    Interrupted,
}

/// Sleeps while `word` is `expected`, until [`wake`], a signal or `deadline`; `None` waits without
/// limit.
///
/// The comparison and falling asleep are one step to the kernel: a wake that follows a change of
/// the word is not missed. A deadline in the past gives [`Outcome::TimedOut`], or
/// [`Outcome::Changed`]. Each signal whose handler runs in this thread gives
/// [`Outcome::Interrupted`], also with SA_RESTART; a stop and a continue do not. Failures of the
/// kernel (the memory behind the word is gone) count as [`Outcome::Woken`].
pub fn wait(word: &AtomicU32, expected: u32, deadline: Option<Monotonic>) -> Outcome {
    // A wait without a time limit would be restarted silently after a handler with SA_RESTART. The
    // end of time is centuries away.
    let time = deadline.unwrap_or(Monotonic::from_nanos(u64::MAX)).as_timespec();
    // SAFETY: the word is borrowed and so is mapped and aligned; `time` is a local that lives on.
    // With FUTEX_WAIT_BITSET the time is absolute on CLOCK_MONOTONIC.
    let result = unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT_BITSET,
            expected,
            &raw const time,
            ptr::null::<u32>(),
            libc::FUTEX_BITSET_MATCH_ANY,
        )
    };
    if result == 0 {
        return Outcome::Woken { word: 0 };
    }
    ended(&io::Error::last_os_error()).unwrap_or(Outcome::Woken { word: 0 })
}

/// How many words [`waitv`] can wait for at once.
pub const MOST_WORDS: usize = 128;

/// Sleeps while each word has the value beside it, until one of them is woken, a signal or
/// `deadline`; `None` waits without limit.
///
/// As [`wait`], but a handler with SA_RESTART does not end the wait: the kernel restarts it.
///
/// # Errors
/// * `InvalidInput` if there are no words, or more than [`MOST_WORDS`].
/// * `Unsupported` (ENOSYS) before Linux 5.16, and where a filter of system calls says the same.
/// * `PermissionDenied` (EPERM) where a filter of system calls forbids it, as those of older
///   container engines do.
/// * Others of futex_waitv(2): EFAULT if the memory behind a word is gone, ENOMEM.
pub fn waitv(words: &[(&AtomicU32, u32)], deadline: Option<Monotonic>) -> io::Result<Outcome> {
    if words.is_empty() || words.len() > MOST_WORDS {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let mut waiters = [Waiter::default(); MOST_WORDS];
    for (waiter, (word, expected)) in waiters.iter_mut().zip(words) {
        *waiter = Waiter {
            expected: (*expected).into(),
            address: word.as_ptr().expose_provenance() as u64,
            flags: FUTEX2_SIZE_U32,
            reserved: 0,
        };
    }
    let time = deadline.map(Monotonic::as_timespec);
    let time = time.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: as many waiters as are told are filled in and live on, and their words are borrowed;
    // `time` is null or points to a local that lives on.
    let woken = unsafe {
        libc::syscall(
            libc::SYS_futex_waitv,
            waiters.as_ptr(),
            words.len() as libc::c_uint,
            0,
            time,
            libc::CLOCK_MONOTONIC,
        )
    };
    match usize::try_from(woken) {
        Ok(word) => Ok(Outcome::Woken { word }),
        Err(_) => {
            let error = io::Error::last_os_error();
            ended(&error).ok_or(error)
        }
    }
}

/// `struct futex_waitv` of linux/futex.h, which the libc crate has for some targets only.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Waiter {
    expected: u64,
    address: u64,
    flags: u32,
    reserved: u32,
}

/// The word has 32 bits and may be shared between processes.
const FUTEX2_SIZE_U32: u32 = 2;

/// What an error of a wait says about the wait; `None` if the wait failed.
fn ended(error: &io::Error) -> Option<Outcome> {
    match error.raw_os_error() {
        Some(libc::EINTR) => Some(Outcome::Interrupted),
        Some(libc::EAGAIN) => Some(Outcome::Changed),
        Some(libc::ETIMEDOUT) => Some(Outcome::TimedOut),
        _ => None,
    }
}

/// Wakes at most `count` sleepers of `word`, in any process, and returns how many it woke; 0 also
/// on an error.
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
        assert_eq!(wait(&AtomicU32::new(1), 0, None), Outcome::Changed);
    }

    #[test]
    fn the_deadline_is_absolute() {
        let word = AtomicU32::new(0);
        let deadline = Monotonic::after(Duration::from_millis(20));
        while wait(&word, 0, Some(deadline)) != Outcome::TimedOut {}
        assert!(Monotonic::now() >= deadline);
        assert_eq!(wait(&word, 0, Some(deadline)), Outcome::TimedOut);
        assert_eq!(wait(&word, 0, Some(Monotonic::from_nanos(0))), Outcome::TimedOut);
    }

    #[test]
    fn the_last_instant_is_a_deadline_too() {
        assert_eq!(
            wait(&AtomicU32::new(1), 0, Some(Monotonic::from_nanos(u64::MAX))),
            Outcome::Changed
        );
    }

    #[test]
    fn a_wake_without_sleepers_wakes_none() {
        assert_eq!(wake(&AtomicU32::new(0), u32::MAX), 0);
    }

    #[test]
    fn a_wake_reaches_the_sleeper_of_another_mapping() {
        let (ours, theirs) = shared_word();
        thread::scope(|scope| {
            scope.spawn(|| while wait(theirs.word(), 0, None) != Outcome::Changed {});
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
            while wait(theirs.word(), 0, None) != Outcome::Changed {}
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

    fn handle(signal: libc::c_int, flags: libc::c_int) {
        // SAFETY: the fields are numbers; the handler does nothing, and no other test uses the
        // signal.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
            action.sa_flags = flags;
            libc::sigaction(signal, &action, ptr::null_mut());
        }
    }

    /// Sends signals to a thread that runs `sleep` until it returns.
    fn disturbed<T: Send + 'static>(signal: i32, sleep: impl FnOnce() -> T + Send + 'static) -> T {
        let sleeper = thread::spawn(sleep);
        while !sleeper.is_finished() {
            // SAFETY: the thread has not been joined, so its handle is valid.
            unsafe { libc::pthread_kill(sleeper.as_pthread_t(), signal) };
            thread::sleep(Duration::from_millis(1));
        }
        sleeper.join().unwrap()
    }

    #[test]
    fn a_handler_that_ran_is_told_with_and_without_a_deadline() {
        for (signal, flags) in [(libc::SIGUSR1, 0), (libc::SIGUSR2, libc::SA_RESTART)] {
            handle(signal, flags);
            for deadline in [None, Some(Monotonic::from_nanos(u64::MAX))] {
                let outcome = disturbed(signal, move || wait(&AtomicU32::new(0), 0, deadline));
                assert_eq!(outcome, Outcome::Interrupted, "signal {signal}, {deadline:?}");
            }
        }
    }

    #[test]
    fn an_ignored_signal_and_a_stop_are_no_interruption() {
        let _alone = alone();
        let (ours, theirs) = shared_word();
        let mut child = Child::fork(|| match wait(theirs.word(), 0, None) {
            Outcome::Woken { word: 0 } => 7,
            _ => 8,
        });
        child.wait_for_state('S');
        child.signal(libc::SIGURG);
        child.signal(libc::SIGSTOP);
        child.wait_for_state('T');
        child.signal(libc::SIGCONT);
        child.wait_for_state('S');
        while wake(ours.word(), 1) == 0 {
            thread::yield_now();
        }
        assert_eq!(child.wait(), 7);
    }

    /// `None`, and a word about it, where the kernel has no such call.
    fn waitv_or_skip(words: &[(&AtomicU32, u32)], deadline: Option<Monotonic>) -> Option<Outcome> {
        match waitv(words, deadline) {
            Ok(outcome) => Some(outcome),
            Err(error) => {
                let skip = [io::ErrorKind::Unsupported, io::ErrorKind::PermissionDenied];
                assert!(skip.contains(&error.kind()), "{error}");
                eprintln!("SKIPPED: this kernel cannot wait for more than one word: {error}");
                None
            }
        }
    }

    #[test]
    fn many_words_are_compared_before_the_sleep() {
        let words: Vec<_> = (0..MOST_WORDS as u32).map(AtomicU32::new).collect();
        let mut all: Vec<_> = words.iter().zip(0..).collect();
        let deadline = Monotonic::after(Duration::from_millis(10));
        let Some(outcome) = waitv_or_skip(&all, Some(deadline)) else { return };
        assert_eq!(outcome, Outcome::TimedOut);
        assert!(Monotonic::now() >= deadline);
        all[127].1 += 1;
        assert_eq!(waitv(&all, None).unwrap(), Outcome::Changed);
        assert_eq!(waitv(&all[..127], Some(deadline)).unwrap(), Outcome::TimedOut);
    }

    #[test]
    fn too_few_and_too_many_words_are_errors() {
        let word = AtomicU32::new(0);
        for count in [0, MOST_WORDS + 1] {
            let error = waitv(&vec![(&word, 0); count], None).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn the_word_that_was_woken_is_told_across_processes() {
        let _alone = alone();
        let (ours, theirs) = shared_word();
        let own = [AtomicU32::new(0), AtomicU32::new(0)];
        let past = Some(Monotonic::from_nanos(0));
        if waitv_or_skip(&[(&own[0], 0)], past).is_none() {
            return;
        }
        let mut child =
            Child::fork(|| match waitv(&[(&own[0], 0), (&own[1], 0), (theirs.word(), 0)], None) {
                Ok(Outcome::Woken { word }) => word as i32,
                _ => 8,
            });
        while wake(ours.word(), 1) == 0 {
            thread::yield_now();
        }
        assert_eq!(child.wait(), 2);
    }

    #[test]
    fn a_handler_ends_a_wait_for_many_words() {
        let past = Some(Monotonic::from_nanos(0));
        if waitv_or_skip(&[(&AtomicU32::new(0), 0)], past).is_none() {
            return;
        }
        handle(libc::SIGWINCH, 0);
        let sleep = || waitv(&[(&AtomicU32::new(0), 0), (&AtomicU32::new(0), 0)], None).unwrap();
        assert_eq!(disturbed(libc::SIGWINCH, sleep), Outcome::Interrupted);
    }
}
