//! Messages that come back: participants are killed, or stopped for a while, before every single
//! access, and each message is still delivered once.

mod support;

use std::sync::Arc;

use ringway_core::owned::Owned;
use ringway_core::owner::Owner;
use ringway_core::ring::{Cells, ClaimEnd};
use ringway_core::state::{Lane, State};
use ringway_core::word::{
    Ordering::{Acquire, Release},
    Word,
};
use support::audit::{PER_PRODUCER, audit};
use support::corpse::die_offering;
use support::heap::{Payload, Queue};
use support::party::{Party, Refused};
use support::steps::{StepWord, Stepped};

type Member = Party<StepWord>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    PutBack,
    PutBackTwo,
    Get,
    GetMany,
    Put,
    Close,
    Recover,
    /// It leaves, and one of its threads has died on the way back with a message.
    GiveUp,
}
use Act::{Close, Get, GetMany, GiveUp, Put, PutBack, PutBackTwo, Recover};
const ACTS: [Act; 8] = [PutBack, PutBackTwo, Get, GetMany, Put, Close, Recover, GiveUp];

const CORPSE: Owner = Owner::new(50, 1);
/// A value that the corpse has taken.
const TAKEN: u64 = 50 * PER_PRODUCER;
/// A value that the corpse was putting back.
const HALF_BACK: u64 = 50 * PER_PRODUCER + 1;
/// What an actor puts, beside its own number.
const PUT: u64 = 99;

/// A participant, and what it has in hand.
struct Actor {
    act: Act,
    party: Member,
    held: Vec<Owned>,
}

impl Actor {
    /// What it does; returns with the participant, if it lives to do so.
    fn run(self) -> Member {
        let Self { act, party, held } = self;
        match act {
            PutBack | PutBackTwo => party.put_back(held),
            Get => _ = party.get(),
            GetMany => _ = party.get_many(3),
            Put => _ = party.put(u64::from(party.me.index()) * PER_PRODUCER + PUT),
            Close => _ = party.close(),
            Recover => _ = party.recover(CORPSE),
            GiveUp => {
                party.leave();
                party.give_up();
            }
        }
        party
    }
}

#[derive(Clone, Copy)]
struct Case {
    /// Messages that were never taken.
    new: u64,
    /// Messages that came back.
    returned: u64,
    first: u64,
    /// The actors have done this before, so they remember where they were.
    warm: bool,
}

const MAXSIZE: u64 = 4;

fn cases() -> impl Iterator<Item = Case> {
    [(0, 0), (0, 1), (2, 0), (2, 2)].into_iter().flat_map(|(new, returned)| {
        [(0, true), ((1 << 44) - 3, false)].into_iter().map(move |(first, warm)| Case {
            new,
            returned,
            first,
            warm,
        })
    })
}

impl Case {
    fn set_up<const N: usize>(self, acts: [Act; N]) -> (Arc<Queue<StepWord>>, [Actor; N]) {
        let queue = Queue::returning(MAXSIZE, MAXSIZE as u32 + 10, self.first);
        Party::fill_free_ring(&queue);
        leave_corpse(&queue);
        let mut indexes = 7..;
        let actors = acts.map(|act| self.actor(&queue, indexes.next().unwrap(), act));
        let other = Party::new(&queue, 3, 1).keeping(0);
        take_out(&other, self.returned).into_iter().for_each(|owned| other.put_back(vec![owned]));
        for number in 0..self.new {
            other.put(4 * PER_PRODUCER + number).unwrap();
        }
        (queue, actors)
    }

    fn actor(self, queue: &Arc<Queue<StepWord>>, index: u8, act: Act) -> Actor {
        let party = Party::new(queue, index, 1).keeping(0);
        if self.warm {
            party.put(u64::from(index) * PER_PRODUCER + PUT - 1).unwrap();
            party.put_back(party.receive(1).2);
            party.get().unwrap();
        }
        let count = match act {
            PutBack | GiveUp => 1,
            PutBackTwo => 2,
            _ => 0,
        };
        let mut held = take_out(&party, count);
        if act == GiveUp {
            let (thread, half) = (party.sibling(), held.split_off(0));
            die_offering(
                queue,
                party.me,
                Lane::Returned,
                Stepped::new(move || thread.put_back(half)),
            );
        }
        Actor { act, party, held }
    }
}

