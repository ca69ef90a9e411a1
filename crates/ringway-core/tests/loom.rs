//! The ring under loom: every interleaving of short runs with at most `PREEMPTIONS` preemptions, in
//! the C11 memory model. A payload that is read without its writer having happened before is a
//! failure too.

mod support;

use std::sync::Arc;

use loom::thread;
use ringway_core::ring::ClaimEnd;
use support::heap::Queue;
use support::loom::{check, run};
use support::loom_word::LoomWord;
use support::party::{Party, Refused};

const PREEMPTIONS: usize = 3;
/// So near the end of the positions that each run passes it.
const BEFORE_WRAP: u64 = (1 << 44) - 1;

fn queue(maxsize: u64, blocks: u32) -> Arc<Queue<LoomWord>> {
    Queue::new(maxsize, blocks, BEFORE_WRAP)
}

/// What is still in the queue, in order.
fn drain(queue: &Arc<Queue<LoomWord>>) -> Vec<u64> {
    let auditor = Party::new(queue, 100, 1);
    let (values, edge, _) = auditor.receive(8);
    assert_ne!(edge, ClaimEnd::More);
    values
}

fn sorted(mut values: Vec<u64>) -> Vec<u64> {
    values.sort_unstable();
    values
}

#[test]
fn one_putter_and_one_getter_pass_messages_in_order() {
    for maxsize in [1, 2] {
        check(PREEMPTIONS, move || {
            let queue = queue(maxsize, 2);
            let putter = Party::new(&queue, 1, 1).with_blocks(2);
            let getter = Party::new(&queue, 2, 1);
            let puts = thread::spawn(move || [putter.put(1), putter.put(2)]);
            let mut got: Vec<u64> = run(move || (0..2).flat_map(|_| getter.receive(1).0).collect());
            let puts = puts.join().unwrap();
            assert!(puts[0].is_ok());
            assert!(puts[1].is_ok() || maxsize == 1);
            got.extend(drain(&queue));
            assert_eq!(got, if puts[1].is_ok() { vec![1, 2] } else { vec![1] });
        });
    }
}

#[test]
fn two_putters_lose_nothing_and_full_is_exact() {
    for maxsize in [1, 2] {
        check(PREEMPTIONS, move || {
            let queue = queue(maxsize, 2);
            let first = Party::new(&queue, 1, 1).with_blocks(1);
            let second = Party::new(&queue, 2, 1).with_blocks(1);
            let getter = Party::new(&queue, 3, 1);
            let put = thread::spawn(move || first.put(1));
            let other = thread::spawn(move || second.put(2));
            let mut got = run(move || getter.receive(1).0);
            let results = [put.join().unwrap(), other.join().unwrap()];
            assert!(results.contains(&Ok(())), "an empty queue is not full");
            assert!(
                maxsize == 1 || results == [Ok(()), Ok(())],
                "a queue with a place is not full"
            );
            got.extend(drain(&queue));
            let put = [1, 2].into_iter().zip(results).filter(|(_, result)| result.is_ok());
            assert_eq!(sorted(got), put.map(|(value, _)| value).collect::<Vec<_>>());
        });
    }
}

#[test]
fn two_getters_never_take_the_same_message_and_empty_is_exact() {
    for maxsize in [1, 2] {
        check(PREEMPTIONS, move || {
            let queue = queue(maxsize, 2);
            let putter = Party::new(&queue, 1, 1).with_blocks(2);
            let getters = [Party::new(&queue, 2, 1), Party::new(&queue, 3, 1)];
            putter.put(1).unwrap();
            let [a, b] = getters.map(|getter| thread::spawn(move || getter.receive(1).0));
            let second = run(move || putter.put(2));
            let (a, b) = (a.join().unwrap(), b.join().unwrap());
            assert!(!a.is_empty() || !b.is_empty(), "a queue with a message is not empty");
            let all = [a, b, drain(&queue)].concat();
            assert_eq!(sorted(all), if second.is_ok() { vec![1, 2] } else { vec![1] });
        });
    }
}

#[test]
fn full_is_never_answered_after_a_place_was_freed() {
    for maxsize in [1, 2] {
        check(PREEMPTIONS, move || {
            let queue = queue(maxsize, 4);
            let putter = Party::new(&queue, 1, 1).with_blocks(4);
            for value in 0..maxsize {
                putter.put(value).unwrap();
            }
            assert_eq!(putter.put(9), Err(Refused::Full));
            let getter = Party::new(&queue, 2, 1);
            let getter = thread::spawn(move || getter.receive(1).0);
            let (during, putter) = run(move || (putter.put(9), putter));
            assert_eq!(getter.join().unwrap(), [0]);
            if during.is_err() {
                putter.put(9).unwrap();
            }
            assert_eq!(putter.put(10), Err(Refused::Full));
        });
    }
}

#[test]
fn batches_are_passed_whole_and_in_order() {
    check(2, || {
        let queue = queue(2, 3);
        let putter = Party::new(&queue, 1, 1).with_blocks(2);
        let other = Party::new(&queue, 2, 1).with_blocks(1);
        let getter = Party::new(&queue, 3, 1);
        let batch = thread::spawn(move || putter.put_many(&[1, 2]).0);
        let single = thread::spawn(move || other.put(3));
        let mut got = run(move || getter.receive(2).0);
        let (batch, single) = (batch.join().unwrap(), single.join().unwrap());
        got.extend(drain(&queue));
        assert!(batch + usize::from(single.is_ok()) >= 2);
        let mut of_batch = got.clone();
        of_batch.retain(|&value| value != 3);
        assert_eq!(of_batch, [1, 2][..batch]);
        assert_eq!(got.contains(&3), single.is_ok());
        assert_eq!(got.len(), batch + usize::from(single.is_ok()));
    });
}

