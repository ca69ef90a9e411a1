//! What a worker does between two markers, and what that may leave behind.

use std::path::Path;
use std::time::Duration;

use ringway::{Queue, QueueOptions};

use super::scene::{MAXSIZE, Scene, forge_sleepers, make_a_corpse, number_of, text_of};
use crate::campaign::stepper::marker;

/// How many messages `put_many` and `get_many` move.
const MANY: usize = 3;

/// An operation of one worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// `put`, giving up after a while.
    Put,
    /// `try_put`.
    TryPut,
    /// `put_many`, of which a full queue takes none and the rest wait; only where there is
    /// room.
    PutMany,
    /// `get`, giving up after a while.
    Get,
    /// `try_get`.
    TryGet,
    /// `get_many`.
    GetMany,
    /// A loan that is filled and sent.
    LoanSend,
    /// A loan that is dropped.
    LoanDrop,
    /// Dropping a received message.
    Release,
    /// Putting a received message back.
    PutBack,
    /// Opening the queue.
    Attach,
    /// Closing the last handle.
    Detach,
    /// `shutdown()`.
    ShutDown,
    /// `shutdown_now()`.
    ShutDownNow,
    /// `recover`, with a dead participant to recover.
    Recover,
}

/// All of them.
pub const OPERATIONS: [Operation; 15] = [
    Operation::Put,
    Operation::TryPut,
    Operation::PutMany,
    Operation::Get,
    Operation::TryGet,
    Operation::GetMany,
    Operation::LoanSend,
    Operation::LoanDrop,
    Operation::Release,
    Operation::PutBack,
    Operation::Attach,
    Operation::Detach,
    Operation::ShutDown,
    Operation::ShutDownNow,
    Operation::Recover,
];

/// What a death in the middle may change, at most.
#[derive(Clone, Copy, Debug)]
pub struct Effect {
    /// Messages that it may have put.
    pub puts: u64,
    /// Messages that it may have taken before or in the operation.
    pub takes: u64,
    /// Messages that it had taken before the operation began.
    pub taken_before: u64,
    /// Whether it may put the oldest message back, behind what others did meanwhile.
    pub returns: bool,
    /// Whether the queue may be closed afterwards.
    pub closes: bool,
}

impl Operation {
    /// Whether it makes sense there: one that would wait for ever does not.
    pub fn fits(self, scene: Scene) -> bool {
        match self {
            Self::PutMany => scene.filled + MANY as u64 <= MAXSIZE,
            Self::GetMany | Self::Release | Self::PutBack => scene.filled > 0,
            _ => true,
        }
    }

    /// What it may change.
    pub fn effect(self, scene: Scene) -> Effect {
        let none = Effect { puts: 0, takes: 0, taken_before: 0, returns: false, closes: false };
        match self {
            Self::Put | Self::TryPut | Self::LoanSend => {
                Effect { puts: u64::from(scene.filled < MAXSIZE), ..none }
            }
            Self::PutMany => Effect { puts: MANY as u64, ..none },
            Self::Get | Self::TryGet => Effect { takes: scene.filled.min(1), ..none },
            Self::GetMany => Effect { takes: scene.filled.min(MANY as u64), ..none },
            Self::Release => Effect { takes: 1, taken_before: 1, ..none },
            Self::PutBack => Effect { takes: 1, returns: true, ..none },
            Self::LoanDrop | Self::Attach | Self::Detach | Self::Recover => none,
            Self::ShutDown => Effect { closes: true, ..none },
            Self::ShutDownNow => Effect { takes: scene.filled, closes: true, ..none },
        }
    }

    /// What it may change when the others go on in the middle of it.
    pub fn reach(self, scene: Scene) -> Effect {
        let none = Effect { puts: 0, takes: 0, taken_before: 0, returns: false, closes: false };
        match self {
            Self::Put | Self::TryPut | Self::LoanSend => Effect { puts: 1, ..none },
            Self::PutMany => Effect { puts: MANY as u64, ..none },
            Self::Get | Self::TryGet | Self::Release => Effect { takes: 1, ..none },
            Self::GetMany => Effect { takes: MANY as u64, ..none },
            Self::PutBack => Effect { takes: 1, returns: true, ..none },
            // What the corpse was putting back.
            Self::Recover => Effect { returns: scene.returns, ..none },
            Self::LoanDrop | Self::Attach | Self::Detach => none,
            Self::ShutDown | Self::ShutDownNow => Effect { closes: true, ..none },
        }
    }