/// Puts messages into a queue that is empty, and takes them out.
fn take_out(party: &Member, count: u64) -> Vec<Owned> {
    for number in 0..count {
        party.put(u64::from(party.me.index()) * PER_PRODUCER + number).unwrap();
    }
    let taken = party.receive_new(count as usize).2;
    assert_eq!(taken.len() as u64, count);
    taken
}

/// A participant that died with a message in hand and another one on its way back.
fn leave_corpse(queue: &Arc<Queue<StepWord>>) {
    let corpse = Party::new(queue, CORPSE.index(), CORPSE.generation()).keeping(0);
    let mut held = take_out(&corpse, 2);
    let half = held.split_off(1);
    assert_eq!(queue.payload(half[0].block()).read(), HALF_BACK);
    die_offering(queue, CORPSE, Lane::Returned, Stepped::new(move || corpse.put_back(half)));
}

/// More than a lap of both rings. None may wait for another.
fn go_on(queue: &Arc<Queue<StepWord>>) {
    let other = Party::new(queue, 2, 1).keeping(0);
    let laps = 3 * queue.returned().unwrap().shape().slots();
    let mut number = 0;
    for round in 0..laps {
        for _ in 0..1 + round % 2 {
            number += u64::from(other.put(2 * PER_PRODUCER + number).is_ok());
        }
        other.put_back(other.receive(1 + round as usize % 3).2);
        for _ in 0..1 + round % 3 {
            let _ = other.get();
        }
    }
    other.leave();
}

/// Values that dead participants have in hand, of messages that they had taken.
fn in_hand(queue: &Queue<StepWord>, dead: &[Owner]) -> Vec<u64> {
    let is_in_hand = |&block: &_| match queue.state(block) {
        State::Held { lane, owner, .. } => lane != Lane::Free && dead.contains(&owner),
        _ => false,
    };
    queue.blocks().filter(is_in_hand).map(|block| queue.payload(block).read()).collect()
}

/// Recovers the dead, and finds everything in its place. What they had in hand is lost, and nothing
/// else: not what was on its way back.
fn settle(queue: &Arc<Queue<StepWord>>, dead: &[Owner]) {
    let may_be_lost = in_hand(queue, dead);
    let puts: Vec<u64> =
        dead.iter().map(|owner| u64::from(owner.index()) * PER_PRODUCER + PUT).collect();
    audit(queue, dead, &puts, queue.messages().is_closed().unwrap());
    let lost = queue.lost.lock().unwrap();
    let is_right = |value: &u64| *value == TAKEN || may_be_lost.contains(value);
    assert!(lost.contains(&TAKEN) && lost.iter().all(is_right), "{lost:?} of {may_be_lost:?}");
}

/// Kills it, or lets it go on to its end.
fn end(kill: bool, run: Stepped<Member>, me: Owner, dead: &mut Vec<Owner>) {
    match if kill { run.kill() } else { run.finish() } {
        Some(survivor) => survivor.leave(),
        None => dead.push(me),
    }
}

