//! Many messages by one call.

use std::thread;
use std::time::{Duration, Instant};

use ringway::{BATCH_MAX, PutError, PutErrorKind, PutManyError, Queue};

use crate::ground::Ground;

fn numbers(range: std::ops::Range<u32>) -> Vec<[u8; 4]> {
    range.map(u32::to_le_bytes).collect()
}

pub fn many_go_in_and_come_out_in_order(ground: &Ground) {
    let made = ground.bytes(500);
    let other = made.again();
    let messages = numbers(0..500);
    made.queue.put_many(&messages).unwrap();
    assert!(made.queue.is_full().unwrap());
    let mut taken = Vec::new();
    while taken.len() < 500 {
        let batch = other.get_many(77).unwrap();
        assert!(batch.len() <= BATCH_MAX);
        taken.extend(batch.map(|message| message.to_vec()));
    }
    assert_eq!(taken, messages);

    let typed = ground.make(Queue::<u32>::options().maxsize(64).participants(2));
    typed.queue.put_many(&[3, 4, 5]).unwrap();
    let taken: Vec<u32> =
        typed.queue.get_many(8).unwrap().map(|message| message.unwrap().to_native()).collect();
    assert_eq!(taken, [3, 4, 5]);
}

pub fn get_many_takes_what_is_there(ground: &Ground) {
    let made = ground.bytes(8);
    assert!(made.queue.try_get_many(8).unwrap_err().is_empty());
    made.queue.put_many(&numbers(0..3)).unwrap();
    assert_eq!(made.queue.get_many(0).unwrap().len(), 0);
    assert_eq!(made.queue.get_many(2).unwrap().len(), 2);
    assert_eq!(made.queue.get_many(2).unwrap().len(), 1);
    assert!(made.queue.is_empty().unwrap());
}

pub fn an_undrained_batch_frees_its_blocks(ground: &Ground) {
    let made = ground.bytes(8);
    for _ in 0..500 {
        made.queue.put_many(&numbers(0..8)).unwrap();
        let mut batch = made.queue.get_many(8).unwrap();
        assert_eq!(batch.next().as_deref(), Some(&0_u32.to_le_bytes()[..]));
        assert_eq!(batch.len(), 7);
    }
}

pub fn put_many_waits_for_places(ground: &Ground) {
    let made = ground.bytes(3);
    let getter = made.again();
    thread::scope(|scope| {
        scope.spawn(|| made.queue.put_many(&numbers(0..1000)).unwrap());
        for expected in numbers(0..1000) {
            assert_eq!(*getter.get().unwrap(), expected);
        }
    });
}

pub fn put_many_tells_how_many_went_in(ground: &Ground) {
    let made = ground.bytes(100);
    let messages = [vec![1; 10], vec![2; 256], vec![3; 257], vec![4; 10]];
    let error = made.queue.put_many(&messages).unwrap_err();
    assert!(
        error.put == 2
            && matches!(
                error.error,
                PutError { kind: PutErrorKind::TooLarge { bytes: 257, limit: 256, .. }, .. }
            ),
        "{error}"
    );
    assert_eq!(made.queue.len().unwrap(), 2);

    made.queue.shutdown().unwrap();
    let error = made.queue.put_many(&messages).unwrap_err();
    assert!(error.put == 0 && error.error.is_shut_down(), "{error}");

    // Shut down half-way: the numbers agree with what can be drained.
    let made = ground.bytes(5);
    thread::scope(|scope| {
        let putter = scope.spawn(|| made.queue.put_many(&numbers(0..100_000)).unwrap_err());
        let mut taken = 0;
        while taken < 50 {
            taken += made.queue.get_many(3).unwrap().len();
        }
        made.queue.shutdown().unwrap();
        while let Ok(batch) = made.queue.get_many(3) {
            taken += batch.len();
        }
        let error = putter.join().unwrap();
        assert!(error.put == taken && error.error.is_shut_down(), "{error}");
    });
}

type PutMany = fn(&Queue<[u8]>, &[[u8; 4]]) -> Result<(), PutManyError>;

pub fn put_many_in_time_tells_how_many_went_in(ground: &Ground) {
    const SOON: Duration = Duration::from_millis(10);
    let messages = numbers(0..100);
    let calls: [PutMany; 3] = [
        |queue, messages| queue.try_put_many(messages),
        |queue, messages| queue.put_many_timeout(messages, SOON),
        |queue, messages| queue.put_many_deadline(messages, Instant::now() + SOON),
    ];
    for call in calls {
        let made = ground.bytes(70); // two batches and a part of one
        let error = call(&made.queue, &messages).unwrap_err();
        assert!(
            error.put == 70
                && matches!(
                    error.error,
                    PutError { kind: PutErrorKind::Full { maxsize: 70, .. }, .. }
                ),
            "{error}"
        );
        assert_eq!(call(&made.queue, &messages).unwrap_err().put, 0);
        call(&made.queue, &[]).unwrap();
        for expected in &messages[..70] {
            assert_eq!(&*made.queue.try_get().unwrap(), expected);
        }
        call(&made.queue, &messages[70..]).unwrap();
        assert_eq!(made.queue.len().unwrap(), 30);
    }

    let typed = ground.make(Queue::<u32>::options().maxsize(2).participants(2));
    assert_eq!(typed.queue.try_put_many(&[1, 2, 3]).unwrap_err().put, 2);
    assert_eq!(typed.queue.put_many_timeout(&[3], SOON).unwrap_err().put, 0);
    drop(typed.queue.get().unwrap());
    assert_eq!(typed.queue.put_many_deadline(&[3, 4], Instant::now() + SOON).unwrap_err().put, 1);
}

pub fn many_without_blocks_end_in_time(ground: &Ground) {
    let made =
        ground.make(Queue::<[u8]>::options().maxsize(2).max_message(64).participants(1).loans(1));
    let mut loans: Vec<_> = std::iter::from_fn(|| made.queue.try_loan(64).ok()).collect();
    let error = made.queue.try_put_many(&["a", "b"]).unwrap_err();
    assert!(
        error.put == 0
            && matches!(error.error, PutError { kind: PutErrorKind::NoBlock { .. }, .. }),
        "{error}"
    );
    loans.pop();
    let error = made.queue.put_many_timeout(&["a", "b"], Duration::from_millis(10)).unwrap_err();
    assert!(
        error.put == 1
            && matches!(error.error, PutError { kind: PutErrorKind::NoBlock { .. }, .. }),
        "{error}"
    );
}
