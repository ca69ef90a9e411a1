//! Who is slow among the fast, or was away for long, does its work, and is not told that something is damaged.

mod support;

use std::sync::Arc;

use ringway_core::packed::{Block, Lane, Owner, State};
use ringway_core::position::Position;
use ringway_core::ring::{Edge, Hints};
use ringway_core::word::{Ordering::*, Word};
use support::heap;
use support::steps::{StepWord, Stepped, before_each_access};

type Queue = Arc<heap::Queue<StepWord>>;

/// Puts and gets as fast as it can, in steps of nobody.
struct Fast {
    queue: Queue,
    hints: Hints,
    hand: Vec<Block>,
}

const FAST: Owner = Owner::new(1, 1);
const SLOW: Owner = Owner::new(2, 1);

impl Fast {
    /// A queue with one block for the slow one, and the others.
    fn new(maxsize: u64, first: u64) -> (Self, Block) {
        let queue: Queue = heap::Queue::new(maxsize, maxsize as u32 + 2, first);
        let position = Position::new(first);
        let own = |block: Block, owner| {
            queue
                .state(block)
                .store(State::Held { lane: Lane::Free, owner, position }.pack(), Release);
        };
        let mut hand: Vec<Block> = queue.blocks().collect();
        let spare = hand.pop().expect("a block");
        own(spare, SLOW);
        hand.iter().for_each(|&block| own(block, FAST));
        (Self { queue, hints: Hints::default(), hand }, spare)
    }
    fn put(&mut self, count: usize) {
        for _ in 0..count {
            let block = self.hand.pop().expect("a block");
            assert_eq!(self.queue.messages.push(FAST, &[block], &self.hints), (1, Ok(())));
        }
    }
    fn get(&mut self, count: usize) {
        for _ in 0..count {
            let mut one = [Block::CLOSED];
            assert_eq!(self.queue.messages.claim(FAST, &mut one, &self.hints), (1, Ok(Edge::More)));
            self.hand.push(one[0]);
        }
    }
    fn pass(&mut self, count: usize) {
        for _ in 0..count {
            self.put(1);
            self.get(1);
        }
    }
}

/// Stopped before that access of its, until others have moved more than a lap, and left a deep backlog behind.
fn stopped_for_a_lap<T: Send + 'static>(
    access: u64,
    call: impl FnOnce(Queue) -> T + Send + 'static,
) -> T {
    const MAXSIZE: usize = 70_000;
    let (mut fast, _) = Fast::new(MAXSIZE as u64, 0);
    fast.pass(20);
    let queue = Arc::clone(&fast.queue);
    let slow = Stepped::new(move || call(queue));
    slow.step(access);
    fast.pass(fast.queue.messages.shape().slots() as usize + 1000);
    fast.put(MAXSIZE - 10);
    slow.finish().expect("it was not killed")
}

#[test]
fn stopped_for_a_lap_in_a_question() {
    for access in [1, 2, 4, 8] {
        assert_eq!(
            stopped_for_a_lap(access, |queue| queue.messages.is_closed()),
            Ok(false),
            "before access {access}"
        );
    }
    for access in [1, 4, 26, 30] {
        assert!(
            stopped_for_a_lap(access, |queue| queue.messages.len()).is_ok(),
            "before access {access}"
        );
    }
}

#[test]
fn stopped_for_a_lap_in_close() {
    for access in [1, 2, 4, 8, 11] {
        let closed = stopped_for_a_lap(access, |queue| queue.messages.close(&Hints::default()));
        assert_eq!(closed, Ok(true), "before access {access}");
    }
}

/// Before each of half a million accesses of the slow one, others move a message.
fn losing_races<T>(call: impl FnOnce(&Queue, Block) -> T) -> T {
    let (mut fast, spare) = Fast::new(100, 0);
    fast.put(50);
    let queue = Arc::clone(&fast.queue);
    let mut races = 0;
    before_each_access(move || {
        races += 1;
        fast.pass(usize::from(races < 500_000));
    });
    call(&queue, spare)
}

#[test]
fn losing_every_race_is_no_damage() {
    let put = |queue: &Queue, block| queue.messages.push(SLOW, &[block], &Hints::default());
    assert_eq!(losing_races(put), (1, Ok(())));
    let get =
        |queue: &Queue, _| queue.messages.claim(SLOW, &mut [Block::CLOSED], &Hints::default());
    assert_eq!(losing_races(get), (1, Ok(Edge::More)));
}

/// What it remembers then seems to lie ahead, as positions have 44 bits.
#[test]
fn away_for_nearly_all_positions() {
    for away in [1 << 40, (1 << 43) + 100, (1 << 44) - (1 << 30), (1 << 44) - 5000] {
        let hints = Hints::default();
        let (before, block) = Fast::new(1000, 0);
        assert_eq!(before.queue.messages.push(SLOW, &[block], &hints), (1, Ok(())));
        let (after, block) = Fast::new(1000, away);
        assert_eq!(
            after.queue.messages.push(SLOW, &[block], &hints),
            (1, Ok(())),
            "after {away} messages"
        );
        assert_eq!(after.queue.messages.len(), Ok(1));
    }
}
