//! What `benches/instructions/check` counts: each operation many times over, in a function of its
//! own name.

use std::hint::black_box;

use ringway::{Place, Queue};

const MAXSIZE: u64 = 1024;
/// Puts and gets of a round: half the queue, so that none meets an edge.
const ROUND: usize = 512;
const MESSAGE: [u8; 64] = [7; 64];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [operation, rounds] = &arguments[..] else { panic!("instructions OPERATION ROUNDS") };
    let rounds: usize = rounds.parse().expect("a number of rounds");
    let queue = Queue::<[u8]>::options().maxsize(MAXSIZE).create(Place::Unnamed).expect("a queue");
    for _ in 0..4 {
        put(&queue); // until the blocks go round
        get(&queue);
    }
    for _ in 0..rounds {
        match operation.as_str() {
            "put" | "get" => {
                put(&queue);
                get(&queue);
            }
            "try_get_empty" => try_get_empty(&queue),
            "try_put_full" => {
                while queue.try_put(MESSAGE).is_ok() {}
                try_put_full(&queue);
            }
            other => panic!("no operation {other}"),
        }
    }
}

#[inline(never)]
fn put(queue: &Queue<[u8]>) {
    for _ in 0..ROUND {
        queue.put(black_box(&MESSAGE)).expect("a place");
    }
}

#[inline(never)]
fn get(queue: &Queue<[u8]>) {
    for _ in 0..ROUND {
        black_box(queue.get().expect("a message")[0]);
    }
}

#[inline(never)]
fn try_put_full(queue: &Queue<[u8]>) {
    for _ in 0..ROUND {
        assert!(queue.try_put(black_box(&MESSAGE)).is_err());
    }
}

#[inline(never)]
fn try_get_empty(queue: &Queue<[u8]>) {
    for _ in 0..ROUND {
        assert!(black_box(queue.try_get()).is_err());
    }
}
