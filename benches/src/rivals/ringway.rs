//! Ringway's queue between two processes.

use std::time::Instant;

use ringway::{BATCH_MAX, Queue, WaitStrategy};

use super::{Outcome, Rival};
use crate::payload;
use crate::worker::{Worker, ready};

/// With a capacity in messages, how it waits, and how many messages each call moves.
pub struct Processes {
    /// `maxsize` of the queue.
    pub capacity: u64,
    /// How both sides wait.
    pub wait: WaitStrategy,
    /// Messages that each put and get moves.
    pub batch: usize,
}

impl Rival for Processes {
    fn name(&self) -> String {
        let Self { capacity, wait, batch } = self;
        format!("ringway Queue, processes, capacity {capacity}, {wait:?}, batches of {batch}").to_lowercase()
    }

    fn run(&self, messages: u64) -> Outcome {
        let name = format!("bench-{}", std::process::id());
        let queue = Queue::<[u8]>::create(&name, self.capacity).expect("a queue");
        let (count, batch, wait) = (messages.to_string(), self.batch.to_string(), format!("{:?}", self.wait));
        let mut get = Worker::start(&["ringway-get", &name, &count, &batch, &wait], |_| ());
        let mut put = Worker::start(&["ringway-put", &name, &count, &batch, &wait], |_| ());
        queue.remove();
        let begin = Instant::now();
        get.go();
        put.go();
        let sum = get.result();
        let took = begin.elapsed();
        put.result();
        Outcome { took, sum }
    }
}

fn open(name: &str, wait: &str) -> Queue<[u8]> {
    let wait = match wait {
        "Spin" => WaitStrategy::Spin,
        "Park" => WaitStrategy::Park,
        _ => WaitStrategy::Adaptive,
    };
    Queue::options().wait(wait).open(name).expect("the queue of the bench")
}

/// The worker that sends.
pub fn put(name: &str, messages: u64, batch: usize, wait: &str) -> u64 {
    let queue = open(name, wait);
    ready();
    let mut buffer = [[0; payload::SIZE]; BATCH_MAX];
    let mut number = 0;
    while number < messages {
        let count = (messages - number).min(batch as u64) as usize;
        for message in &mut buffer[..count] {
            payload::write(message, number);
            number += 1;
        }
        if batch == 1 {
            queue.put_bytes(&buffer[0]).expect("a queue with a getter");
        } else {
            queue.put_many_bytes(&buffer[..count]).expect("a queue with a getter");
        }
    }
    0
}

/// The worker that receives.
pub fn get(name: &str, messages: u64, batch: usize, wait: &str) -> u64 {
    let queue = open(name, wait);
    ready();
    let mut sum = 0_u64;
    let mut left = messages;
    while left != 0 {
        if batch == 1 {
            sum = sum.wrapping_add(payload::sum(&queue.get_bytes().expect("a queue with a putter")));
            left -= 1;
        } else {
            for message in queue.get_many(batch).expect("a queue with a putter") {
                sum = sum.wrapping_add(payload::sum(&message));
                left -= 1;
            }
        }
    }
    sum
}