/// One that is killed, or frozen, before each access of each act.
fn stop_everywhere(kill: bool) {
    for case in cases() {
        for act in ACTS {
            for accesses in 0.. {
                let (queue, [actor]) = case.set_up([act]);
                let me = actor.party.me;
                let run = Stepped::new(move || actor.run());
                let stands = run.step(accesses);
                if act == Recover && !kill {
                    Party::new(&queue, 8, 1).recover(CORPSE); // the stopped one comes too late
                }
                go_on(&queue);
                let mut dead = vec![CORPSE];
                end(kill, run, me, &mut dead);
                settle(&queue, &dead);
                if !stands {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_death_at_any_access_loses_nothing_that_comes_back() {
    stop_everywhere(true);
}

#[test]
fn a_stop_at_any_access_delays_no_other_and_doubles_nothing_that_comes_back() {
    stop_everywhere(false);
}

/// It is stopped, others take the places that it had found, and it dies later on.
#[test]
fn a_death_after_others_were_faster_loses_nothing_that_comes_back() {
    for act in [PutBack, PutBackTwo, Recover, GiveUp] {
        let case = Case { new: 0, returned: 1, first: (1 << 44) - 3, warm: true };
        for before in 0.. {
            let mut stood = false;
            for after in 0.. {
                let (queue, [actor, mut faster]) = case.set_up([act, PutBack]);
                let me = actor.party.me;
                let run = Stepped::new(move || actor.run());
                stood = run.step(before);
                faster.party.put_back(faster.held.split_off(0));
                faster.party.leave();
                let stands = stood && run.step(after);
                let mut dead = vec![CORPSE];
                end(true, run, me, &mut dead);
                settle(&queue, &dead);
                if !stands {
                    break;
                }
            }
            if !stood {
                break;
            }
        }
    }
}

#[test]
fn two_deaths_at_any_two_accesses_lose_nothing_that_comes_back() {
    for acts in
        [[PutBack, PutBack], [PutBack, Get], [PutBack, Recover], [Recover, Recover], [Recover, Get]]
    {
        let case = Case { new: 1, returned: 0, first: (1 << 44) - 2, warm: false };
        two_deaths(case, acts);
    }
}

fn two_deaths(case: Case, acts: [Act; 2]) {
    at_every_pair(|first, second| {
        let (queue, actors) = case.set_up(acts);
        let owners = [0, 1].map(|number: usize| actors[number].party.me);
        let [one, two] = actors.map(|actor| Stepped::new(move || actor.run()));
        let stand = [one.step(first), two.step(second)];
        let mut dead = vec![CORPSE];
        for (run, me) in [one, two].into_iter().zip(owners) {
            end(true, run, me, &mut dead);
        }
        settle(&queue, &dead);
        stand
    });
}

/// Runs two actors to every pair of accesses. `run` returns whether each of them stands there, or
/// has come to its end before.
fn at_every_pair(mut run: impl FnMut(u64, u64) -> [bool; 2]) {
    for first in 0.. {
        let stands = (0..).map(|second| run(first, second)).find(|stand| !stand[1]);
        if stands.is_some_and(|stand| !stand[0]) {
            break;
        }
    }
}

/// Of the recoverers one goes on after the other has died or gone further, and each message that
/// was on its way is there once.
#[test]
fn a_recoverer_that_goes_on_after_another_one_doubles_nothing() {
    let case = Case { new: 0, returned: 0, first: 0, warm: false };
    at_every_pair(|first, second| {
        let (queue, actors) = case.set_up([Recover, Recover]);
        let me = actors[1].party.me;
        let [one, two] = actors.map(|actor| Stepped::new(move || actor.run()));
        let stand = [one.step(first), two.step(second)];
        let mut dead = vec![CORPSE];
        end(true, two, me, &mut dead);
        let third = Party::new(&queue, 9, 1).keeping(0);
        dead.iter().for_each(|&owner| _ = third.recover(owner));
        let _ = third.get();
        end(false, one, me, &mut dead);
        settle(&queue, &dead);
        stand
    });
}

/// At each instant there is a message: one that comes back before the last new one is taken, and a
/// new one before that is taken by another thread of the getter's process.
#[test]
fn a_queue_that_was_never_empty_is_never_said_to_be() {
    for warm in [false, true] {
        for first in 0.. {
            let mut stood = false;
            for second in 0.. {
                let queue = Queue::<StepWord>::returning(MAXSIZE, 10, 0);
                Party::fill_free_ring(&queue);
                let other = Party::new(&queue, 2, 1);
                let getter = Party::new(&queue, 1, 1);
                if warm {
                    assert!(getter.get().is_err());
                    other.put(1).unwrap();
                    other.put_back(other.receive(1).2);
                    assert_eq!(getter.get(), Ok(1));
                }
                let sibling = getter.sibling();
                let back = take_out(&other, 1);
                other.put(10).unwrap();
                let run = Stepped::new(move || getter.get());
                stood = run.step(first);
                other.put_back(back);
                let _the_last_new_one = other.receive_new(1);
                let stands = stood && run.step(second);
                other.put(11).unwrap();
                let _ = sibling.get();
                assert!(run.finish().expect("it lives").is_ok(), "{first} {second}");
                if !stands {
                    break;
                }
            }
            if !stood {
                break;
            }
        }
    }
}

/// The shared head has gone past what it remembers.
#[test]
fn a_getter_that_was_away_finds_that_there_is_none() {
    for others in 0..20 {
        let queue = Queue::<StepWord>::returning(MAXSIZE, 7, 0);
        let [getter, other] = [1, 2].map(|index| Party::new(&queue, index, 1));
        for (party, times) in [(&getter, 1), (&other, others)] {
            for _ in 0..times {
                party.put_back(take_out(party, 1));
                party.get().unwrap();
            }
        }
        let run = Stepped::new(move || getter.get());
        assert!(!run.step(1000), "it does not end");
        assert_eq!(run.finish(), Some(Err(ClaimEnd::Empty)));
    }
}

#[test]
fn what_came_back_is_first_and_beyond_maxsize() {
    let queue = Queue::<StepWord>::returning(2, 8, 0);
    let party = Party::new(&queue, 1, 1);
    assert_eq!(party.put_many(&[1, 2]), (2, Ok(())));
    let taken = party.receive(2).2;
    assert_eq!(party.put_many(&[3, 4]), (2, Ok(())));
    party.put_back(taken);
    assert_eq!((party.len(), party.returned_len()), (2, 2));
    assert_eq!(party.put(5), Err(Refused::Full));
    assert_eq!(party.get_many(3).0, [1, 2, 3]);
    assert_eq!(party.get_many(3), (vec![4], ClaimEnd::Empty));
}

#[test]
fn what_comes_back_after_the_end_is_delivered() {
    let queue = Queue::<StepWord>::returning(2, 8, 0);
    let party = Party::new(&queue, 1, 1);
    let taken = take_out(&party, 1);
    party.close();
    assert_eq!(party.receive(1).1, ClaimEnd::Closed);
    party.put_back(taken);
    assert_eq!(party.get(), Ok(PER_PRODUCER));
    assert_eq!(party.get(), Err(ClaimEnd::Closed));
}

/// It was offered, and is still a message, and its owner's.
#[test]
fn a_message_that_a_damaged_ring_refuses_stays_a_message() {
    for warm in [false, true] {
        let queue = Queue::<StepWord>::returning(2, 8, 0);
        let party = Party::new(&queue, 1, 1);
        if warm {
            party.put_back(take_out(&party, 1));
            party.get().unwrap();
        }
        let taken = take_out(&party, 1);
        let (block, me) = (taken[0].block(), party.me);
        let run = Stepped::new(move || party.try_put_back(taken).map(|()| party));
        let position = loop {
            match queue.state(block) {
                State::Queued { lane: Lane::Returned, position, .. } => break position,
                _ => assert!(run.step(1), "it ended before"),
            }
        };
        let ring = queue.returned().unwrap();
        let slot = ring.cells().slot((position.number() % ring.shape().slots()) as usize);
        slot.store(slot.load(Acquire) ^ 1 << 63, Release);
        assert!(run.finish().expect("it lives").is_err());
        let found = queue.state(block);
        let is_ours =
            matches!(found, State::Held { lane: Lane::Returned, owner, .. } if owner == me);
        assert!(is_ours, "{found:?}");
    }
}
