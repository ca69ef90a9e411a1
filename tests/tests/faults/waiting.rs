//! C9 and C10: whoever waits takes part in the look for the dead, and what a wait leaves behind
//! does not add up.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use ringway::{Queue, QueueOptions, WaitStrategy};
use ringway_tests::{Name, Watchdog, Worker, worker};

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(4).max_message(64).participants(4).loans(4)
}

/// A participant that dies with a message in hand.
fn dies(queue: &Queue<[u8]>, name: &Name) {
    let mut holder: Worker = worker!("open", name);
    assert_eq!(holder.hear(), "open");
    queue.put("taken").unwrap();
    assert_eq!(holder.ask("hold"), "taken");
    holder.kill();
}

const STRATEGIES: [WaitStrategy; 3] =
    [WaitStrategy::Spin, WaitStrategy::Adaptive, WaitStrategy::Park];

/// Waits again and again, for three seconds in all at least: sixty times as long as waiters pause
/// between two looks. Returns whether a participant was found dead.
fn waits_in_vain(queue: &Queue<[u8]>, timeout: Duration, wait: impl Fn()) -> bool {
    let waits = Duration::from_secs(3).div_duration_f64(timeout) as u32;
    (0..waits).any(|_| {
        wait();
        queue.snapshot().unwrap().recovered != 0
    })
}

#[test]
fn c10_gets_with_short_timeouts_find_the_dead() {
    let mut blind = Vec::new();
    for strategy in STRATEGIES {
        for timeout in [1, 10, 40].map(Duration::from_millis) {
            let name = Name::new("short-gets");
            let queue = options().wait(strategy).create(&*name).unwrap();
            let _dog = Watchdog::of(&queue);
            dies(&queue, &name);
            let found = waits_in_vain(&queue, timeout, || {
                assert!(queue.get_timeout(timeout).unwrap_err().is_empty());
            });
            if !found {
                blind.push((strategy, timeout));
            }
        }
    }
    assert_eq!(blind, [], "such gets never look for the dead");
}

#[test]
fn c10_puts_with_short_timeouts_find_the_dead() {
    let timeout = Duration::from_millis(10);
    let mut blind = Vec::new();
    for strategy in STRATEGIES {
        let name = Name::new("short-puts");
        let queue = options().wait(strategy).create(&*name).unwrap();
        let _dog = Watchdog::of(&queue);
        dies(&queue, &name);
        while queue.try_put("filler").is_ok() {}
        let found = waits_in_vain(&queue, timeout, || {
            assert!(queue.put_timeout("x", timeout).unwrap_err().is_full());
        });
        if !found {
            blind.push(strategy);
        }
    }
    assert_eq!(blind, [], "such puts never look for the dead");
}

/// Each of its sleeps ends by a wake, long before it would look.
#[test]
fn c10_a_getter_that_is_woken_often_finds_the_dead() {
    for strategy in [WaitStrategy::Adaptive, WaitStrategy::Park] {
        let name = Name::new("woken");
        let queue = options().wait(strategy).create(&*name).unwrap();
        let _dog = Watchdog::of(&queue);
        dies(&queue, &name);
        let getter = queue.clone();
        thread::scope(|scope| {
            scope.spawn(move || while getter.get().is_ok() {});
            let found = (0..1000).any(|_| {
                queue.put("awake").unwrap();
                thread::sleep(Duration::from_millis(5));
                queue.snapshot().unwrap().recovered != 0
            });
            queue.shutdown_now().unwrap();
            assert!(found, "a getter that is woken each 5 ms never looks for the dead");
        });
    }
}

/// More than the sleepers, as one that was just woken may have registered again; far less than the
/// messages.
const FEW: u32 = 8;
const MESSAGES: u64 = 1000;

fn slowly() {
    thread::sleep(Duration::from_micros(300));
}

/// The more registrations stand, the longer sleepers sleep before they look.
#[test]
fn c09_getters_that_are_woken_leave_no_registrations() {
    let queue = options().wait(WaitStrategy::Park).create(ringway::Place::Unnamed).unwrap();
    let _dog = Watchdog::of(&queue);
    let got = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while queue.get().is_ok() {
                    got.fetch_add(1, Relaxed);
                }
            });
        }
        for message in 0..MESSAGES {
            queue.put("slow").unwrap();
            while got.load(Relaxed) <= message {
                slowly();
            }
        }
        let left = queue.snapshot().unwrap().waiting_to_get;
        queue.shutdown().unwrap();
        assert!(left <= FEW, "{left} registrations of two getters after {MESSAGES} messages");
    });
}

#[test]
fn c09_putters_that_are_woken_leave_no_registrations() {
    let queue = options().wait(WaitStrategy::Park).create(ringway::Place::Unnamed).unwrap();
    let _dog = Watchdog::of(&queue);
    while queue.try_put("filler").is_ok() {}
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !ends.load(Relaxed) {
                    if queue.put("slow").is_err() {
                        return;
                    }
                }
            });
        }
        let first = queue.snapshot().unwrap().puts;
        for message in 0..MESSAGES {
            drop(queue.get().unwrap());
            while queue.snapshot().unwrap().puts - first <= message {
                slowly();
            }
        }
        let left = queue.snapshot().unwrap().waiting_to_put;
        ends.store(true, Relaxed);
        queue.shutdown_now().unwrap();
        assert!(left <= FEW, "{left} registrations of two putters after {MESSAGES} messages");
    });
}
