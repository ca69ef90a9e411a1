//! Puts and gets that nobody waits for, between two marks that a tracer sees.

use ringway::{Place, Queue};

/// Warms up, marks, does `count` rounds, marks again. The mark is `getppid`, which nothing else
/// calls.
pub fn warm(place: &Place, count: u64) {
    let queue = Queue::<[u8]>::options().open(place.clone()).expect("open");
    rounds(&queue, 2_000);
    mark();
    rounds(&queue, count);
    mark();
}

fn rounds(queue: &Queue<[u8]>, count: u64) {
    let messages = [b"abc"; 20];
    for round in 0..count {
        match round % 4 {
            0 => {
                queue.put(b"abc").expect("put");
                assert_eq!(&*queue.get().expect("get"), b"abc");
            }
            1 => {
                let loan = queue.loan(100).expect("loan");
                loan.send().expect("send");
                assert_eq!(queue.try_get().expect("get").len(), 100);
            }
            2 => {
                queue.put_many(&messages).expect("put many");
                assert_eq!(queue.get_many(20).expect("get many").len(), 20);
            }
            _ => {
                assert!(queue.try_get().is_err_and(|error| error.is_empty()));
                assert_eq!(queue.len().expect("len"), 0);
            }
        }
    }
}

fn mark() {
    // SAFETY: asks for a number.
    unsafe { libc::getppid() };
}
