//! Messages that are made in place.

use std::time::{Duration, Instant};

use ringway::{PutError, PutErrorKind, Queue};

use crate::ground::Ground;

pub fn a_loan_is_filled_and_sent(ground: &Ground) {
    let made = ground.bytes(2);
    for lap in 0..200 {
        let mut loan = made.queue.loan(100).unwrap();
        assert_eq!(loan.len(), 100);
        loan.fill(lap);
        loan.send().unwrap();
        assert_eq!(&*made.queue.get().unwrap(), [lap; 100]);
    }
}

pub fn a_loan_can_be_cut_and_not_grown(ground: &Ground) {
    let made = ground.bytes(3);
    for (length, expected) in [(2, &b"ab"[..]), (50, b"abcd"), (0, b"")] {
        let mut loan = made.queue.loan(4).unwrap();
        loan.copy_from_slice(b"abcd");
        loan.truncate(length);
        assert_eq!(&*loan, expected);
        loan.send().unwrap();
        assert_eq!(&*made.queue.get().unwrap(), expected);
    }
}

pub fn a_dropped_loan_sends_nothing(ground: &Ground) {
    let made = ground.bytes(1);
    for _ in 0..1000 {
        drop(made.queue.loan(200).unwrap());
    }
    assert!(made.queue.try_get().unwrap_err().is_empty());
}

pub fn a_full_queue_gives_the_loan_back(ground: &Ground) {
    let made = ground.bytes(1);
    made.queue.put("first").unwrap();
    let mut loan = made.queue.loan(6).unwrap();
    loan.copy_from_slice(b"second");
    let error = loan.try_send().unwrap_err();
    assert!(
        matches!(&error, PutError { queue, kind: PutErrorKind::Full { maxsize: 1, .. }, .. } if *queue == made.queue.label())
    );
    let loan = error.into_value();
    assert_eq!(&*loan, b"second");
    drop(made.queue.get().unwrap());
    loan.try_send().unwrap();
    assert_eq!(&*made.queue.get().unwrap(), b"second");
}

pub fn a_closed_queue_gives_the_loan_back(ground: &Ground) {
    let made = ground.bytes(1);
    let mut loan = made.queue.loan(4).unwrap();
    loan.copy_from_slice(b"late");
    made.queue.shutdown().unwrap();
    let error = loan.send().unwrap_err();
    assert!(error.is_shut_down());
    assert_eq!(&*error.into_value(), b"late");
}

pub fn a_closed_queue_lends_nothing(ground: &Ground) {
    let made = ground.bytes(1);
    made.queue.shutdown().unwrap();
    let soon = Duration::from_millis(1);
    for refused in [
        made.queue.loan(4),
        made.queue.try_loan(4),
        made.queue.loan_timeout(4, soon),
        made.queue.loan_deadline(4, Instant::now() + soon),
    ] {
        assert!(refused.unwrap_err().is_shut_down());
    }
}

pub fn loans_up_to_the_allowance_delay_nobody(ground: &Ground) {
    let made =
        ground.make(Queue::<[u8]>::options().maxsize(3).max_message(64).participants(2).loans(7));
    let other = made.again();
    let _loans: Vec<_> = (0..7).map(|_| made.queue.try_loan(64).unwrap()).collect();
    for lap in 0..100 {
        for _ in 0..3 {
            other.try_put([lap; 64]).unwrap();
        }
        assert!(other.try_put([lap; 64]).unwrap_err().is_full());
        let guards: Vec<_> = (0..3).map(|_| other.try_get().unwrap()).collect();
        assert!(guards.iter().all(|guard| **guard == [lap; 64]));
    }
}
