//! Locks, held and lost by processes of their own.

use std::fs::OpenOptions;
use std::io::{self, BufRead};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ringway::sync::{AcquireError, ReleaseError};
use ringway::{Context, Error, Lock, LockGuard, SegmentError, WaitStrategy};

/// `fd:N` is an inherited descriptor, `in:CONTEXT:NAME` a lock of a context.
fn open(place: &str, strategy: WaitStrategy) -> Lock {
    let options = Lock::options().wait(strategy);
    let lock = match place.split_once(':') {
        // SAFETY: the parent passes on a descriptor of this number, which stays open.
        Some(("fd", fd)) => options.open_fd(unsafe {
            BorrowedFd::borrow_raw(fd.parse().expect("the number of a descriptor"))
        }),
        Some(("in", text)) => {
            let (context, name) = text.split_once(':').expect("a context and a name");
            Lock::open_in(&Context::open(context).expect("the context"), name)
        }
        _ => options.open(crate::place_of(place)),
    };
    lock.expect("the lock")
}

/// Each line is a call, each answer a line. There is one guard, until "drop".
pub fn serve(place: &str, strategy: WaitStrategy) {
    let lock = open(place, strategy);
    println!("open");
    let mut guard: Option<LockGuard<'_>> = None;
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let (call, millis) = line.split_once(' ').unwrap_or((&line, "0"));
        let time = Duration::from_millis(millis.parse().expect("milliseconds"));
        let acquired = match call {
            "acquire" => lock.acquire(),
            "try" => lock.try_acquire(),
            "timeout" => lock.acquire_timeout(time),
            "deadline" => lock.acquire_deadline(Instant::now() + time),
            "acknowledge" => {
                guard = guard.map(LockGuard::acknowledge);
                println!("acknowledged");
                continue;
            }
            "drop" => {
                guard = None;
                println!("dropped");
                continue;
            }
            "release" => {
                println!(
                    "{}",
                    lock.release().map_or_else(|e| e.to_string(), |()| "released".into())
                );
                continue;
            }
            other => panic!("a lock cannot {other}"),
        };
        match acquired {
            Ok(acquired) => {
                println!(
                    "{}",
                    if acquired.owner_died() { "acquired of the dead" } else { "acquired" }
                );
                guard = Some(acquired);
            }
            Err(error) => println!("{error}"),
        }
    }
    drop(guard);
}

/// Adds one to the number in a file, again and again, by two steps that only the lock makes one.
pub fn count(place: &str, strategy: WaitStrategy, file: &Path, rounds: u64) {
    let lock = open(place, strategy);
    let file = OpenOptions::new().read(true).write(true).open(file).expect("the file");
    for round in 0..rounds {
        let _guard = lock.acquire().expect("the lock");
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, 0).expect("a number");
        if round % 4 == 0 {
            std::thread::yield_now();
        }
        let next = u64::from_le_bytes(bytes) + 1;
        file.write_all_at(&next.to_le_bytes(), 0).expect("the next one");
    }
}

/// Acquires the lock, says so, and becomes another program at the next line.
pub fn become_another(place: &str) {
    let lock = open(place, WaitStrategy::Adaptive);
    let _guard = lock.acquire().expect("the lock");
    println!("held");
    let _ = io::stdin().read_line(&mut String::new());
    panic!("{}", Command::new("cat").exec());
}

/// Acquires the lock, of which a holder has died, and forks. Says what the child found, and that
/// the parent goes on.
pub fn fork(place: &str) {
    let lock = open(place, WaitStrategy::Adaptive);
    let guard = lock.acquire().expect("the lock");
    assert!(guard.owner_died(), "a holder has died");
    // SAFETY: this process has one thread, and the child does nothing but calls of this lock and
    // `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        crate::end_with_parent();
        let status = first_call_that_went_through(&lock);
        drop(guard.acknowledge()); // it is the parent's, and stays so
        drop(lock);
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(status) };
    }
    let mut status = -1;
    // SAFETY: waits for our own child and writes to a local.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    println!("the child answers {}", libc::WEXITSTATUS(status));
    assert!(lock.is_locked(), "the hold is the parent's");
    drop(guard);
    assert!(!lock.is_locked(), "the parent's guard releases its own hold");
    let guard = lock.try_acquire().expect("a free lock");
    assert!(guard.owner_died(), "the parent has not acknowledged that");
    println!("the parent goes on");
}

/// 0 when every call answers that the process was forked, else the number of the first that does
/// not.
fn first_call_that_went_through(lock: &Lock) -> i32 {
    let soon = Duration::from_millis(1);
    let refuses = |result: Result<LockGuard<'_>, AcquireError>| {
        matches!(result, Err(AcquireError::Segment(Error { kind: SegmentError::Forked, .. })))
    };
    let calls = [
        refuses(lock.acquire()),
        refuses(lock.try_acquire()),
        refuses(lock.acquire_timeout(soon)),
        refuses(lock.acquire_deadline(Instant::now() + soon)),
        matches!(
            lock.release(),
            Err(ReleaseError::Segment(Error { kind: SegmentError::Forked, .. }))
        ),
        lock.inheritable_fd().is_err_and(|error| error.to_string().contains("forked")),
        lock.remove().is_err_and(|error| error.to_string().contains("forked")),
        lock.is_locked(),
    ];
    calls.iter().position(|refused| !refused).map_or(0, |call| call as i32 + 1)
}
