//! Faults of the ring that a review found, by number. Each test has been seen to fail before its
//! fault was mended.

mod support;

use std::sync::Arc;

use ringway_core::owned::{Batch, Owned};
use ringway_core::owner::Owner;
use ringway_core::ring::{Hints, PushError};
use support::heap;
use support::party::Party;
use support::steps::StepWord;

type Queue = Arc<heap::Queue<StepWord>>;

const MAXSIZE: usize = 2;
const ME: Owner = Owner::new(2, 1);

/// A queue whose rings begin at `first`, with all blocks in our hand.
fn queue(first: u64) -> (Queue, Vec<Owned>) {
    let queue = heap::Queue::<StepWord>::new(MAXSIZE as u64, MAXSIZE as u32 + 2, first);
    let party = Party::new(&queue, ME.index(), ME.generation());
    let hand = queue.blocks().map(|_| party.take().expect("a block")).collect();
    (queue, hand)
}

/// Pushes this number of blocks, all of which have to go in.
fn push(queue: &Queue, hand: &mut Vec<Owned>, count: usize, hints: &Hints<StepWord>) {
    let mut batch = Batch::new();
    hand.drain(..count).for_each(|owned| batch.push_back(owned).expect("a batch that has room"));
    assert_eq!(queue.messages().push(ME, &mut batch, hints), Ok(()));
    assert!(batch.is_empty());
}

/// A process that filled the queue, as far as it knows, and put nothing while others passed on this
/// many messages, asks for room before it tries to put. What it remembers then seems to lie ahead,
/// as positions have 44 bits.
#[test]
fn c13_one_that_was_away_for_long_sees_the_room_that_there_is() {
    for away in [1 << 42, (1 << 43) - 100, (1 << 43) + 100, (1 << 43) + (1 << 42), (1 << 44) - 5000]
    {
        for queued in 0..MAXSIZE {
            let hints = Hints::default();
            let (before, mut hand) = queue(0);
            push(&before, &mut hand, MAXSIZE, &hints);
            assert_eq!(before.messages().has_room(&hints), Err(PushError::Full));

            let (after, mut hand) = queue(away);
            push(&after, &mut hand, queued, &Hints::default());
            assert_eq!(
                after.messages().has_room(&hints),
                Ok(()),
                "away for {away:#x} messages, {queued} of {MAXSIZE} are queued"
            );
            push(&after, &mut hand, 1, &hints);
        }
    }
}
