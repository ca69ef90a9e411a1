//! The store under loom: blocks have one owner, memory behind them, and what is in them is handed
//! on with them.

mod support;

use std::sync::Arc;

use loom::thread;
use ringway_core::owned::Owned;
use ringway_core::owner::Owner;
use ringway_core::ring::ClaimEnd;
use ringway_core::store::{Lent, NoBlock};
use support::heap::{Memory, Payload, Queue};
use support::loom::{check, run};
use support::loom_word::LoomWord;
use support::party::Party;

type Member = Party<LoomWord>;

/// Takes a block and writes into it, which loom reports if another owner does so too.
fn take(party: &Member) -> Option<Owned> {
    match party.take() {
        Ok(owned) => {
            party.queue.payload(owned.block()).write(party.me.index().into());
            Some(owned)
        }
        Err(NoBlock::AllHeld) => None,
        Err(error) => panic!("{error:?}"),
    }
}

fn use_block(party: &Member) -> bool {
    take(party).is_some_and(|owned| {
        assert_eq!(party.queue.payload(owned.block()).read(), party.me.index().into());
        let _ = party.release(owned, false);
        true
    })
}

/// All blocks that can be had.
fn all_blocks(queue: &Arc<Queue<LoomWord>>) -> usize {
    let auditor = Party::new(queue, 100, 1).keeping(0);
    std::iter::from_fn(|| take(&auditor)).count()
}

#[test]
fn fresh_blocks_are_taken_once_and_have_memory() {
    check(3, || {
        let queue = Queue::<LoomWord>::without_memory(1, 2, 1, 2);
        let [one, other] = [1, 2].map(|index| Party::new(&queue, index, 1));
        let there = thread::spawn(move || take(&other).expect("a block").block());
        let here = run(move || take(&one).expect("a block").block());
        assert_ne!(here, there.join().unwrap());
        assert_eq!(all_blocks(&queue), 0);
    });
}

#[test]
fn all_held_is_told_only_when_all_are() {
    check(3, || {
        let queue = Queue::<LoomWord>::without_memory(1, 2, 2, 2);
        let [one, other] = [1, 2].map(|index| Party::new(&queue, index, 1).keeping(0));
        let there = thread::spawn(move || assert!(use_block(&other), "the other has one"));
        run(move || assert!(use_block(&one), "the other has one"));
        there.join().unwrap();
        assert_eq!(all_blocks(&queue), 2);
    });
}

/// The first stock is that of a third thread, so these two share the second.
#[test]
fn two_threads_that_share_a_stock_double_nothing() {
    for at_hand in [0, 1] {
        check(3, move || {
            let queue = Queue::<LoomWord>::new(1, 2, 0);
            let first = Party::new(&queue, 1, 1).at_first_stock();
            let one = first.sibling().with_stock(at_hand);
            let other = first.sibling();
            let closer = first.sibling();
            let there = thread::spawn(move || assert!(use_block(&other)));
            run(move || assert!(use_block(&one)));
            there.join().unwrap();
            closer.leave();
            assert_eq!(all_blocks(&queue), 2);
        });
    }
}

/// Which of two threads gets the first stock is settled by one CAS.
#[test]
fn two_threads_that_come_first_get_a_stock_each() {
    check(3, || {
        let queue = Queue::<LoomWord>::new(1, 2, 0);
        let one = Party::new(&queue, 1, 1);
        let (other, closer) = (one.sibling(), one.sibling());
        let there = thread::spawn(move || assert!(use_block(&other)));
        run(move || assert!(use_block(&one)));
        there.join().unwrap();
        closer.leave();
        assert_eq!(all_blocks(&queue), 2);
    });
}

#[test]
fn of_two_reclaimers_one_takes_each_block() {
    check(3, || {
        let queue = Queue::<LoomWord>::new(1, 2, 0);
        let corpse = Party::new(&queue, 9, 1);
        let dead = corpse.me;
        assert!(take(&corpse).is_some() && take(&corpse).is_some());
        let [one, other] = [1, 2].map(|index| Party::new(&queue, index, 1).keeping(0));
        let there = thread::spawn(move || (other.recover(dead), take(&other).is_some()));
        let here = run(move || (one.recover(dead), take(&one).is_some()));
        let there = there.join().unwrap();
        assert_eq!(here.0 + there.0, 2);
        // The one that came last has seen the other's blocks go back, but for one in its hands.
        assert!(here.1 || there.1);
    });
}

/// It is published: the dead one has no part in it any more.
#[test]
fn a_reclaimer_leaves_a_message_to_its_getter() {
    check(3, || {
        let queue = Queue::<LoomWord>::new(1, 2, 0);
        let corpse = Party::new(&queue, 9, 1).with_blocks(1);
        let dead: Owner = corpse.me;
        corpse.put(7).unwrap();
        let getter = Party::new(&queue, 1, 1).keeping(0);
        let putter = Party::new(&queue, 3, 1).with_blocks(1);
        let there = thread::spawn(move || {
            let got = getter.get();
            // The slot of the message is used again while it is looked at.
            let _ = putter.put(8);
            got
        });
        let reclaimer = Party::new(&queue, 2, 1);
        let reclaimed = run(move || reclaimer.recover(dead));
        assert_eq!((there.join().unwrap(), reclaimed), (Ok(7), 0));
        assert_eq!(Party::new(&queue, 4, 1).get(), Ok(8));
    });
}

#[test]
fn what_is_released_is_whole_for_the_next_owner() {
    check(3, || {
        let queue = Queue::<LoomWord>::new(1, 1, 0);
        let giver = Party::new(&queue, 1, 1).keeping(0);
        let owned = take(&giver).expect("the only block");
        let taker = Party::new(&queue, 2, 1);
        let there = thread::spawn(move || take(&taker).is_some());
        run(move || _ = giver.release(owned, true));
        if !there.join().unwrap() {
            assert_eq!(all_blocks(&queue), 1);
        }
        assert_eq!(Party::new(&queue, 3, 1).get(), Err(ClaimEnd::Empty));
    });
}

/// Only the sum counts, and only in the end: a block may come back on another thread.
#[test]
fn what_is_lent_is_counted_over_all_threads() {
    check(3, || {
        let lent = Arc::new(Lent::<LoomWord>::default());
        let threads = [1, 2, 3].map(|key| {
            let lent = Arc::clone(&lent);
            thread::spawn(move || {
                LoomWord::set_thread_key(key);
                lent.lend(2);
                if !lent.first_takes_back() {
                    lent.take_back(1);
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(!lent.is_none());
        lent.take_back(3);
        assert!(lent.is_none());
    });
}
