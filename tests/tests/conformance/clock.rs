//! Waiting for so long, and until then. Never that it took no longer: a machine may be slow.

use std::thread;
use std::time::{Duration, Instant};

use ringway::{PutError, PutErrorKind, Queue, WaitStrategy};

use crate::ground::Ground;

const SOON: Duration = Duration::from_millis(30);
const STRATEGIES: [WaitStrategy; 3] =
    [WaitStrategy::Spin, WaitStrategy::Adaptive, WaitStrategy::Park];

fn one_place(strategy: WaitStrategy) -> ringway::QueueOptions<u32> {
    Queue::<u32>::options().maxsize(1).max_message(64).participants(2).wait(strategy)
}

fn takes_at_least(shortest: Duration, call: impl FnOnce()) {
    let begin = Instant::now();
    call();
    assert!(begin.elapsed() >= shortest, "after {:?} already", begin.elapsed());
}

pub fn timeouts_end_no_earlier_than_asked(ground: &Ground) {
    for strategy in STRATEGIES {
        let made = ground.make(one_place(strategy));
        let queue = &made.queue;
        takes_at_least(SOON, || assert!(queue.get_timeout(SOON).unwrap_err().is_empty()));
        takes_at_least(SOON, || assert!(queue.get_value_timeout(SOON).unwrap_err().is_empty()));
        takes_at_least(SOON, || assert!(queue.get_many_timeout(4, SOON).unwrap_err().is_empty()));
        queue.put(1).unwrap();
        takes_at_least(SOON, || assert!(queue.put_timeout(2, SOON).unwrap_err().is_full()));
        takes_at_least(SOON, || {
            assert!(queue.put_many_timeout(&[2, 3], SOON).unwrap_err().error.is_full())
        });
        let lender = queue.as_bytes();
        let loan = lender.loan(4).unwrap();
        takes_at_least(SOON, || assert!(loan.send_timeout(SOON).unwrap_err().is_full()));
        assert_eq!(queue.get_timeout(SOON).unwrap().to_native(), 1);
    }
}

pub fn deadlines_end_no_earlier_than_asked(ground: &Ground) {
    for strategy in STRATEGIES {
        let made = ground.make(one_place(strategy));
        let queue = &made.queue;
        takes_at_least(SOON, || {
            assert!(queue.get_deadline(Instant::now() + SOON).unwrap_err().is_empty())
        });
        takes_at_least(SOON, || {
            assert!(queue.get_value_deadline(Instant::now() + SOON).unwrap_err().is_empty())
        });
        takes_at_least(SOON, || {
            assert!(queue.get_many_deadline(4, Instant::now() + SOON).unwrap_err().is_empty())
        });
        queue.put(1).unwrap();
        let put_many =
            || queue.put_many_deadline(&[2, 3], Instant::now() + SOON).unwrap_err().error;
        takes_at_least(SOON, || assert!(put_many().is_full()));
        takes_at_least(SOON, || {
            assert!(queue.put_deadline(2, Instant::now() + SOON).unwrap_err().is_full())
        });
        let lender = queue.as_bytes();
        let loan = lender.loan(4).unwrap();
        takes_at_least(SOON, || {
            assert!(loan.send_deadline(Instant::now() + SOON).unwrap_err().is_full())
        });
    }
}

pub fn a_loan_waits_for_a_block_as_long_as_asked(ground: &Ground) {
    for strategy in STRATEGIES {
        let made = ground.make(one_place(strategy).participants(1).loans(1));
        let queue = &made.queue.as_bytes();
        let mut loans = Vec::new();
        let error = loop {
            match queue.try_loan(64) {
                Ok(loan) => loans.push(loan),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, PutError { kind: PutErrorKind::NoBlock { .. }, .. }), "{error}");
        takes_at_least(SOON, || assert!(queue.loan_timeout(64, SOON).is_err()));
        takes_at_least(SOON, || assert!(queue.loan_deadline(64, Instant::now() + SOON).is_err()));
        thread::scope(|scope| {
            scope.spawn(move || {
                thread::sleep(SOON);
                drop(loans); // all: a few might stay at hand for this thread
            });
            drop(queue.loan_timeout(64, Duration::MAX).unwrap());
        });
        drop(queue.loan_deadline(64, Instant::now()).unwrap());
    }
}

pub fn what_has_passed_still_tries_once(ground: &Ground) {
    let made = ground.make(one_place(WaitStrategy::Adaptive));
    let past = Instant::now();
    thread::sleep(Duration::from_millis(2));
    made.queue.put_deadline(1, past).unwrap();
    assert!(made.queue.put_deadline(2, past).unwrap_err().is_full());
    assert!(made.queue.put_timeout(2, Duration::ZERO).unwrap_err().is_full());
    assert_eq!(made.queue.get_deadline(past).unwrap().to_native(), 1);
    assert!(made.queue.get_deadline(past).unwrap_err().is_empty());
    assert!(made.queue.get_timeout(Duration::ZERO).unwrap_err().is_empty());
    assert!(made.queue.get_many_deadline(1, past).unwrap_err().is_empty());
    assert_eq!(made.queue.put_many_deadline(&[1, 2], past).unwrap_err().put, 1);
}

pub fn the_longest_timeout_waits(ground: &Ground) {
    for strategy in STRATEGIES {
        let made = ground.make(one_place(strategy));
        let other = made.again();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(SOON);
                other.put(1).unwrap();
                other.put_timeout(2, Duration::MAX).unwrap();
            });
            assert_eq!(made.queue.get_timeout(Duration::MAX).unwrap().to_native(), 1);
            assert_eq!(
                made.queue.get_timeout(Duration::from_secs(u64::MAX / 2)).unwrap().to_native(),
                2
            );
        });
    }
}

pub fn nowait_does_not_wait(ground: &Ground) {
    let made = ground.make(one_place(WaitStrategy::Park));
    assert!(made.queue.get_nowait().unwrap_err().is_empty());
    made.queue.put_nowait(1).unwrap();
    let error = made.queue.put_nowait(2).unwrap_err();
    assert!(error.is_full() && error.into_value() == 2);
    assert_eq!(made.queue.get_nowait().unwrap().to_native(), 1);
}
