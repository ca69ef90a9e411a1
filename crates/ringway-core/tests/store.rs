//! The store, with a participant killed or stopped before every single access to shared memory: no
//! block is lost or owned twice, and no other thread waits.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ringway_core::block::Block;
use ringway_core::owned::Owned;
use ringway_core::owner::Owner;
use ringway_core::ring::Cells;
use ringway_core::state::{Lane, State};
use ringway_core::store::{NoBlock, Released};
use ringway_core::word::{
    Ordering::{Acquire, Release},
    Word,
};
use support::audit::{self, audit};
use support::corpse::die_offering;
use support::heap::{NoMemory, Payload, Queue};
use support::party::Party;
use support::steps::{StepWord, Stepped};

type Member = Party<StepWord>;

/// A block with a mark in it, which another owner would change.
struct Marked(Owned, u64);

fn take(party: &Member) -> Option<Marked> {
    static MARKS: AtomicU64 = AtomicU64::new(1);
    let owned = party.take().ok()?;
    let mark = MARKS.fetch_add(1, Relaxed);
    party.queue.payload(owned.block()).write(mark);
    Some(Marked(owned, mark))
}

fn release(party: &Member, Marked(owned, mark): Marked, wanted: bool) -> Released {
    assert_eq!(party.queue.payload(owned.block()).read(), mark, "two owners of {owned:?}");
    party.release(owned, wanted)
}

/// Takes `count` blocks and gives them back.
fn use_blocks(party: &Member, count: usize, wanted: bool) {
    let all: Vec<Marked> = (0..count).map_while(|_| take(party)).collect();
    assert_eq!(all.len(), count, "there are enough blocks");
    all.into_iter().for_each(|one| _ = release(party, one, wanted));
}

const BLOCKS: u32 = 16;

/// A queue whose blocks are all fresh, without memory or with it, or are all in the free ring.
#[derive(Clone, Copy, Debug)]
enum Kind {
    WithoutMemory,
    Fresh,
    InRing,
}
use Kind::{Fresh, InRing, WithoutMemory};
const KINDS: [Kind; 3] = [WithoutMemory, Fresh, InRing];

