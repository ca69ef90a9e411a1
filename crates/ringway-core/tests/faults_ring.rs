//! Faults of the ring that a review found, by number. A test that is ignored as `open: C13` fails until that fault is
//! mended.

mod support;

use std::sync::Arc;

use ringway_core::packed::{Block, Lane, Owner, State};
use ringway_core::position::Position;
use ringway_core::ring::{Hints, PushError};
use ringway_core::word::{Ordering::Release, Word};
use support::heap;
use support::steps::StepWord;

const MAXSIZE: usize = 2;
const ME: Owner = Owner::new(2, 1);

/// A queue whose rings begin at `first`, with all blocks in our hand.
fn queue(first: u64) -> (Arc<heap::Queue<StepWord>>, Vec<Block>) {
    let queue = heap::Queue::<StepWord>::new(MAXSIZE as u64, MAXSIZE as u32 + 2, first);
    let held = State::Held { lane: Lane::Free, owner: ME, position: Position::new(first) };
    let blocks: Vec<Block> = queue.blocks().collect();
    blocks.iter().for_each(|&block| queue.state(block).store(held.pack(), Release));
    (queue, blocks)
}

/// A process that filled the queue, as far as it knows, and put nothing while others passed on so many messages, asks for
/// room before it tries to put. What it remembers then seems to lie ahead, as positions have 44 bits.
#[test]
#[ignore = "open: C13"]
fn c13_one_that_was_away_for_long_sees_the_room_that_there_is() {
    for away in [1 << 42, (1 << 43) - 100, (1 << 43) + 100, (1 << 43) + (1 << 42), (1 << 44) - 5000]
    {
        for queued in 0..MAXSIZE {
            let hints = Hints::default();
            let (before, blocks) = queue(0);
            assert_eq!(before.messages.push(ME, &blocks[..MAXSIZE], &hints), (MAXSIZE, Ok(())));
            assert_eq!(before.messages.has_room(&hints), Err(PushError::Full));

            let (after, blocks) = queue(away);
            let others = Hints::default();
            assert_eq!(after.messages.push(ME, &blocks[..queued], &others), (queued, Ok(())));
            assert_eq!(
                after.messages.has_room(&hints),
                Ok(()),
                "away for {away:#x} messages, {queued} of {MAXSIZE} are queued"
            );
            assert_eq!(after.messages.push(ME, &blocks[queued..=queued], &hints), (1, Ok(())));
        }
    }
}
