//! Faults 20 to 22: signals during waits, panics with something in hand, clocks that are set.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ringway::Queue;
use ringway_tests::audit::{capacity_is_exact, every_block_is_there};
use ringway_tests::{Name, Watchdog, worker};

#[test]
fn signals_end_no_wait_early_and_lose_nothing() {
    let name = Name::new("signals");
    let queue = Queue::<[u8]>::options().maxsize(4).max_message(64).create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut interrupted = worker!("interrupted", name, 300);
    for what in ["get", "put"] {
        let waited: u64 = interrupted.hear().parse().expect("milliseconds");
        assert!(waited >= 300, "the {what} ended after {waited} ms");
    }
    assert_eq!(interrupted.hear(), "empty");
    for number in 0..500 {
        queue.put(number.to_string()).unwrap();
        assert_eq!(interrupted.hear(), number.to_string());
    }
    for number in 500..2000 {
        queue.put(number.to_string()).unwrap();
    }
    queue.put("end").unwrap();
    for number in 500..2000 {
        assert_eq!(interrupted.hear(), number.to_string());
    }
    assert_eq!(interrupted.hear(), "end");
    assert!(interrupted.finish().success());
    capacity_is_exact(&queue);
}

#[test]
fn a_panic_gives_back_what_was_in_hand() {
    let name = Name::new("panic");
    let options = Queue::<[u8]>::options().maxsize(4).max_message(64).participants(2).loans(4);
    let queue = options.create(&*name).unwrap();
    let dog = Watchdog::of(&queue);
    for _ in 0..100 {
        queue.put("taken").unwrap();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _message = queue.get().unwrap();
            let _loan = queue.loan(8).unwrap();
            std::panic::resume_unwind(Box::new("in the middle of it")); // no message, as `panic!` would print
        }));
        assert!(panicked.is_err());
    }
    capacity_is_exact(&queue);
    drop((dog, queue));
    every_block_is_there(&options.open(&*name).unwrap());
}
