//! Whether a queue is whole: seen from outside, by what it can do.

use ringway::{Payload, Queue};

use crate::words::geometry;

/// Every block of every class can be had. For the only handle of a queue that is empty and not shut
/// down, opened just now: what other threads keep at hand cannot be had.
pub fn every_block_is_there<T: Payload + ?Sized>(queue: &Queue<T>) {
    let lender = queue.as_bytes();
    for class in geometry(queue).classes {
        let bytes = class.block_bytes.min(queue.max_message()) as usize;
        let mut held = Vec::new();
        while let Ok(loan) = lender.try_loan(bytes) {
            held.push(loan);
        }
        assert_eq!(held.len() as u64, class.store.blocks, "blocks of {} bytes", class.block_bytes);
    }
}

/// Exactly `maxsize` messages go in, and they come out.
pub fn capacity_is_exact(queue: &Queue<[u8]>) {
    assert_eq!(queue.len().expect("len"), 0);
    for put in 0..queue.maxsize() {
        queue
            .try_put(put.to_le_bytes())
            .unwrap_or_else(|error| panic!("after {put} messages: {error}"));
    }
    assert!(queue.try_put("one more").expect_err("it is full").is_full());
    for put in 0..queue.maxsize() {
        assert_eq!(*queue.try_get().expect("a message"), put.to_le_bytes());
    }
    assert!(queue.try_get().expect_err("it is empty").is_empty());
}