#[test]
fn blocks_go_round_through_the_free_ring() {
    check(PREEMPTIONS, || {
        let queue = queue(1, 2);
        Party::fill_free_ring(&queue);
        let putter = Party::new(&queue, 1, 1);
        let getter = Party::new(&queue, 2, 1).keeping(0);
        let puts = thread::spawn(move || [putter.put(1), putter.put(2)]);
        let (mut got, getter) =
            run(move || ((0..2).flat_map(|_| getter.get()).collect::<Vec<u64>>(), getter));
        let puts = puts.join().unwrap();
        got.extend(getter.get());
        assert!(puts[0].is_ok());
        assert_ne!(puts[1], Err(Refused::NoBlock));
        assert_eq!(got, if puts[1].is_ok() { vec![1, 2] } else { vec![1] });
    });
}

#[test]
fn len_answers_a_number_that_was_true_during_the_call() {
    check(PREEMPTIONS, || {
        let queue = queue(2, 3);
        let putter = Party::new(&queue, 1, 1).with_blocks(3);
        putter.put(1).unwrap();
        putter.put(2).unwrap();
        let looker = Party::new(&queue, 2, 1);
        let mover = Party::new(&queue, 3, 1);
        // 2, then 1, then 2 again: never 0 and never 3.
        let moves = thread::spawn(move || {
            assert_eq!(mover.receive(1).0, [1]);
            putter.put(3).unwrap();
        });
        let (during, looker) = run(move || (looker.len(), looker));
        assert!((1..=2).contains(&during), "len {during}");
        moves.join().unwrap();
        assert_eq!(looker.len(), 2);
    });
}

#[test]
fn nothing_is_left_behind_an_answered_closed() {
    for maxsize in [1, 2] {
        check(PREEMPTIONS, move || {
            let queue = queue(maxsize, 1);
            let putter = Party::new(&queue, 1, 1).with_blocks(1);
            let closer = Party::new(&queue, 2, 1);
            let getter = Party::new(&queue, 3, 1);
            let put = thread::spawn(move || putter.put(1));
            let close = thread::spawn(move || assert!(closer.close()));
            let ((mut got, edge, _), getter) = run(move || (getter.receive(2), getter));
            let put = put.join().unwrap();
            close.join().unwrap();
            let left = drain(&queue);
            assert!(
                edge != ClaimEnd::Closed || left.is_empty(),
                "a message behind an answered Closed"
            );
            got.extend(left);
            assert_eq!(got, if put.is_ok() { vec![1] } else { vec![] });
            assert!(matches!(put, Ok(()) | Err(Refused::Closed)));
            assert_eq!(getter.receive(1).1, ClaimEnd::Closed);
        });
    }
}

#[test]
fn one_of_two_closers_closes() {
    check(PREEMPTIONS, || {
        let queue = queue(1, 2);
        let putter = Party::new(&queue, 1, 1).with_blocks(2);
        putter.put(1).unwrap();
        let closers = [Party::new(&queue, 2, 1), Party::new(&queue, 3, 1)];
        let [a, b] = closers.map(|closer| thread::spawn(move || closer.close()));
        let (put, putter) = run(move || (putter.put(2), putter));
        assert!(matches!(put, Err(Refused::Full | Refused::Closed)));
        assert_eq!(u8::from(a.join().unwrap()) + u8::from(b.join().unwrap()), 1);
        assert_eq!(putter.put(2), Err(Refused::Closed));
        assert_eq!(drain(&queue), [1]);
    });
}

#[test]
fn more_threads_than_places_pass_every_message() {
    check(1, || {
        let queue = queue(1, 3);
        let parties = [0, 1, 2].map(|index| Party::new(&queue, index, 1).with_blocks(1));
        let threads = parties.map(|party| {
            thread::spawn(move || {
                let put = party.put(u64::from(party.me.index())).is_ok();
                (put, party.receive(1).0)
            })
        });
        let results = threads.map(|thread| thread.join().unwrap());
        let put: Vec<u64> = (0..3).filter(|&index| results[index as usize].0).collect();
        let got = results.into_iter().flat_map(|(_, got)| got).chain(drain(&queue)).collect();
        assert_eq!(sorted(got), put);
    });
}

#[test]
fn threads_that_share_their_hints_pass_every_message_once() {
    check(PREEMPTIONS, || {
        let queue = queue(2, 4);
        let one = Party::new(&queue, 1, 1).with_blocks(2);
        one.put(0).unwrap();
        assert_eq!(one.receive(1).0, [0]);
        let other = one.sibling().with_blocks(2);
        let pass = |party: &Party<LoomWord>, value| {
            party.put(value).unwrap();
            party.receive(1).0
        };
        let there = thread::spawn(move || pass(&other, 2));
        let here = run(move || pass(&one, 1));
        let got = [here, there.join().unwrap(), drain(&queue)].concat();
        assert_eq!(sorted(got), [1, 2]);
    });
}

#[test]
fn threads_of_one_process_share_one_place() {
    check(2, || {
        let queue = queue(1, 2);
        let one = Party::new(&queue, 1, 1);
        let parties = [one.sibling().with_blocks(1), one.sibling().with_blocks(1)];
        let [a, b] =
            parties.map(|party| thread::spawn(move || (party.put(1).is_ok(), party.receive(1).0)));
        let (a, b) = (a.join().unwrap(), b.join().unwrap());
        let put = usize::from(a.0) + usize::from(b.0);
        assert!(put >= 1);
        assert_eq!([a.1, b.1, drain(&queue)].concat().len(), put);
    });
}
