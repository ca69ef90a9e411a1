//! `ringway bench`: worker processes that move messages, every byte of which is written and summed.

mod payload;
mod report;
mod round_trip;
mod throughput;

use clap::Args;
use ringway::{MAXSIZE_MAX, Queue};
pub(crate) use round_trip::EchoJob;
pub(crate) use throughput::{GetJob, PutJob};

use crate::args::{Bytes, Wait};
use crate::outcome::{Done, failed};

/// Measures a queue between worker processes, with every byte written and summed
///
/// Example: ringway bench --producers 2 --consumers 2 --size 256
#[derive(Args, Clone)]
pub(crate) struct Bench {
    /// Worker processes that put
    #[arg(long, value_name = "P", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    producers: u32,
    /// Worker processes that get
    #[arg(long, value_name = "C", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    consumers: u32,
    /// Bytes of a message
    #[arg(long, value_name = "BYTES", default_value_t = 64)]
    size: usize,
    /// Messages in all; 2,000,000 if not said, or 100,000 round trips
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    messages: Option<u64>,
    /// Messages that the queue holds at most
    #[arg(long, value_name = "N", default_value_t = 1024, allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(1..=MAXSIZE_MAX))]
    maxsize: u64,
    /// Messages that each put and get moves
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=32))]
    batch: u64,
    /// How workers wait
    #[arg(long, value_enum, default_value_t = Wait::Adaptive)]
    wait: Wait,
    /// Measure how long a message takes there and back, over two queues
    #[arg(long, conflicts_with_all = ["producers", "consumers", "batch"])]
    round_trip: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

impl Bench {
    pub(crate) fn run(self) -> Done {
        if self.round_trip { round_trip::run(&self) } else { throughput::run(&self) }
    }

    /// A queue for this run.
    fn queue(&self, suffix: &str) -> Result<NamedQueue, crate::outcome::Failure> {
        let name = format!("bench-{}-{suffix}", std::process::id());
        let queue = Bytes::options()
            .maxsize(self.maxsize)
            .max_message(self.size.max(1) as u64)
            .participants(255)
            .wait(self.wait.strategy())
            .create(&name)
            .map_err(failed)?;
        Ok(NamedQueue { queue, name })
    }
}

/// A queue whose name goes when it is dropped.
struct NamedQueue {
    queue: Queue<[u8]>,
    name: String,
}

impl Drop for NamedQueue {
    fn drop(&mut self) {
        let _ = self.queue.remove();
    }
}

/// The queue of a worker.
#[derive(Args)]
struct WorkerQueue {
    name: String,
    #[arg(value_enum)]
    wait: Wait,
}

impl WorkerQueue {
    fn open(&self) -> Result<Bytes, crate::outcome::Failure> {
        Bytes::options().wait(self.wait.strategy()).open(&self.name).map_err(failed)
    }
}
