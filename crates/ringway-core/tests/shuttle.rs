//! Larger runs under shuttle, by random schedules and by PCT (few preemptions, at the worst
//! places), each with a stated seed. Participants die at random accesses.

mod support;

use std::sync::Arc;

use ringway_core::owned::Owned;
use ringway_core::owner::Owner;
use ringway_core::ring::ClaimEnd;
use shuttle::rand::Rng;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner, thread};
use support::audit::{PER_PRODUCER, audit, blocks};
use support::heap::{Payload, Queue};
use support::members::Members;
use support::party::Party;
use support::shuttle_word::{ShuttleWord, mortal};

type Member = Party<ShuttleWord>;

const SEED: u64 = 0x52_494e_4757_4159;
const RANDOM: usize = 4000;
const PCT: usize = 3000;
const PCT_DEPTH: usize = 4;

fn check(run: impl Fn() + Send + Sync + Clone + 'static) {
    fn with(scheduler: impl Scheduler + 'static, run: impl Fn() + Send + Sync + 'static) {
        let mut config = Config::new();
        config.silence_warnings = true;
        Runner::new(scheduler, config).run(run);
    }
    with(RandomScheduler::new_from_seed(SEED, RANDOM), run.clone());
    with(PctScheduler::new_from_seed(SEED, PCT_DEPTH, PCT), run);
}

/// What a participant does next.
fn act(party: &Member, number: u64, batches: bool) {
    let value = u64::from(party.me.index()) * PER_PRODUCER + 2 * number;
    let choices = match (batches, party.queue.returned()) {
        (_, Some(_)) => 6,
        (true, None) => 4,
        (false, None) => 2,
    };
    let mut choice = shuttle::rand::thread_rng().gen_range(0..choices);
    if number == 0 {
        choice &= 2; // begin with a put
    }
    match choice {
        0 => _ = party.put(value),
        1 => _ = party.get(),
        2 => _ = party.put_many(&[value, value + 1]),
        3 => _ = party.get_many(3),
        _ => party.put_back(party.receive(choice - 3).2),
    }
}

struct Run {
    maxsize: u64,
    first: u64,
    /// Each is a participant of its own.
    threads: u8,
    acts: u64,
    batches: bool,
    /// How many of the threads die.
    deaths: u8,
    closes: bool,
    /// Whether messages are put back.
    returns: bool,
}

const PLAIN: Run = Run {
    maxsize: 1,
    first: 0,
    threads: 2,
    acts: 1,
    batches: false,
    deaths: 0,
    closes: false,
    returns: false,
};

impl Run {
    fn go(&self) {
        let blocks = self.maxsize as u32 + 4 * u32::from(self.threads);
        let make = if self.returns { Queue::returning } else { Queue::new };
        let queue: Arc<Queue<ShuttleWord>> = make(self.maxsize, blocks, self.first);
        Party::fill_free_ring(&queue);
        let threads: Vec<_> = (0..self.threads).map(|index| self.start(index, &queue)).collect();
        if self.closes {
            Party::new(&queue, 60, 1).close();
        }
        let dead: Vec<Owner> =
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect();
        // One value, or two, of each who died.
        let in_flight: Vec<u64> = dead
            .iter()
            .flat_map(|owner| {
                let first = u64::from(owner.index()) * PER_PRODUCER;
                let acknowledged = queue.acknowledged.lock().unwrap();
                let last = acknowledged
                    .iter()
                    .filter(|&value| value / PER_PRODUCER == first / PER_PRODUCER)
                    .max();
                let from = last.map_or(first, |last| last + 1);
                from..first + PER_PRODUCER
            })
            .collect();
        audit(&queue, &dead, &in_flight, self.closes);
    }

    /// Answers who died.
    fn start(
        &self,
        index: u8,
        queue: &Arc<Queue<ShuttleWord>>,
    ) -> thread::JoinHandle<Option<Owner>> {
        let party = Party::new(queue, index, 1);
        let (acts, batches, dies) = (self.acts, self.batches, index < self.deaths);
        thread::spawn(move || {
            let me = party.me;
            // As many as it makes in all, so that it dies anywhere.
            let accesses =
                if dies { shuttle::rand::thread_rng().gen_range(0..acts * 48) } else { u64::MAX };
            let life = mortal(accesses, move || {
                (0..acts).for_each(|number| act(&party, number, batches));
                party.leave();
            });
            life.is_none().then_some(me)
        })
    }
}

