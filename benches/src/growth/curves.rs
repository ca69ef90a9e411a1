//! The curves.

use crate::link::Load;

/// One point of a curve.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Where on the axis it lies.
    pub at: u64,
    /// With what load.
    pub load: Load,
    /// Through how many queues, taken in turn.
    pub queues: usize,
}

/// What changes, while all else stays.
pub struct Curve {
    /// Its short name.
    pub name: &'static str,
    /// What its axis is.
    pub axis: &'static str,
    /// What stays.
    pub rest: &'static str,
    /// Its points.
    pub points: Vec<Point>,
}

const MAXSIZE: usize = 1024;
/// Bytes of messages that a queue holds at most, so that large messages do not ask for a gigabyte.
const BYTES: usize = 64 << 20;

/// All of them.
pub fn all() -> Vec<Curve> {
    let powers = |step: usize, last: usize| (0..=last).step_by(step).map(|exponent| 1 << exponent);
    let point = |at: usize, load: Load| Point { at: at as u64, load, queues: 1 };
    vec![
        Curve {
            name: "maxsize",
            axis: "maxsize",
            rest: "one to one, 64 bytes",
            points: powers(2, 20)
                .map(|maxsize| point(maxsize, Load::new(1, 1, 64, maxsize)))
                .collect(),
        },
        Curve {
            name: "processes",
            axis: "processes, half of them senders",
            rest: "64 bytes, maxsize 1024",
            points: powers(1, 5)
                .map(|half| point(2 * half, Load::new(half, half, 64, MAXSIZE)))
                .collect(),
        },
        Curve {
            name: "message-size",
            axis: "bytes of a message",
            rest: "one to one, maxsize 1024, or as many as make 64 MiB",
            points: (3..=20)
                .map(|exponent| 1 << exponent)
                .map(|size: usize| point(size, Load::new(1, 1, size, MAXSIZE.min(BYTES / size))))
                .collect(),
        },
        Curve {
            name: "queues",
            axis: "queues, taken in turn by one sender and one receiver",
            rest: "64 bytes, maxsize 1024 each",
            points: powers(1, 8)
                .map(|queues| Point { queues, ..point(queues, Load::new(1, 1, 64, MAXSIZE)) })
                .collect(),
        },
    ]
}
