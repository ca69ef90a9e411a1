//! Many processes put, many take: every message arrives exactly once.

use std::io::Read;
use std::thread;

use ringway::Queue;
use ringway_tests::{LET_GO, Name, Watchdog, Worker, worker};

fn pass(pairs: u64, strategy: &str, each: u64) {
    let name = Name::new("mpmc");
    let options = Queue::<[u8]>::options().maxsize(64).max_message(256).participants(16).loans(4);
    let queue = options.create(&*name).unwrap();
    let dog = Watchdog::of(&queue);
    let mut producers: Vec<_> =
        (0..pairs).map(|id| worker!("produce", name, id, each, strategy)).collect();
    let mut consumers: Vec<_> = (0..pairs).map(|_| worker!("consume", name, strategy)).collect();
    let taken: Vec<Vec<[u64; 2]>> = thread::scope(|scope| {
        let acknowledged: Vec<_> =
            producers.iter_mut().map(|p| scope.spawn(|| records::<1>(p).len() as u64)).collect();
        let taken: Vec<_> = consumers.iter_mut().map(|c| scope.spawn(|| taken_by(c))).collect();
        for count in acknowledged {
            assert_eq!(count.join().unwrap(), each);
        }
        queue.shutdown().unwrap();
        taken.into_iter().map(|taken| taken.join().unwrap()).collect()
    });
    assert!(producers.iter_mut().chain(&mut consumers).all(|worker| worker.finish().success()));

    for of_one_consumer in &taken {
        for producer in 0..pairs {
            let numbers = of_one_consumer
                .iter()
                .filter(|record| record[0] == producer)
                .map(|record| record[1]);
            assert!(numbers.is_sorted(), "the order of one producer holds at each consumer");
        }
    }
    let mut taken = taken.concat();
    taken.sort_unstable();
    let all: Vec<_> =
        (0..pairs).flat_map(|producer| (0..each).map(move |number| [producer, number])).collect();
    assert!(taken == all, "{} of {} arrived", taken.len(), all.len());
    drop((dog, queue));
}

fn taken_by(consumer: &mut Worker) -> Vec<[u64; 2]> {
    records(consumer).into_iter().filter(|record: &[u64; 2]| record[0] != LET_GO).collect()
}

/// Lets the worker begin, and reads all that it tells: records of so many numbers.
fn records<const N: usize>(worker: &mut Worker) -> Vec<[u64; N]> {
    worker.tell("go");
    let mut bytes = Vec::new();
    worker.output().read_to_end(&mut bytes).unwrap();
    let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
    bytes
        .chunks_exact(8 * N)
        .map(|record| std::array::from_fn(|at| number(&record[8 * at..][..8])))
        .collect()
}

#[test]
fn two_by_two_that_spin() {
    pass(2, "spin", 20_000);
}

#[test]
fn two_by_two_that_adapt() {
    pass(2, "adaptive", 20_000);
}

#[test]
fn two_by_two_that_park() {
    pass(2, "park", 20_000);
}

#[test]
fn four_by_four_that_spin() {
    pass(4, "spin", 10_000);
}

#[test]
fn four_by_four_that_adapt() {
    pass(4, "adaptive", 10_000);
}

#[test]
fn four_by_four_that_park() {
    pass(4, "park", 10_000);
}