#[test]
fn four_putters_and_four_getters_pass_every_message_in_order() {
    check(|| {
        let queue = Queue::<ShuttleWord>::new(3, 16, (1 << 44) - 5);
        Party::fill_free_ring(&queue);
        let putters = (0..4).map(|index| {
            let party = Party::new(&queue, index, 1);
            thread::spawn(move || {
                let own = u64::from(index) * PER_PRODUCER;
                (0..3).for_each(|number| _ = party.put(own + number));
                party.leave();
                Vec::new()
            })
        });
        let getters = (4..8).map(|index| {
            let party = Party::new(&queue, index, 1);
            thread::spawn(move || {
                let got: Vec<u64> = (0..4).flat_map(|_| party.get()).collect();
                party.leave();
                got
            })
        });
        let threads: Vec<_> = putters.chain(getters).collect();
        for got in threads.into_iter().map(|thread| thread.join().unwrap()) {
            for producer in 0..4 {
                let of_one: Vec<_> =
                    got.iter().filter(|&value| value / PER_PRODUCER == producer).collect();
                assert!(of_one.is_sorted(), "{got:?}");
            }
        }
        audit(&queue, &[], &[], false);
    });
}

#[test]
fn eight_threads_share_one_place() {
    let run = || Run { maxsize: 1, first: (1 << 44) - 2, threads: 8, acts: 4, ..PLAIN };
    check(move || run().go());
}

#[test]
fn batches_of_four_threads_lose_nothing() {
    let run = || Run { maxsize: 5, first: 0, threads: 4, acts: 6, batches: true, ..PLAIN };
    check(move || run().go());
}

#[test]
fn close_among_puts_and_gets_leaves_nothing_behind() {
    let run =
        || Run { maxsize: 2, first: 7, threads: 4, acts: 4, batches: true, closes: true, ..PLAIN };
    check(move || run().go());
}

#[test]
fn a_get_that_answers_closed_is_the_end() {
    check(|| {
        let queue = Queue::<ShuttleWord>::new(2, 8, 3);
        Party::fill_free_ring(&queue);
        let putter = |index| {
            let party = Party::new(&queue, index, 1);
            thread::spawn(move || {
                (0..3).for_each(|number| _ = party.put(u64::from(index) * PER_PRODUCER + number))
            })
        };
        let threads = [putter(1), putter(2)];
        let getter = Party::new(&queue, 3, 1);
        let getter = thread::spawn(move || {
            while getter.receive(1).1 != ClaimEnd::Closed {
                thread::yield_now();
            }
            getter.receive(8).0
        });
        Party::new(&queue, 4, 1).close();
        assert!(getter.join().unwrap().is_empty());
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(Party::new(&queue, 5, 1).receive(8).0, []);
    });
}

#[test]
fn two_deaths_among_four_threads_lose_nothing() {
    let run = || Run { maxsize: 1, first: (1 << 44) - 3, threads: 4, acts: 5, deaths: 2, ..PLAIN };
    check(move || run().go());
}

#[test]
fn deaths_within_batches_lose_nothing() {
    let run =
        || Run { maxsize: 3, first: 0, threads: 5, acts: 5, batches: true, deaths: 3, ..PLAIN };
    check(move || run().go());
}

#[test]
fn deaths_among_puts_back_lose_nothing() {
    let run = || Run {
        maxsize: 2,
        first: (1 << 44) - 3,
        threads: 4,
        acts: 5,
        batches: true,
        deaths: 2,
        returns: true,
        ..PLAIN
    };
    check(move || run().go());
}

#[test]
fn close_among_puts_back_leaves_nothing_behind() {
    let run = || Run {
        maxsize: 2,
        first: 7,
        threads: 4,
        acts: 4,
        batches: true,
        deaths: 1,
        closes: true,
        returns: true,
    };
    check(move || run().go());
}

#[test]
fn two_recoverers_of_one_corpse_share_the_work_while_others_go_on() {
    two_recoverers(Queue::new);
}

#[test]
fn two_recoverers_share_what_the_corpse_was_putting_back_while_others_go_on() {
    two_recoverers(Queue::returning);
}

fn two_recoverers(make: fn(u64, u32, u64) -> Arc<Queue<ShuttleWord>>) {
    check(move || {
        let queue = make(2, 12, 0);
        Party::fill_free_ring(&queue);
        let victim = Party::new(&queue, 9, 1);
        let me = victim.me;
        let accesses = shuttle::rand::thread_rng().gen_range(0..200);
        _ = mortal(accesses, move || (0..4).for_each(|number| act(&victim, number, true)));
        // The second recoverer may die over it.
        let recoverers: Vec<_> =
            [(10, u64::MAX), (11, shuttle::rand::thread_rng().gen_range(0..80))]
                .map(|(index, accesses)| {
                    let party = Party::new(&queue, index, 1);
                    thread::spawn(move || {
                        let own = party.me;
                        mortal(accesses, move || party.recover(me)).is_none().then_some(own)
                    })
                })
                .into();
        let worker = Run {
            maxsize: 2,
            first: 0,
            threads: 1,
            acts: 4,
            batches: false,
            deaths: 0,
            closes: false,
            returns: false,
        };
        let worker = worker.start(1, &queue);
        worker.join().unwrap();
        let mut dead: Vec<_> =
            recoverers.into_iter().filter_map(|thread| thread.join().unwrap()).collect();
        dead.push(me);
        let in_flight: Vec<u64> = (9 * PER_PRODUCER..10 * PER_PRODUCER).collect();
        audit(&queue, &dead, &in_flight, false);
    });
}

