//! Threads that come and go all the time over two handles of one queue; guards and loans that
//! others drop; and forks meanwhile. Each message arrives once, whole, and in the order of its
//! putter.
//!
//! This is a program of its own because it forks while it has threads; its children end at once.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use ringway::{
    GetError, GetErrorKind, Place, PutError, PutErrorKind, Queue, Received, WaitStrategy,
};
use ringway_tests::random::Random;

/// Threads at a time that put, and that get. Each ends after some calls, and another one takes its
/// place.
const THREADS: u64 = 3;

struct Churn {
    handles: [Queue<[u8]>; 2],
    random: AtomicU64,
    /// A putter is a number that is used once.
    putters: AtomicU64,
    put: AtomicU64,
    got: Mutex<HashSet<(u64, u64)>>,
    /// Nothing more is put.
    all_put: AtomicBool,
    all_got: AtomicBool,
}

/// Runs for so long, and says what was done.
pub fn churn(place: &Place, seconds: u64, seed: u64) {
    let open = |strategy| Queue::options().wait(strategy).open(place.clone()).expect("open");
    let churn = Churn {
        handles: [open(WaitStrategy::Park), open(WaitStrategy::Adaptive)],
        random: AtomicU64::new(seed),
        putters: AtomicU64::new(0),
        put: AtomicU64::new(0),
        got: Mutex::default(),
        all_put: AtomicBool::new(false),
        all_got: AtomicBool::new(false),
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    let forks = thread::scope(|scope| {
        let (keep, kept) = sync_channel::<Received<'_, [u8]>>(8);
        scope.spawn(move || {
            for message in kept {
                read(&message);
            }
        });
        let forking = scope.spawn(|| churn.fork_until_all_is_got());
        let getting: Vec<_> = (0..THREADS)
            .map(|_| {
                let (churn, keep) = (&churn, keep.clone());
                scope.spawn(move || while in_a_thread(|| churn.get(&keep)) {})
            })
            .collect();
        drop(keep);
        let putting: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    while Instant::now() < end {
                        in_a_thread(|| churn.put());
                    }
                })
            })
            .collect();
        putting.into_iter().for_each(|thread| thread.join().expect("a putter"));
        churn.all_put.store(true, Relaxed);
        getting.into_iter().for_each(|thread| thread.join().expect("a getter"));
        churn.all_got.store(true, Relaxed);
        forking.join().expect("the forking thread")
    });
    let (put, got) = (churn.put.into_inner(), churn.got.into_inner().expect("no panic").len());
    println!("{put} put, {got} got, {} putters, {forks} forks", churn.putters.into_inner());
    assert_eq!(put, got as u64, "each message that was put was got");
}

/// Runs a call in a thread that begins and ends with it.
fn in_a_thread<R: Send>(call: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(call).join().expect("the thread"))
}

impl Churn {
    fn random(&self) -> Random {
        Random(self.random.fetch_add(1 << 32, Relaxed))
    }

