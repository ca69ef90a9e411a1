//! Threads that come and go over two handles, while their process forks: each message once, whole,
//! and in order.
//!
//! `RINGWAY_SOAK_SEED` and `RINGWAY_SOAK_SECONDS` choose the run.

use std::hash::{BuildHasher, RandomState};

use ringway::Queue;
use ringway_tests::audit::{capacity_is_exact, every_block_is_there};
use ringway_tests::{Name, Watchdog, worker};

const PARTICIPANTS: u32 = 6;
const LOANS: u32 = 40;

fn from_env(variable: &str, or: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(or)
}

#[test]
fn threads_come_and_go_while_their_process_forks() {
    let seed = from_env("RINGWAY_SOAK_SEED", RandomState::new().hash_one(0));
    let seconds = from_env("RINGWAY_SOAK_SECONDS", 10);
    println!("RINGWAY_SOAK_SEED={seed} RINGWAY_SOAK_SECONDS={seconds}");
    let name = Name::new("churn");
    let options = Queue::<[u8]>::options()
        .maxsize(7)
        .max_message(5000)
        .participants(PARTICIPANTS)
        .loans(LOANS);
    let queue = options.create(&*name).unwrap();
    let dog = Watchdog::of(&queue);
    let mut churn = worker!("churn", name, seconds, seed);
    println!("{}", churn.hear());
    assert!(churn.finish().success());
    assert_eq!(queue.reclaim().unwrap(), Default::default(), "it left properly");
    capacity_is_exact(&queue);
    assert_eq!(queue.snapshot().unwrap().holders.len(), 1);
    drop((dog, queue));
    every_block_is_there(&options.open(&*name).unwrap());
}
