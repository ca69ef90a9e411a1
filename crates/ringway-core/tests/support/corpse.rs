//! Deaths at a given place.

use std::sync::Arc;

use ringway_core::owner::Owner;
use ringway_core::state::{Lane, State};

use super::heap::Queue;
use super::steps::{StepWord, Stepped};

/// Kills a thread of `owner` when a state word says that it queued a block, and before the ring
/// says so.
pub fn die_offering<T: Send + 'static>(
    queue: &Arc<Queue<StepWord>>,
    owner: Owner,
    ring: Lane,
    run: Stepped<T>,
) {
    let offers = |block| {
        matches!(queue.state(block), State::Queued { lane, owner: by, position }
            if lane == ring && owner == by && !queue.is_published(lane, position, block))
    };
    while !queue.blocks().any(offers) {
        assert!(run.step(1), "it ended before");
    }
    run.kill();
}
