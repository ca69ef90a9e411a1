//! An event count that lies costs a sleeper time, and nothing else: whoever sleeps looks now and
//! then.

use std::thread;

use ringway::{Place, Queue, QueueOptions, WaitStrategy};
use ringway_tests::Watchdog;
use ringway_tests::words::Words;

/// What an event count with one sleeper is made to say: nobody sleeps, an old sequence, everybody
/// sleeps, and noise.
const LIES: [u64; 6] = [0, 1, u64::MAX, 1 << 63, 1 << 32 | 77, 0x0123_4567_89ab_cdef];

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(1).wait(WaitStrategy::Park)
}

fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

#[test]
fn who_waits_for_a_message_gets_it() {
    thread::scope(|scope| {
        for lie in LIES {
            scope.spawn(move || {
                let queue = options().create(Place::Unnamed).unwrap();
                let _dog = Watchdog::of(&queue);
                let words = Words::of(&queue);
                let sleeper = options().open_fd(&words).unwrap();
                let getter = thread::spawn(move || sleeper.get().unwrap().to_vec());
                until(|| queue.snapshot().unwrap().waiting_to_get > 0);
                words.write(words.not_empty(), lie);
                queue.put("a message").unwrap();
                assert_eq!(getter.join().unwrap(), b"a message");
            });
        }
    });
}

#[test]
fn who_waits_for_a_place_gets_it() {
    thread::scope(|scope| {
        for lie in LIES {
            scope.spawn(move || {
                let queue = options().create(Place::Unnamed).unwrap();
                let _dog = Watchdog::of(&queue);
                let words = Words::of(&queue);
                queue.put("first").unwrap();
                let sleeper = options().open_fd(&words).unwrap();
                let putter = thread::spawn(move || sleeper.put("second").unwrap());
                until(|| queue.snapshot().unwrap().waiting_to_put > 0);
                words.write(words.not_full(), lie);
                assert_eq!(&*queue.get().unwrap(), b"first");
                putter.join().unwrap();
                assert_eq!(&*queue.get().unwrap(), b"second");
            });
        }
    });
}
