//! Many threads of one process.

use std::sync::Mutex;
use std::thread;

use ringway::Queue;

use crate::ground::Ground;

/// Each of `pairs` threads puts `each` numbers, as many threads take; every number arrives once.
fn pass(queue: &Queue<u32>, pairs: u32, each: u32) {
    let taken = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for putter in 0..pairs {
            let queue = queue.clone();
            scope.spawn(move || (0..each).for_each(|n| queue.put(putter * each + n).unwrap()));
        }
        for _ in 0..pairs {
            let (queue, taken) = (queue.clone(), &taken);
            scope.spawn(move || {
                let mine: Vec<u32> = (0..each).map(|_| queue.get().unwrap().to_native()).collect();
                for putter in 0..pairs {
                    let of_one: Vec<u32> =
                        mine.iter().copied().filter(|n| n / each == putter).collect();
                    assert!(of_one.is_sorted(), "the order of one putter holds at each getter");
                }
                taken.lock().unwrap().extend(mine);
            });
        }
    });
    let mut taken = taken.into_inner().unwrap();
    taken.sort_unstable();
    assert_eq!(taken, (0..pairs * each).collect::<Vec<_>>());
}

pub fn clones_share_one_queue(ground: &Ground) {
    let made = ground.make(Queue::<u32>::options().maxsize(16).max_message(64).participants(2));
    pass(&made.queue, 3, 2000);
    assert_eq!(made.queue.snapshot().unwrap().holders.len(), 1, "clones are one participant");
}

pub fn one_place_and_sixteen_threads(ground: &Ground) {
    let made = ground.make(Queue::<u32>::options().maxsize(1).max_message(64).participants(2));
    pass(&made.queue, 8, 400);
    assert!(made.queue.is_empty().unwrap());
}

pub fn guards_and_loans_move_between_threads(ground: &Ground) {
    let made = ground.make(Queue::<String>::options().maxsize(2).max_message(64).participants(2));
    let (queue, lender) = (&made.queue, made.queue.as_bytes());
    for _ in 0..50 {
        queue.put("from here".to_owned()).unwrap();
        let guard = queue.get().unwrap();
        let mut loan = lender.loan(3).unwrap();
        thread::scope(|scope| {
            scope.spawn(move || assert_eq!(&*guard, "from here"));
            scope.spawn(move || {
                loan.copy_from_slice(b"abc");
                loan.send().unwrap();
            });
        });
        assert_eq!(&*lender.get().unwrap(), b"abc");
    }
}