fn queue(kind: Kind) -> Arc<Queue<StepWord>> {
    match kind {
        WithoutMemory => Queue::without_memory(1, BLOCKS, 3, BLOCKS.into()),
        Fresh => Queue::new(1, BLOCKS, 0),
        InRing => {
            let queue = Queue::new(1, BLOCKS, (1 << 44) - 20);
            Party::fill_free_ring(&queue);
            queue
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Use,
    UseWanted,
    /// More than are kept: some spill over.
    UseMany,
    Leave,
    GiveUp,
    Recover,
}
use Act::{GiveUp, Leave, Recover, Use, UseMany, UseWanted};
const ACTS: [Act; 6] = [Use, UseWanted, UseMany, Leave, GiveUp, Recover];

/// Values that the corpse put, and has taken out again.
const TAKEN: u64 = 50_000;
/// A value whose put it died in.
const HALF_PUT: u64 = 50_001;
/// What the actor has taken out and forgotten.
const FORGOTTEN: u64 = 60_000;

impl Act {
    fn run(self, party: &Member) {
        match self {
            Use => use_blocks(party, 2, false),
            UseWanted => use_blocks(party, 2, true),
            UseMany => use_blocks(party, 5, false),
            Leave => party.leave(),
            GiveUp => {
                party.leave();
                party.give_up();
            }
            Recover => _ = party.recover(CORPSE),
        }
    }

    /// What it finds.
    fn prepare(self, party: &Member) {
        match self {
            Leave => use_blocks(party, 2, false),
            GiveUp => {
                use_blocks(party, 1, false);
                party.put(FORGOTTEN).unwrap();
                assert_eq!(party.receive(1).0, [FORGOTTEN]);
                let _forgotten = party.take().unwrap();
            }
            _ => {}
        }
    }
}

const CORPSE: Owner = Owner::new(50, 1);

/// A participant that died with four blocks: one taken, one with a message, one half put into the
/// queue and one half given back.
fn leave_corpse(queue: &Arc<Queue<StepWord>>) {
    let corpse = Party::new(queue, CORPSE.index(), CORPSE.generation()).keeping(0);
    corpse.put(TAKEN).unwrap();
    assert_eq!(corpse.receive(1).0, [TAKEN]);
    let _taken = corpse.take().unwrap();
    let half = corpse.take().unwrap();
    let thread = corpse.sibling();
    die_offering(queue, CORPSE, Lane::Free, Stepped::new(move || thread.give_back(half)));
    let thread = corpse.sibling();
    die_offering(queue, CORPSE, Lane::Messages, Stepped::new(move || _ = thread.put(HALF_PUT)));
    let owned = queue.blocks().filter(|&block| match queue.state(block) {
        State::Held { owner, .. } => owner == CORPSE,
        State::Queued { lane, owner, position } => {
            owner == CORPSE && !queue.is_published(lane, position, block)
        }
        State::Fresh => false,
    });
    assert_eq!(owned.count(), 4);
}

/// One actor that is killed, or frozen, before each access of each act.
fn stop_everywhere(kill: bool) {
    for kind in KINDS {
        for keep in [0, 1, 3] {
            for act in ACTS {
                for accesses in 0.. {
                    let queue = queue(kind);
                    leave_corpse(&queue);
                    let actor = Party::new(&queue, 7, 1).keeping(keep);
                    act.prepare(&actor);
                    let me = actor.me;
                    let run = Stepped::new(move || {
                        act.run(&actor);
                        actor
                    });
                    let stands = run.step(accesses);
                    let other = Party::new(&queue, 2, 1).keeping(keep);
                    (0..BLOCKS).for_each(|round| use_blocks(&other, 5, round % 3 == 0));
                    other.leave();
                    let mut dead = vec![CORPSE];
                    match if kill { run.kill() } else { run.finish() } {
                        Some(survivor) => {
                            survivor.leave();
                            survivor.give_up();
                        }
                        None => dead.push(me),
                    }
                    audit(&queue, &dead, &[HALF_PUT], false);
                    if !stands {
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn a_death_at_any_access_loses_no_block() {
    stop_everywhere(true);
}

#[test]
fn a_stop_at_any_access_delays_no_other_and_doubles_no_block() {
    stop_everywhere(false);
}

/// The first thread of a process has a stock of its own, the others share one.
#[test]
fn a_thread_that_is_stopped_in_a_stock_delays_no_thread_of_its_process() {
    for kind in KINDS {
        for keep in [1, 3] {
            for [stopped, going] in [[0, 1], [1, 0], [1, 2]] {
                for act in [Use, UseWanted, UseMany] {
                    for accesses in 0.. {
                        let queue = queue(kind);
                        let first = Party::new(&queue, 1, 1).keeping(keep);
                        let threads = [first.sibling(), first.sibling(), first];
                        let [second, third, first] = threads;
                        let closer = first.sibling();
                        let mut threads = [Some(first), Some(second), Some(third)];
                        // The first one to come gets the first stock.
                        use_blocks(threads[0].as_ref().unwrap(), 1, false);
                        use_blocks(threads[1].as_ref().unwrap(), 1, false);
                        let thread = threads[stopped].take().unwrap();
                        let run = Stepped::new(move || act.run(&thread));
                        let stands = run.step(accesses);
                        let thread = threads[going].take().unwrap();
                        (0..4).for_each(|round| use_blocks(&thread, 3, round == 2));
                        run.finish().expect("it lives");
                        closer.leave();
                        audit::blocks(&Party::new(&queue, 100, 1).keeping(0));
                        if !stands {
                            break;
                        }
                    }
                }
            }
        }
    }
}

/// One is killed, or stopped, before each of its accesses, and another does all the work.
#[test]
fn two_reclaimers_share_the_work_block_by_block() {
    for kind in KINDS {
        for kill in [false, true] {
            for accesses in 0.. {
                let queue = queue(kind);
                leave_corpse(&queue);
                let late = Party::new(&queue, 7, 1);
                let me = late.me;
                let run = Stepped::new(move || late.recover(CORPSE));
                let stands = run.step(accesses);
                let by_other = Party::new(&queue, 8, 1).recover(CORPSE);
                let mut dead = vec![];
                let by_late = if kill { run.kill() } else { run.finish() };
                match by_late {
                    Some(blocks) => assert_eq!(by_other + blocks, 4),
                    None => {
                        assert!(by_other <= 4);
                        dead.push(me);
                    }
                }
                // What the dead one was giving back is the auditor's to find.
                audit(&queue, &dead, &[HALF_PUT], false);
                assert_eq!(*queue.lost.lock().unwrap(), [TAKEN], "lost once");
                if !stands {
                    break;
                }
            }
        }
    }
}

/// A block that goes round meanwhile is nobody's to reclaim.
#[test]
fn a_late_reclaimer_takes_nothing_that_went_on() {
    for accesses in 0.. {
        let queue = queue(InRing);
        leave_corpse(&queue);
        let late = Party::new(&queue, 7, 1);
        let run = Stepped::new(move || late.recover(CORPSE));
        let stands = run.step(accesses);
        let other = Party::new(&queue, 8, 1).keeping(0);
        other.recover(CORPSE);
        let held: Vec<Marked> = (0..BLOCKS).map_while(|_| take(&other)).collect();
        assert!(held.len() as u32 >= BLOCKS - 1, "the late one has one in hand at most");
        run.finish().expect("it lives");
        held.into_iter().for_each(|one| _ = release(&other, one, false));
        audit(&queue, &[], &[HALF_PUT], false);
        if !stands {
            break;
        }
    }
}

/// How many blocks another process can have.
fn left_for_others(queue: &Arc<Queue<StepWord>>) -> usize {
    let other = Party::new(queue, 9, 1).keeping(0);
    let all: Vec<Owned> = std::iter::from_fn(|| other.take().ok()).collect();
    let count = all.len();
    all.into_iter().for_each(|owned| other.give_back(owned));
    count
}

#[test]
fn no_more_blocks_than_allowed_are_at_hand_and_none_when_one_is_wanted() {
    let all = BLOCKS as usize;
    for keep in 0..5 {
        for used in [1, 5, 16] {
            let queue = queue(InRing);
            let party = Party::new(&queue, 1, 1).keeping(keep);
            use_blocks(&party, used, false);
            assert!(left_for_others(&queue) >= all - keep, "{keep} may be kept");
            let owned = take(&party).expect("a block");
            assert!(matches!(release(&party, owned, true), Released::ToRing(1..)));
            assert_eq!(left_for_others(&queue), all);
        }
    }
}

#[test]
fn each_thread_of_a_process_has_a_stock_to_use() {
    let queue = queue(InRing);
    let first = Party::new(&queue, 1, 1);
    let [second, third] = [first.sibling(), first.sibling()];
    for _ in 0..3 {
        for thread in [&first, &second, &third] {
            let owned = take(thread).expect("a block");
            assert_eq!(release(thread, owned, false), Released::Kept);
            assert!(thread.take_at_hand().is_some_and(|owned| thread.keep(owned).is_ok()));
        }
    }
}

/// Its block is found by a look at all states.
#[test]
fn a_thread_that_dies_inside_a_stock_at_the_end_is_told() {
    let mut told = 0;
    for accesses in 0.. {
        let queue = queue(InRing);
        let first = Party::new(&queue, 1, 1).at_first_stock();
        let second = first.sibling();
        let run = Stepped::new(move || use_blocks(&second, 1, false));
        let stands = run.step(accesses);
        run.kill();
        let emptied = first.try_leave();
        told += u32::from(emptied.is_none());
        let given_up = first.give_up();
        assert!(emptied.is_some() || given_up <= 1);
        audit::blocks(&Party::new(&queue, 100, 1).keeping(0));
        if !stands {
            assert_eq!((emptied, given_up), (Some(1), 0));
            break;
        }
    }
    assert!(told > 0, "it dies inside now and then");
}

#[test]
fn giving_up_takes_what_is_ours_and_no_more() {
    let queue = queue(InRing);
    let [party, other] = [1, 2].map(|index| Party::new(&queue, index, 1).keeping(0));
    other.put(1).unwrap();
    let held = take(&other).expect("a block");
    let _forgotten = (party.take().unwrap(), party.take().unwrap());
    assert_eq!(party.give_up(), 2);
    assert_eq!(party.give_up(), 0);
    assert_eq!(other.get(), Ok(1));
    let _ = release(&other, held, false);
    audit(&queue, &[], &[], false);
}

#[test]
fn without_memory_no_block_is_taken_and_none_is_lost() {
    let queue = Queue::<StepWord>::without_memory(1, 8, 3, 6);
    let party = Party::new(&queue, 1, 1);
    let taken: Vec<Owned> = (0..6).map(|_| party.take().unwrap()).collect();
    for _ in 0..3 {
        assert_eq!(party.take(), Err(NoBlock::NoMemory(NoMemory)));
    }
    taken.into_iter().for_each(|owned| party.give_back(owned));
    let again: Vec<Owned> = (0..6).map(|_| party.take().unwrap()).collect();
    assert_eq!(again.len(), 6);
    assert_eq!(party.take(), Err(NoBlock::NoMemory(NoMemory)));
}

#[test]
fn a_block_of_another_owner_is_not_released() {
    let queue = Queue::<StepWord>::new(1, 2, 0);
    let [party, other] = [1, 2].map(|index| Party::new(&queue, index, 1));
    let owned = party.take().unwrap();
    let word = queue.state_word(owned.block());
    let State::Held { lane, position, .. } = queue.state(owned.block()) else { panic!() };
    let foreign = State::Held { lane, owner: other.me, position };
    word.store(foreign.pack(), Release);
    assert!(party.try_release(owned, false).is_err());
    assert_eq!(queue.state(Block::new(0, 0)), foreign);
}

/// It is the owner's until it leaves, and then goes back.
#[test]
fn a_block_that_a_damaged_ring_refuses_stays_its_owners() {
    for wanted in [false, true] {
        let queue = Queue::<StepWord>::new(1, 4, 0);
        Party::fill_free_ring(&queue);
        let party = Party::new(&queue, 1, 1).keeping(1);
        let taken: Vec<Owned> = (0..3).map(|_| party.take().unwrap()).collect();
        let ring = queue.free();
        let tail = ring.cells().tail();
        let sound = tail.load(Acquire);
        tail.store(sound + 1000, Release);
        let released: Vec<_> =
            taken.into_iter().map(|owned| party.try_release(owned, wanted)).collect();
        let refused = released.iter().filter(|released| released.is_err()).count();
        // One is kept; the second finds enough at hand, and both are refused; the third is kept.
        assert_eq!(refused, if wanted { 3 } else { 1 });
        tail.store(sound, Release);
        party.leave();
        assert_eq!(party.give_up(), if wanted { 3 } else { 2 });
        audit::blocks(&Party::new(&queue, 100, 1).keeping(0));
    }
}
