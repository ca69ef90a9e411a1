//! A caller that is slow among the fast, or was away for long, does its work, and is not told that
//! something is damaged.

mod support;

use std::sync::Arc;

use ringway_core::owned::{Batch, Owned};
use ringway_core::owner::Owner;
use ringway_core::ring::{ClaimEnd, Hints, PushError};
use support::heap;
use support::party::Party;
use support::steps::{StepWord, Stepped, before_each_access};

type Queue = Arc<heap::Queue<StepWord>>;

/// Puts and gets as fast as it can, in steps of nobody.
struct Fast {
    queue: Queue,
    hints: Hints<StepWord>,
    hand: Vec<Owned>,
}

const FAST: Owner = Owner::new(1, 1);
const SLOW: Owner = Owner::new(2, 1);

impl Fast {
    /// A queue with one block for the slow one, and the others.
    fn new(maxsize: u64, first: u64) -> (Self, Owned) {
        let queue: Queue = heap::Queue::new(maxsize, maxsize as u32 + 2, first);
        let take = |owner: Owner, count| -> Vec<Owned> {
            let party = Party::new(&queue, owner.index(), owner.generation());
            (0..count).map(|_| party.take().expect("a block")).collect()
        };
        let hand = take(FAST, maxsize + 1);
        let spare = take(SLOW, 1).pop().expect("a block");
        (Self { queue, hints: Hints::default(), hand }, spare)
    }
    fn put(&mut self, count: usize) {
        for _ in 0..count {
            let owned = self.hand.pop().expect("a block");
            assert_eq!(put(&self.queue, FAST, owned, &self.hints), Ok(()));
        }
    }
    fn get(&mut self, count: usize) {
        for _ in 0..count {
            let (owned, end) = get(&self.queue, FAST, &self.hints);
            assert_eq!(end, ClaimEnd::More);
            self.hand.extend(owned);
        }
    }
    fn pass(&mut self, count: usize) {
        for _ in 0..count {
            self.put(1);
            self.get(1);
        }
    }
}

fn put(queue: &Queue, me: Owner, owned: Owned, hints: &Hints<StepWord>) -> Result<(), PushError> {
    let mut one = Batch::new();
    one.push_back(owned).expect("an empty batch");
    queue.messages().push(me, &mut one, hints)
}

fn get(queue: &Queue, me: Owner, hints: &Hints<StepWord>) -> (Option<Owned>, ClaimEnd) {
    let mut one = Batch::new();
    let end = queue.messages().claim(me, &mut one, 1, hints).expect("no corruption");
    (one.pop_front(), end)
}

/// Stopped before that access of its, until others have moved more than a lap, and left a deep
/// backlog behind.
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
    fast.pass(fast.queue.messages().shape().slots() as usize + 1000);
    fast.put(MAXSIZE - 10);
    slow.finish().expect("it was not killed")
}

#[test]
fn stopped_for_a_lap_in_a_question() {
    for access in [1, 2, 4, 8] {
        assert_eq!(
            stopped_for_a_lap(access, |queue| queue.messages().is_closed()),
            Ok(false),
            "before access {access}"
        );
    }
    for access in [1, 4, 26, 30] {
        assert!(
            stopped_for_a_lap(access, |queue| queue.messages().len()).is_ok(),
            "before access {access}"
        );
    }
}

#[test]
fn stopped_for_a_lap_in_close() {
    for access in [1, 2, 4, 8, 11] {
        let closed = stopped_for_a_lap(access, |queue| queue.messages().close(&Hints::default()));
        assert_eq!(closed, Ok(true), "before access {access}");
    }
}

/// Before each of half a million accesses of the slow one, others move a message.
fn losing_races<T>(call: impl FnOnce(&Queue, Owned) -> T) -> T {
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
    let put = |queue: &Queue, owned| put(queue, SLOW, owned, &Hints::default());
    assert_eq!(losing_races(put), Ok(()));
    let get = |queue: &Queue, _| get(queue, SLOW, &Hints::default()).1;
    assert_eq!(losing_races(get), ClaimEnd::More);
}

/// What it remembers then seems to lie ahead, as positions have 44 bits.
#[test]
fn away_for_nearly_all_positions() {
    for away in [1 << 40, (1 << 43) + 100, (1 << 44) - (1 << 30), (1 << 44) - 5000] {
        let hints = Hints::default();
        let (before, owned) = Fast::new(1000, 0);
        assert_eq!(put(&before.queue, SLOW, owned, &hints), Ok(()));
        let (after, owned) = Fast::new(1000, away);
        assert_eq!(put(&after.queue, SLOW, owned, &hints), Ok(()), "after {away} messages");
        assert_eq!(after.queue.messages().len(), Ok(1));
    }
}

/// It filled the queue, as far as it knew, and asks whether there is room after a long absence.
#[test]
fn away_for_nearly_all_positions_and_asks_for_room() {
    for away in [1 << 42, (1 << 43) - 100, (1 << 43) + 100, 3 << 42, (1 << 44) - 5000] {
        for left in [0, 1] {
            let hints = Hints::default();
            let (mut before, owned) = Fast::new(2, 0);
            before.put(1);
            assert_eq!(before.queue.messages().has_room(&hints), Ok(()));
            assert_eq!(put(&before.queue, SLOW, owned, &hints), Ok(()));
            let (mut after, _) = Fast::new(2, away);
            after.put(left);
            let room = after.queue.messages().has_room(&hints);
            assert_eq!(room, Ok(()), "with {left} of 2 after {away} messages");
        }
    }
}
