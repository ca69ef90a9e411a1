//! What is measured, and with which loads.

use crate::link::Load;

/// A kind of measurement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Messages a second.
    Throughput,
    /// Time there and back.
    RoundTrip,
}

/// A workload.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its short name.
    pub name: String,
    /// What it measures.
    pub kind: Kind,
    /// With what load; the number of messages is found for each rival.
    pub load: Load,
}

const CAPACITY: usize = 1024;

fn throughput(name: &str, senders: usize, receivers: usize, size: usize) -> Workload {
    // A megabyte each would need a gigabyte of queue.
    let capacity = CAPACITY.min((64 << 20) / size).max(16);
    let load = Load { senders, receivers, size, capacity, messages: 0 };
    Workload { name: name.to_owned(), kind: Kind::Throughput, load }
}

/// All of them.
pub fn all() -> Vec<Workload> {
    let mut all: Vec<Workload> = [(1, 1), (2, 2), (4, 4), (1, 4), (4, 1)]
        .into_iter()
        .map(|(senders, receivers)| throughput(&format!("{senders}:{receivers}"), senders, receivers, 64))
        .collect();
    for (name, size) in [("8B", 8), ("256B", 256), ("4KiB", 4 << 10), ("64KiB", 64 << 10), ("1MiB", 1 << 20)] {
        all.push(throughput(name, 1, 1, size));
    }
    let load = Load { senders: 1, receivers: 1, size: 64, capacity: CAPACITY, messages: 0 };
    all.push(Workload { name: "round-trip".to_owned(), kind: Kind::RoundTrip, load });
    all
}
