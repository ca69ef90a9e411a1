//! What is measured, and with which loads.

use crate::link::Load;
use crate::typed::Shape;

/// A kind of measurement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Messages a second.
    Throughput,
    /// Messages a second whose bytes are left alone but for the first few: what the way itself
    /// costs.
    InPlace,
    /// Values of a type a second.
    Typed(Shape),
    /// Time there and back.
    RoundTrip,
    /// Time from a send to the awakening of a receiver that has slept for a millisecond.
    Wake,
    /// CPU time of all participants while receivers get nothing, each in a process of its own.
    Idle,
    /// The same with many receivers.
    IdleProcesses,
    /// The same with many queues and a receiver for each, all of them threads of one process.
    IdleThreads,
}

impl Kind {
    /// What its figures are.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Throughput | Self::InPlace | Self::Typed(_) => "M msg/s",
            Self::RoundTrip | Self::Wake => "us, p50",
            Self::Idle | Self::IdleProcesses | Self::IdleThreads => "ms of CPU a second",
        }
    }
    /// Whether less is better.
    pub fn is_cost(self) -> bool {
        self.is_timed() || matches!(self, Self::Idle | Self::IdleProcesses | Self::IdleThreads)
    }
    /// Whether a run is some number of equal things, each with its time.
    pub fn is_timed(self) -> bool {
        matches!(self, Self::RoundTrip | Self::Wake)
    }
}

/// A workload.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its short name.
    pub name: &'static str,
    /// What its table is headed by.
    pub title: &'static str,
    /// What it measures.
    pub kind: Kind,
    /// With what load; the number of messages is found for each rival.
    pub load: Load,
}

const CAPACITY: usize = 1024;

/// One to one. A megabyte each would need a gigabyte of queue, so there are fewer of the large
/// ones.
fn sized(size: usize) -> Load {
    Load::new(1, 1, size, CAPACITY.min((64 << 20) / size).max(16))
}

fn untouched(size: usize) -> Load {
    Load { touched: 8, capacity: 64, ..sized(size) }
}

/// All of them.
pub fn all() -> Vec<Workload> {
    let many = |senders, receivers| Load::new(senders, receivers, 64, CAPACITY);
    let workload = |name, title, kind, load| Workload { name, title, kind, load };
    vec![
        workload("1:1", "One to one, 64 bytes", Kind::Throughput, many(1, 1)),
        workload("2:2", "Two to two, 64 bytes", Kind::Throughput, many(2, 2)),
        workload("4:4", "Four to four, 64 bytes", Kind::Throughput, many(4, 4)),
        workload("1:4", "One to four, 64 bytes", Kind::Throughput, many(1, 4)),
        workload("4:1", "Four to one, 64 bytes", Kind::Throughput, many(4, 1)),
        workload("8B", "One to one, 8 bytes", Kind::Throughput, sized(8)),
        workload("256B", "One to one, 256 bytes", Kind::Throughput, sized(256)),
        workload("4KiB", "One to one, 4 KiB", Kind::Throughput, sized(4 << 10)),
        workload("64KiB", "One to one, 64 KiB", Kind::Throughput, sized(64 << 10)),
        workload("1MiB", "One to one, 1 MiB", Kind::Throughput, sized(1 << 20)),
        workload(
            "64B-untouched",
            "One to one, 64 bytes of which 8 are touched",
            Kind::InPlace,
            untouched(64),
        ),
        workload(
            "1MiB-untouched",
            "One to one, 1 MiB of which 8 bytes are touched",
            Kind::InPlace,
            untouched(1 << 20),
        ),
        workload(
            "struct",
            "One to one, a typed struct of 24 bytes",
            Kind::Typed(Shape::Small),
            sized(8),
        ),
        workload(
            "record",
            "One to one, a typed record of 1.7 KB",
            Kind::Typed(Shape::Record),
            sized(8),
        ),
        workload(
            "round-trip",
            "There and back, 64 bytes, through two queues",
            Kind::RoundTrip,
            many(1, 1),
        ),
        workload(
            "wake",
            "Waking a receiver that has slept for 1 ms, 64 bytes",
            Kind::Wake,
            many(1, 1),
        ),
        workload("idle", "A receiver that gets nothing", Kind::Idle, many(1, 1)),
        workload(
            "idle-processes",
            "253 receiving processes that get nothing, on one queue",
            Kind::IdleProcesses,
            many(1, 253), // with the sender and the harness, as many as may have a queue open
        ),
        workload(
            "idle-threads",
            "500 receiving threads of one process that get nothing, each on its own queue",
            Kind::IdleThreads,
            many(1, 500),
        ),
    ]
}
