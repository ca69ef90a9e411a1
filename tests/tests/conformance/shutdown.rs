//! The end of a queue.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use ringway::{Queue, WaitStrategy};

use crate::ground::Ground;

pub fn what_is_left_is_drained_first(ground: &Ground) {
    let made = ground.bytes(3);
    let other = made.again();
    (0..3_u8).for_each(|n| made.queue.put([n]).unwrap());
    other.shutdown().unwrap();
    assert!(made.queue.is_shut_down().unwrap() && other.is_shut_down().unwrap());
    assert!(made.queue.try_put("late").unwrap_err().is_shut_down(), "also when it is full");
    for n in 0..3_u8 {
        assert_eq!(made.queue.len().unwrap(), u64::from(3 - n));
        assert_eq!(*made.queue.get().unwrap(), [n]);
    }
    assert!(made.queue.get().unwrap_err().is_shut_down());
    assert!(made.queue.get_timeout(Duration::MAX).unwrap_err().is_shut_down());
    assert!(made.queue.try_get().unwrap_err().is_shut_down());
    assert!(made.queue.get_many(5).unwrap_err().is_shut_down());
    assert!(made.queue.put("late").unwrap_err().is_shut_down());
}

pub fn at_once_drops_what_is_left(ground: &Ground) {
    let made = ground.bytes(30);
    let other = made.again();
    (0..30_u8).for_each(|n| made.queue.put([n]).unwrap());
    let held = other.get().unwrap();
    made.queue.shutdown_now().unwrap();
    assert!(other.get().unwrap_err().is_shut_down());
    assert!(other.try_get_many(5).unwrap_err().is_shut_down());
    assert_eq!(other.len().unwrap(), 0);
    assert_eq!(*held, [0], "what was taken before stays with its taker");
}

pub fn sleepers_wake(ground: &Ground) {
    for immediate in [false, true] {
        for strategy in [WaitStrategy::Spin, WaitStrategy::Adaptive, WaitStrategy::Park] {
            let options =
                Queue::<[u8]>::options().maxsize(1).max_message(64).participants(2).wait(strategy);
            let (empty, full) = (ground.make(options.clone()), ground.make(options));
            full.queue.put("the one").unwrap();
            let awake = AtomicU32::new(0);
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        awake.fetch_add(1, SeqCst);
                        assert!(empty.queue.get().unwrap_err().is_shut_down());
                    });
                    scope.spawn(|| {
                        awake.fetch_add(1, SeqCst);
                        let error = full.queue.put(*b"mine").unwrap_err();
                        assert!(error.is_shut_down() && error.into_value() == *b"mine");
                    });
                }
                while awake.load(SeqCst) < 6 {
                    thread::yield_now();
                }
                thread::sleep(Duration::from_millis(20));
                shut_down(&empty.again(), immediate);
                shut_down(&full.again(), immediate);
            });
        }
    }
}

pub fn it_can_be_said_twice(ground: &Ground) {
    let made = ground.bytes(3);
    made.queue.put("left").unwrap();
    made.queue.shutdown().unwrap();
    made.queue.shutdown().unwrap();
    assert_eq!(made.queue.len().unwrap(), 1);
    made.again().shutdown_now().unwrap();
    made.queue.shutdown_now().unwrap();
    assert_eq!(made.queue.len().unwrap(), 0);
    assert!(made.queue.get().unwrap_err().is_shut_down());
}

fn shut_down(queue: &Queue<[u8]>, immediate: bool) {
    if immediate { queue.shutdown_now() } else { queue.shutdown() }.unwrap();
}