    fn fork_until_all_is_got(&self) -> u64 {
        let mut forks = 0;
        while !self.all_got.load(Relaxed) {
            // SAFETY: the child ends at once, by a call that may be made after a fork.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: ends the child only.
                unsafe { libc::_exit(0) };
            }
            let mut status = -1;
            // SAFETY: waits for our own child and writes to a local.
            assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
            assert_eq!(status, 0);
            forks += 1;
            thread::sleep(Duration::from_millis(3));
        }
        forks
    }

    /// Puts for a while, as a putter of its own.
    fn put(&self) {
        let mut random = self.random();
        let putter = self.putters.fetch_add(1, Relaxed);
        let mut next = 0;
        for _ in 0..100 {
            let queue = &self.handles[random.below(2) as usize];
            let filling = [0, 10, 60, 200, 1000, 4000][random.below(6) as usize];
            let message = text(putter, next, filling);
            let put = match random.below(4) {
                0 => match queue.try_put(&message) {
                    Ok(()) => 1,
                    Err(error) => {
                        assert_only_late(&error);
                        thread::yield_now();
                        0
                    }
                },
                1 => match queue.loan(message.len()) {
                    Ok(mut loan) if random.below(5) != 0 => {
                        loan.copy_from_slice(&message);
                        u64::from(loan.send_timeout(Duration::from_millis(2)).is_ok())
                    }
                    Ok(_dropped) => 0,
                    Err(error) => panic!("loan: {error}"),
                },
                2 => {
                    let many: Vec<_> =
                        (0..random.below(10)).map(|at| text(putter, next + at, filling)).collect();
                    let timeout = Duration::from_millis(random.below(3));
                    match queue.put_many_timeout(&many, timeout) {
                        Ok(()) => many.len() as u64,
                        Err(error) => {
                            assert_only_late(&error.error);
                            error.put as u64
                        }
                    }
                }
                _ => {
                    queue.put(&message).expect("put");
                    1
                }
            };
            next += put;
            self.put.fetch_add(put, Relaxed);
        }
    }

    /// Gets for a while, and lets another thread drop some of what it got. `false` when there is
    /// nothing more to come.
    fn get<'q>(&'q self, keep: &SyncSender<Received<'q, [u8]>>) -> bool {
        let mut random = self.random();
        let mut last = HashMap::new();
        let mut note = |bytes: &[u8]| {
            let (putter, number) = read(bytes);
            let first = self.got.lock().expect("no panic").insert((putter, number));
            assert!(first, "message {number} of putter {putter} came twice");
            let before = last.insert(putter, number);
            assert!(before.is_none_or(|before| before < number), "putter {putter}: out of order");
        };
        for _ in 0..200 {
            let queue = &self.handles[random.below(2) as usize];
            let last_look = self.all_put.load(Relaxed);
            let got = match random.below(3) {
                0 => queue.get_timeout(Duration::from_micros(random.below(3000))).map(|message| {
                    note(&message);
                    if random.below(4) == 0 {
                        let _ = keep.try_send(message);
                    }
                }),
                1 => queue
                    .try_get_many(random.below(6) as usize + 1)
                    .map(|batch| batch.into_iter().for_each(|message| note(&message))),
                _ => queue.try_get().map(|message| note(&message)),
            };
            match got {
                Ok(()) => {}
                Err(GetError { kind: GetErrorKind::Empty, .. }) if last_look => return false,
                Err(GetError { kind: GetErrorKind::Empty, .. }) => thread::yield_now(),
                Err(error) => panic!("get: {error}"),
            }
        }
        true
    }
}

/// There was no place or no block in time, which is no fault.
fn assert_only_late<V>(error: &PutError<V>) {
    assert!(
        matches!(
            error,
            PutError { kind: PutErrorKind::Full { .. }, .. }
                | PutError { kind: PutErrorKind::NoBlock { .. }, .. }
        ),
        "put: {error}"
    );
}

/// A message of which each byte follows from its putter and number.
fn text(putter: u64, number: u64, filling: usize) -> Vec<u8> {
    let mut message = [putter.to_le_bytes(), number.to_le_bytes()].concat();
    message.extend((0..filling).map(|at| byte_of(putter, number, at)));
    message
}

fn byte_of(putter: u64, number: u64, at: usize) -> u8 {
    putter.wrapping_add(number * 7).wrapping_add(at as u64) as u8
}

/// The putter and the number of a message that is whole.
fn read(message: &[u8]) -> (u64, u64) {
    let word = |at: usize| u64::from_le_bytes(message[at..at + 8].try_into().expect("a word"));
    let (putter, number) = (word(0), word(8));
    let whole =
        (message[16..].iter().enumerate()).all(|(at, &byte)| byte == byte_of(putter, number, at));
    assert!(whole, "message {number} of putter {putter} is damaged");
    (putter, number)
}
