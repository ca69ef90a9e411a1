//! Killed, or stopped for a while, before every single access to shared memory: the others go on
//! for more than a lap, and in the end everything is accounted for.

mod support;

use std::sync::Arc;

use support::audit::{PER_PRODUCER, audit, in_order};
use support::heap::Queue;
use support::party::{Party, Refused};
use support::steps::{StepWord, Stepped};

type Member = Party<StepWord>;

#[derive(Clone, Copy, Debug)]
enum Act {
    Put,
    PutMany,
    Get,
    GetMany,
    Close,
    Recover,
}
use Act::{Close, Get, GetMany, Put, PutMany, Recover};

const VICTIM: u64 = 7 * PER_PRODUCER;

impl Act {
    /// What it does; answers with the participant, if it lives to do so.
    fn run(self, party: Member, value: u64) -> Member {
        match self {
            Put => _ = party.put(value),
            PutMany => _ = party.put_many(&[value, value + 1]),
            Get => _ = party.get(),
            GetMany => _ = party.get_many(2),
            Close => _ = party.close(),
            Recover => _ = party.recover(Party::new(&party.queue, 50, 1).me),
        }
        party
    }
}

struct Case {
    maxsize: u64,
    filled: u64,
    first: u64,
    /// The victim has done this before, so it remembers where it was.
    warm: bool,
}

impl Case {
    /// The queue with `filled` messages, and the one who put them.
    fn set_up(&self) -> (Arc<Queue<StepWord>>, Member) {
        let queue = Queue::new(self.maxsize, self.maxsize as u32 + 9, self.first);
        Party::fill_free_ring(&queue);
        // Owner 50 died with a message in hand and another half put; some acts recover it.
        let corpse = Party::new(&queue, 50, 1);
        corpse.put(50 * PER_PRODUCER).unwrap();
        corpse.receive(1);
        Stepped::new(move || corpse.put(50 * PER_PRODUCER + 1)).kill();
        let other = Party::new(&queue, 2, 1);
        for _ in 0..self.filled {
            put_next(&other).unwrap();
        }
        (queue, other)
    }

    fn victim(&self, queue: &Arc<Queue<StepWord>>, index: u8, other: &Member) -> Member {
        let victim = Party::new(queue, index, 1).keeping(0);
        if self.warm {
            if self.filled == 0 {
                victim.put(u64::from(index) * PER_PRODUCER).unwrap();
                victim.get().unwrap();
            } else {
                victim.get().unwrap();
                victim.put(u64::from(index) * PER_PRODUCER).unwrap();
            }
            // Others have been here since, but for the message in front.
            let _ = other.get().map(|_| put_next(other).unwrap());
        }
        victim
    }
}

/// Puts the next value of this participant; they are counted by what it was acknowledged.
fn put_next(party: &Member) -> Result<(), Refused> {
    let own = u64::from(party.me.index());
    let done = party
        .queue
        .acknowledged
        .lock()
        .unwrap()
        .iter()
        .filter(|&value| value / PER_PRODUCER == own)
        .count();
    party.put(own * PER_PRODUCER + done as u64)
}

/// More than a lap of puts and gets. None may wait for anybody.
fn go_on(other: &Member) {
    let laps = 3 * other.queue.messages().shape().slots();
    for round in 0..laps {
        for _ in 0..1 + round % 2 {
            let _ = put_next(other);
        }
        for _ in 0..1 + round % 3 {
            let _ = other.get();
        }
    }
}

fn cases() -> impl Iterator<Item = Case> {
    [1, 2, 3, 8].into_iter().flat_map(|maxsize| {
        [0, maxsize / 2, maxsize].into_iter().flat_map(move |filled| {
            [0, (1 << 44) - 3].into_iter().flat_map(move |first| {
                [false, true].into_iter().map(move |warm| Case { maxsize, filled, first, warm })
            })
        })
    })
}

/// One victim that is killed, or frozen, before each access of each act.
fn stop_everywhere(kill: bool) {
    for case in cases() {
        for act in [Put, PutMany, Get, GetMany, Close, Recover] {
            for accesses in 0.. {
                let (queue, other) = case.set_up();
                let victim = case.victim(&queue, 7, &other);
                let me = victim.me;
                let corpse = Party::new(&queue, 50, 1).me;
                let run = Stepped::new(move || act.run(victim, VICTIM + 1));
                let stands = run.step(accesses);
                go_on(&other);
                let mut dead = vec![corpse];
                match if kill { run.kill() } else { run.finish() } {
                    Some(survivor) => survivor.leave(),
                    None => dead.push(me),
                }
                other.leave();
                let closed = queue.messages().is_closed().unwrap();
                let in_flight = [VICTIM + 1, VICTIM + 2, 50 * PER_PRODUCER + 1];
                audit(&queue, &dead, &in_flight, closed);
                if kill {
                    in_order(&queue); // one who was stopped between its claim and its answer logs late
                }
                if !stands {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_death_at_any_access_loses_nothing() {
    stop_everywhere(true);
}

#[test]
fn who_is_stopped_at_any_access_for_a_lap_delays_nobody_and_ends_well() {
    stop_everywhere(false);
}

#[test]
fn two_deaths_at_any_two_accesses_lose_nothing() {
    for (maxsize, filled) in [(1, 0), (1, 1), (2, 1)] {
        for acts in [
            [Put, Put],
            [Get, Put],
            [Put, Get],
            [PutMany, GetMany],
            [Get, Close],
            [Recover, Recover],
        ] {
            two_deaths(&Case { maxsize, filled, first: (1 << 44) - 2, warm: false }, acts);
        }
    }
}

fn two_deaths(case: &Case, acts: [Act; 2]) {
    let mut first_ended = false;
    for first in 0.. {
        for second in 0.. {
            let (queue, other) = case.set_up();
            let victims = [7, 8].map(|index| case.victim(&queue, index, &other));
            let mut dead = vec![Party::new(&queue, 50, 1).me];
            let owners = [victims[0].me, victims[1].me];
            let mut values = [VICTIM + 1, VICTIM + PER_PRODUCER + 1].into_iter();
            let [a, b] = std::array::from_fn(|_| values.next().unwrap());
            let [one, two] = victims;
            let one = Stepped::new(move || acts[0].run(one, a));
            let two = Stepped::new(move || acts[1].run(two, b));
            first_ended = !one.step(first);
            let second_ended = !two.step(second);
            for (run, me) in [one, two].into_iter().zip(owners) {
                match run.kill() {
                    Some(survivor) => survivor.leave(),
                    None => dead.push(me),
                }
            }
            go_on(&other);
            other.leave();
            let closed = queue.messages().is_closed().unwrap();
            audit(&queue, &dead, &[a, a + 1, b, b + 1, 50 * PER_PRODUCER + 1], closed);
            if second_ended {
                break;
            }
        }
        if first_ended {
            break;
        }
    }
}