/// Two threads of a process share its stocks. Those of the first process die, each at an access of
/// its own, and the other goes on meanwhile.
#[test]
fn the_death_of_threads_that_share_stocks_loses_nothing() {
    check(|| {
        let queue = Queue::<ShuttleWord>::without_memory(2, 20, 4, 20);
        let processes: Vec<Member> =
            (0..2).map(|index| Party::new(&queue, index, 1).keeping(2)).collect();
        let threads: Vec<_> = processes
            .iter()
            .flat_map(|process| [process.sibling(), process.sibling()])
            .enumerate()
            .map(|(number, party)| {
                thread::spawn(move || {
                    let dies = party.me.index() == 0;
                    let accesses =
                        if dies { shuttle::rand::thread_rng().gen_range(0..200) } else { u64::MAX };
                    mortal(accesses, move || {
                        for round in 0..4 {
                            let choice = shuttle::rand::thread_rng().gen_range(0..3);
                            let producer = PER_PRODUCER * (1 + number as u64);
                            match choice {
                                0 => _ = party.put(producer + round),
                                1 => _ = party.get(),
                                _ => use_blocks(&party, round),
                            }
                        }
                        party.put_down();
                    });
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        processes[1].leave();
        let in_flight: Vec<u64> = (PER_PRODUCER..3 * PER_PRODUCER).collect();
        audit(&queue, &[processes[0].me], &in_flight, false);
    });
}

/// Takes two blocks, marks them, and gives them back.
fn use_blocks(party: &Member, round: u64) {
    let taken: Vec<_> = (0..2).map_while(|_| party.take().ok()).collect();
    let mark = |owned: &Owned| {
        let me = u64::from(party.me.bits());
        me << 32 | u64::from(owned.block().index()) << 8 | round
    };
    for owned in &taken {
        party.queue.payload(owned.block()).write(mark(owned));
    }
    for owned in taken {
        let found = party.queue.payload(owned.block()).read();
        assert_eq!(found, mark(&owned), "two owners of {owned:?}");
        let _ = party.release(owned, round == 1);
    }
}

/// Participants enter, use blocks, look for the dead, and leave or die, around the place where
/// eight bits of their lives go round.
#[test]
fn lives_that_come_and_go_lose_nothing() {
    check(|| {
        let queue = Queue::<ShuttleWord>::new(1, 12, 0);
        let members = Arc::new(Members::<ShuttleWord>::new(3, 253));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (queue, members) = (Arc::clone(&queue), Arc::clone(&members));
                thread::spawn(move || (0..3).for_each(|_| live(&queue, &members)))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let (index, _byte) = members.free_byte().expect("no entrant is left");
        let last = members.enter(index).expect("a life").owner(index);
        let last = Party::new(&queue, last.index(), last.generation()).keeping(0);
        while last.pass(&members).is_some() {}
        last.leave();
        blocks(&Party::new(&queue, 100, 1).keeping(0));
    });
}

/// A life from its beginning to its end.
fn live(queue: &Arc<Queue<ShuttleWord>>, members: &Arc<Members<ShuttleWord>>) {
    let Some((index, byte)) = members.free_byte() else { return };
    let accesses = match shuttle::rand::thread_rng().gen_range(0..3) {
        0 => u64::MAX,
        1 => shuttle::rand::thread_rng().gen_range(0..30),
        _ => shuttle::rand::thread_rng().gen_range(0..250),
    };
    let (queue, table) = (Arc::clone(queue), Arc::clone(members));
    mortal(accesses, move || {
        let Some(life) = table.enter(index) else { return };
        let owner = life.owner(index);
        let party = Party::new(&queue, owner.index(), owner.generation());
        use_blocks(&party, 0);
        party.pass(&table);
        use_blocks(&party, 1);
        party.leave();
        party.give_up();
        table.leave(index, life);
    });
    let last = members.life(index);
    if last.is_live() {
        members.bury(index, last);
    }
    drop(byte);
}
