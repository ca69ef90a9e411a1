//! Who is measured. One file a rival.

use std::time::Duration;

pub mod array_queue;
pub mod pipe;
pub mod ringway;

/// What a run took and what arrived.
pub struct Outcome {
    /// From the word to begin until the last message was summed.
    pub took: Duration,
    /// Sum of all messages that arrived.
    pub sum: u64,
}

/// Something that carries messages of [`crate::payload::SIZE`] bytes from one sender to one receiver.
pub trait Rival {
    /// What it is, between what, and how it waits.
    fn name(&self) -> String;
    /// Carries so many messages.
    fn run(&self, messages: u64) -> Outcome;
}
