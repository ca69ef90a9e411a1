//! Messages that come back, under loom: against getters, and against the recoverers of those who
//! died on the way.

mod support;

use std::sync::Arc;

use loom::thread;
use ringway_core::owned::Owned;
use ringway_core::owner::Owner;
use ringway_core::position::Position;
use ringway_core::ring::ClaimEnd;
use ringway_core::state::{Lane, State};
use ringway_core::word::{Ordering::Release, Word};
use support::heap::Queue;
use support::loom::{check, run};
use support::loom_word::LoomWord;
use support::party::Party;

type Member = Party<LoomWord>;

const PREEMPTIONS: usize = 3;
/// So near the end of the positions that each run passes it.
const BEFORE_WRAP: u64 = (1 << 44) - 1;

fn queue(blocks: u32) -> Arc<Queue<LoomWord>> {
    Queue::returning(2, blocks, BEFORE_WRAP)
}

/// A participant that has taken messages with these values.
fn holder(queue: &Arc<Queue<LoomWord>>, index: u8, values: &[u64]) -> (Member, Vec<Owned>) {
    let holder = Party::new(queue, index, 1).with_blocks(values.len());
    holder.put_many(values).1.unwrap();
    let held = holder.receive_new(values.len()).2;
    (holder, held)
}

/// What is still in the queue: what came back first.
fn drain(queue: &Arc<Queue<LoomWord>>) -> Vec<u64> {
    let (values, end, _) = Party::new(queue, 100, 1).receive(8);
    assert_ne!(end, ClaimEnd::More);
    values
}

fn sorted(mut values: Vec<u64>) -> Vec<u64> {
    values.sort_unstable();
    values
}

#[test]
fn of_two_getters_one_takes_what_comes_back() {
    check(PREEMPTIONS, || {
        let queue = queue(1);
        let (holder, held) = holder(&queue, 1, &[1]);
        let getters = [2, 3].map(|index| Party::new(&queue, index, 1));
        let [a, b] = getters.map(|getter| thread::spawn(move || getter.receive(1).0));
        run(move || holder.put_back(held));
        let got = [a.join().unwrap(), b.join().unwrap(), drain(&queue)].concat();
        assert_eq!(got, [1]);
    });
}

#[test]
fn two_that_put_back_at_once_lose_nothing() {
    check(PREEMPTIONS, || {
        let queue = queue(2);
        let (one, first) = holder(&queue, 1, &[1]);
        let (other, second) = holder(&queue, 2, &[2]);
        let getter = Party::new(&queue, 3, 1);
        let there = thread::spawn(move || one.put_back(first));
        let other = thread::spawn(move || other.put_back(second));
        let mut got = run(move || getter.receive(1).0);
        there.join().unwrap();
        other.join().unwrap();
        got.extend(drain(&queue));
        assert_eq!(sorted(got), [1, 2]);
    });
}

/// What one thread of a process puts back another one may take, or one of another process.
#[test]
fn what_comes_back_may_be_taken_and_come_back_again() {
    check(PREEMPTIONS, || {
        let queue = queue(1);
        let (holder, held) = holder(&queue, 1, &[1]);
        let other = Party::new(&queue, 2, 1);
        let there = thread::spawn(move || {
            let (values, _, blocks) = other.receive(1);
            other.put_back(blocks);
            values
        });
        let (here, _holder) = run(move || {
            holder.put_back(held);
            (holder.receive(1).0, holder)
        });
        let there = there.join().unwrap();
        assert!(here == [1] || there == [1]);
        // The getter that took it first has put it back, or holds it.
        assert_eq!(drain(&queue), if here == [1] { vec![] } else { vec![1] });
    });
}

/// One comes back before the last new one is taken.
#[test]
fn none_is_answered_only_when_there_was_none_in_either_ring() {
    check(PREEMPTIONS, || {
        let queue = queue(2);
        let (holder, held) = holder(&queue, 1, &[1]);
        let putter = Party::new(&queue, 2, 1).with_blocks(1);
        putter.put(2).unwrap();
        let getter = Party::new(&queue, 3, 1);
        let there = thread::spawn(move || {
            holder.put_back(held);
            holder.receive_new(1).0
        });
        let got = run(move || getter.receive(1).0);
        let there = there.join().unwrap();
        assert_eq!(got.len(), 1, "there was a message all the time");
        assert_eq!(sorted([got, there, drain(&queue)].concat()), [1, 2]);
    });
}

const DEAD: Owner = Owner::new(9, 1);

/// A queue to which a participant that is dead was putting a message back. It had said where, and
/// the ring does not say so.
fn half_back() -> Arc<Queue<LoomWord>> {
    let queue = queue(2);
    let (corpse, held) = holder(&queue, DEAD.index(), &[7]);
    assert_eq!(corpse.me, DEAD);
    let (lane, position) = (Lane::Returned, Position::new(BEFORE_WRAP));
    let offered = State::Queued { lane, owner: DEAD, position };
    queue.state_word(held[0].block()).store(offered.pack(), Release);
    queue
}

#[test]
fn of_two_recoverers_one_brings_a_message_back() {
    check(PREEMPTIONS, || {
        let queue = half_back();
        let [one, other] = [1, 2].map(|index| Party::new(&queue, index, 1));
        let there = thread::spawn(move || other.recover(DEAD));
        let here = run(move || one.recover(DEAD));
        assert_eq!(here + there.join().unwrap(), 1);
        assert_eq!(drain(&queue), [7]);
        assert!(queue.lost.lock().unwrap().is_empty());
    });
}

/// It comes too late, and the message has been taken and put back again meanwhile.
#[test]
fn a_recoverer_leaves_a_message_that_went_on() {
    check(PREEMPTIONS, || {
        let queue = half_back();
        let late = Party::new(&queue, 1, 1);
        let other = Party::new(&queue, 2, 1);
        let there = thread::spawn(move || {
            let own = other.recover(DEAD);
            let (_, _, blocks) = other.receive(1);
            other.put_back(blocks);
            own
        });
        let here = run(move || late.recover(DEAD));
        assert_eq!(here + there.join().unwrap(), 1);
        assert_eq!(drain(&queue), [7]);
        assert!(queue.lost.lock().unwrap().is_empty());
    });
}

#[test]
fn a_getter_takes_what_a_recoverer_brings_back_whole() {
    check(PREEMPTIONS, || {
        let queue = half_back();
        let (recoverer, getter) = (Party::new(&queue, 1, 1), Party::new(&queue, 2, 1));
        let there = thread::spawn(move || recoverer.recover(DEAD));
        let mut got = run(move || getter.receive(1).0);
        assert_eq!(there.join().unwrap(), 1);
        got.extend(drain(&queue));
        assert_eq!(got, [7]);
    });
}

/// It is published: the dead one has no part in it any more.
#[test]
fn a_recoverer_leaves_what_came_back_to_its_getter() {
    check(PREEMPTIONS, || {
        let queue = queue(2);
        let (corpse, held) = holder(&queue, DEAD.index(), &[7]);
        corpse.put_back(held);
        let (recoverer, getter) = (Party::new(&queue, 1, 1), Party::new(&queue, 2, 1));
        let there = thread::spawn(move || getter.get());
        let reclaimed = run(move || recoverer.recover(DEAD));
        assert_eq!((there.join().unwrap(), reclaimed), (Ok(7), 0));
    });
}