    /// Which events it announces, if callers sleep: that the queue is not empty, that it is not
    /// full, that a block is free.
    pub fn announces(self, scene: Scene) -> [bool; 3] {
        let is_filled = scene.filled > 0;
        match self {
            Self::Put | Self::TryPut | Self::PutMany | Self::LoanSend => {
                [scene.filled < MAXSIZE, false, false]
            }
            // A message that was put back made its place when it was taken first.
            Self::Get | Self::TryGet => [false, is_filled && !scene.returns, is_filled],
            Self::GetMany => [false, is_filled && !(scene.returns && scene.filled == 1), is_filled],
            Self::PutBack => [true, false, false],
            Self::Release | Self::LoanDrop | Self::Detach => [false, false, true],
            Self::Attach => [false; 3],
            Self::ShutDown | Self::ShutDownNow | Self::Recover => [true; 3],
        }
    }

    /// Does it, between two markers, with forged sleepers or without.
    pub fn perform(self, path: &Path, warm: bool, sleepers: bool) {
        let options: QueueOptions<[u8]> = Queue::options();
        let place = path.to_path_buf();
        let marker_before = || {
            if sleepers {
                forge_sleepers(path);
            }
            marker();
        };
        let soon = Duration::from_millis(1);
        if self == Self::Attach {
            marker_before();
            let queue = options.open(place);
            marker();
            drop(queue);
            return;
        }
        let queue = options.open(place).expect("the queue of the campaign");
        if self == Self::Recover {
            make_a_corpse(path);
        }
        if warm {
            warm_up(&queue);
            if self != Self::Recover {
                put_back_the_oldest(&queue);
            }
        }
        let new = |index: usize| text_of(1000 + index as u64);
        match self {
            Self::Release => {
                let message = queue.get();
                marker_before();
                drop(message);
            }
            Self::PutBack => {
                let message = queue.get().expect("a message");
                marker_before();
                _ = message.put_back();
            }
            Self::Detach => {
                _ = queue.loan(8).map(std::mem::forget); // something to give back
                marker_before();
                drop(queue);
                marker();
                return;
            }
            operation => {
                marker_before();
                match operation {
                    Self::Put => _ = queue.put_timeout(new(0), soon),
                    Self::TryPut => _ = queue.try_put(new(0)),
                    Self::PutMany => _ = queue.put_many(&[new(0), new(1), new(2)]),
                    Self::Get => _ = queue.get_timeout(soon),
                    Self::TryGet => _ = queue.try_get(),
                    Self::GetMany => _ = queue.get_many_timeout(MANY, soon),
                    Self::LoanSend => {
                        if let Ok(mut loan) = queue.loan(8) {
                            loan.copy_from_slice(&new(0));
                            _ = loan.try_send();
                        }
                    }
                    Self::LoanDrop => _ = queue.loan(8),
                    Self::ShutDown => _ = queue.shutdown(),
                    Self::ShutDownNow => _ = queue.shutdown_now(),
                    Self::Recover => _ = queue.reclaim(),
                    Self::Release | Self::PutBack | Self::Attach | Self::Detach => {}
                }
            }
        }
        marker();
    }
}

/// So that a queue which takes messages back has one of each kind.
pub(super) fn put_back_the_oldest(queue: &Queue<[u8]>) {
    if queue.returns() && !queue.is_empty().expect("a sound queue") {
        let oldest = queue.get().expect("a message");
        oldest.put_back().expect("a queue that takes messages back");
    }
}

/// Turns the oldest messages round, so that the process has blocks at hand and remembers where it
/// was. The order of the messages is the same afterwards.
fn warm_up(queue: &Queue<[u8]>) {
    let count = queue.len().expect("a sound queue");
    if count == 0 {
        queue.put(text_of(0)).expect("a place");
        drop(queue.get());
    }
    for _ in 0..count {
        let message = queue.get().expect("a message");
        let number = number_of(&message);
        drop(message);
        queue.put(text_of(number)).expect("the place that was just made");
    }
}
