//! crossbeam's `ArrayQueue` between two threads, spinning: a ceiling, which stops when a participant dies.

use std::sync::Barrier;
use std::time::Instant;

use crossbeam_queue::ArrayQueue;
use crossbeam_utils::Backoff;

use super::{Outcome, Rival};
use crate::payload;

/// With a capacity in messages.
pub struct Threads(pub usize);

impl Rival for Threads {
    fn name(&self) -> String {
        format!("crossbeam ArrayQueue, threads, capacity {}, spinning", self.0)
    }

    fn run(&self, messages: u64) -> Outcome {
        let queue = ArrayQueue::<[u8; payload::SIZE]>::new(self.0);
        let barrier = Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                barrier.wait();
                for number in 0..messages {
                    let mut message = [0; payload::SIZE];
                    payload::write(&mut message, number);
                    let backoff = Backoff::new();
                    while let Err(back) = queue.push(message) {
                        message = back;
                        backoff.snooze();
                    }
                }
            });
            barrier.wait();
            let begin = Instant::now();
            let mut sum = 0_u64;
            for _ in 0..messages {
                let backoff = Backoff::new();
                let message = loop {
                    match queue.pop() {
                        Some(message) => break message,
                        None => backoff.snooze(),
                    }
                };
                sum = sum.wrapping_add(payload::sum(&message));
            }
            Outcome { took: begin.elapsed(), sum }
        })
    }
}
