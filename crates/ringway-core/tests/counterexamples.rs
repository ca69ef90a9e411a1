//! The ways in which earlier forms of the ring broke, each tried at every access where it could
//! happen. `mutants/run` takes the rule out again and sees the test fail.

mod support;

use std::sync::Arc;

use ringway_core::event_count::EventCount;
use ringway_core::ring::ClaimEnd;
use ringway_core::state::State;
use ringway_core::word::Word;
use support::audit::{PER_PRODUCER, audit};
use support::heap::Queue;
use support::party::{Party, Refused};
use support::steps::{StepWord, Stepped, weaken_exchange};

fn queue(maxsize: u64, blocks: u32) -> Arc<Queue<StepWord>> {
    let queue = Queue::new(maxsize, blocks, 0);
    Party::fill_free_ring(&queue);
    queue
}

/// Stops `life` at every two accesses, with `first` and `second` in between, and judges what it
/// answers.
fn stopped_twice<T: Send + 'static, S>(
    set_up: impl Fn() -> (S, Box<dyn FnOnce() -> T + Send>),
    first: impl Fn(&S),
    second: impl Fn(&S),
    judge: impl Fn(&S, T),
) {
    for before in 0.. {
        let mut stands = false;
        for between in 0.. {
            let (scene, life) = set_up();
            let run = Stepped::new(life);
            stands = run.step(before);
            first(&scene);
            let still_stands = run.step(between);
            second(&scene);
            judge(&scene, run.finish().expect("nobody dies"));
            if !still_stands {
                break;
            }
        }
        if !stands {
            break;
        }
    }
}

#[test]
fn c1_a_put_goes_past_slots_that_hold_a_later_turn() {
    for maxsize in [1, 2, 3] {
        for rounds in 1..20 {
            let queue = queue(maxsize, 8);
            // Each dies once its message is published, before it helps tail on.
            let mut dead = Vec::new();
            for index in 0..rounds {
                let putter = Party::new(&queue, index, 1);
                dead.push(putter.me);
                let value = u64::from(index);
                let run = Stepped::new(move || putter.put(value));
                let before = queue.messages().len();
                while queue.messages().len() == before && run.step(1) {}
                run.kill();
                let survivor = Party::new(&queue, 90, 1).keeping(0);
                survivor.recover(Party::new(&queue, index, 1).me);
                assert_eq!(survivor.get(), Ok(value));
            }
            let putter = Party::new(&queue, 91, 1);
            assert_eq!(putter.put(77), Ok(()));
            audit(&queue, &dead, &(0..20).collect::<Vec<_>>(), false);
        }
    }
}

#[test]
fn c2_a_late_recoverer_leaves_the_heir_of_the_entry_alone() {
    let queue = queue(1, 3);
    let victim = Party::new(&queue, 7, 1);
    let dead = victim.me;
    assert_eq!(victim.put(1), Ok(()));
    victim.receive(1);
    Party::new(&queue, 1, 1).recover(dead);
    let heir = Party::new(&queue, 7, 2);
    heir.put(2).unwrap();
    let (_, _, blocks) = heir.receive(1);
    let held = queue.state(blocks[0].block());
    assert_eq!(Party::new(&queue, 2, 1).recover(dead), 0);
    assert_eq!(queue.state(blocks[0].block()), held);
    assert!(matches!(held, State::Held { owner, .. } if owner == heir.me && owner != dead));
}

#[test]
fn c3_a_word_of_the_heir_never_equals_one_of_the_dead() {
    // The victim dies when block 0 says that it is queued and no slot names it. A first recoverer
    // is stopped anywhere; a second one brings the block to the heir, who is stopped anywhere while
    // it puts at the same position.
    for recoverer_at in 0.. {
        let mut recoverer_stands = false;
        for heir_at in 0.. {
            let queue = Queue::<StepWord>::new(1, 2, 0);
            let [filler, bystander] = [200, 201].map(|index| Party::new(&queue, index, 1));
            let (only, other) = (filler.take().unwrap(), bystander.take().unwrap());
            let block = only.block();
            filler.give_back(only);
            let victim = Party::new(&queue, 7, 1);
            let dead = victim.me;
            let offered = Stepped::new(move || victim.put(1));
            let is_offered =
                || matches!(queue.state(block), State::Queued { owner, .. } if owner == dead);
            while !is_offered() {
                assert!(offered.step(1));
            }
            offered.kill();
            let late = Party::new(&queue, 1, 1);
            let late = Stepped::new(move || late.recover(dead));
            recoverer_stands = late.step(recoverer_at);
            Party::new(&queue, 2, 1).recover(dead);
            let heir = Party::new(&queue, 7, 2);
            let heir = Stepped::new(move || heir.put(2));
            let heir_stands = heir.step(heir_at);
            late.finish();
            let put = heir.finish().unwrap();
            // The late one may just have the only block in its hands.
            assert!(matches!(put, Ok(()) | Err(Refused::NoBlock)), "{put:?}");
            bystander.give_back(other);
            audit(&queue, &[dead], &[], false);
            if !heir_stands {
                break;
            }
        }
        if !recoverer_stands {
            break;
        }
    }
}

#[test]
fn c4_full_is_not_answered_by_a_head_that_lags() {
    for maxsize in [1, 2, 3] {
        let queue = queue(maxsize, 9);
        let putter = Party::new(&queue, 1, 1);
        (0..maxsize).for_each(|value| putter.put(value).unwrap());
        assert_eq!(putter.put(9), Err(Refused::Full));
        // The getter dies as soon as it has claimed, before it helps head on.
        let getter = Party::new(&queue, 2, 1);
        let run = Stepped::new(move || getter.receive(1));
        while putter.len() == maxsize && run.step(1) {}
        run.kill();
        assert_eq!(putter.put(9), Ok(()));
        assert_eq!(putter.put(10), Err(Refused::Full));
    }
}

#[test]
fn c4_full_is_not_answered_while_there_was_always_a_place() {
    // Two of three places are taken at most, but for the putter's own.
    let around = |party: &Party<StepWord>| {
        for value in 0..2 {
            party.get().unwrap();
            party.put(PER_PRODUCER + value).unwrap();
        }
    };
    for warm in [false, true] {
        stopped_twice(
            || {
                let queue = queue(3, 9);
                let other = Party::new(&queue, 2, 1);
                let putter = Party::new(&queue, 1, 1);
                (0..2).for_each(|value| other.put(value).unwrap());
                if warm {
                    putter.put(5).unwrap();
                    other.get().unwrap();
                }
                (other, Box::new(move || putter.put(9)))
            },
            around,
            around,
            |_, answer| assert_eq!(answer, Ok(())),
        );
    }
}

#[test]
fn c5_an_exchange_that_fails_for_no_reason_leaves_no_hole() {
    for fast in [false, true] {
        for sound in 0..12 {
            let queue = queue(3, 6);
            let mut party = Party::new(&queue, 1, 1);
            party.fast = fast;
            party.put(0).unwrap();
            assert_eq!(party.receive(1).0, [0]);
            weaken_exchange(sound);
            party.put(1).unwrap();
            assert_eq!(party.put_many(&[2, 3]).0, 2);
            weaken_exchange(u64::MAX);
            assert_eq!(Party::new(&queue, 2, 1).receive(4).0, [1, 2, 3]);
        }
    }
}

#[test]
fn c6_nothing_is_published_behind_an_answered_closed() {
    for (puts, fast) in [(1, false), (1, true), (2, false)] {
        stopped_twice(
            || {
                let queue = queue(3, 9);
                let mut putter = Party::new(&queue, 1, 1);
                putter.fast = fast;
                putter.put(0).unwrap();
                (Arc::clone(&queue), Box::new(move || putter.put_many(&[1, 2][..puts])))
            },
            |queue| assert!(Party::new(queue, 2, 1).close()),
            |queue| assert_eq!(Party::new(queue, 3, 1).get_many(5).1, ClaimEnd::Closed),
            |queue, (put, answer)| {
                assert_eq!(answer, if put == puts { Ok(()) } else { Err(Refused::Closed) });
                assert_eq!(Party::new(queue, 4, 1).receive(5), (vec![], ClaimEnd::Closed, vec![]));
                assert_eq!(*queue.delivered.lock().unwrap(), [0, 1, 2][..=put]);
            },
        );
    }
}

#[test]
fn c7_len_answers_a_number_that_was_true_during_the_call() {
    let move_one = |party: &Party<StepWord>| {
        party.get().unwrap();
        party.put(9).unwrap();
    };
    let move_lap = |party: &Party<StepWord>| (0..5).for_each(|_| move_one(party));
    for filled in [1, 2, 3] {
        for lap in [false, true] {
            stopped_twice(
                || {
                    let queue = queue(3, 9);
                    let other = Party::new(&queue, 1, 1);
                    (0..filled).for_each(|value| other.put(value).unwrap());
                    let looker = Party::new(&queue, 2, 1);
                    (other, Box::new(move || looker.len()))
                },
                |other| if lap { move_lap(other) } else { move_one(other) },
                move_one,
                |_, len| assert!((filled - 1..=filled).contains(&len), "{len} with {filled}"),
            );
        }
    }
    // A message more, a message less: at no time two.
    stopped_twice(
        || {
            let queue = queue(3, 9);
            let other = Party::new(&queue, 1, 1);
            other.put(0).unwrap();
            let looker = Party::new(&queue, 2, 1);
            (other, Box::new(move || looker.len()))
        },
        |other| _ = other.get().unwrap(),
        |other| other.put(1).unwrap(),
        |_, len| assert!(len <= 1, "{len}"),
    );
}

#[test]
fn c8_a_put_finds_a_block_when_there_are_enough() {
    // Each may keep one and have one on its way. All but the putter do.
    let (maxsize, parties) = (2, 3);
    let holds = |blocks: u32| {
        let queue = queue(maxsize, blocks);
        for index in 1..parties {
            let party = Party::new(&queue, index, 1);
            for value in 0..2 {
                party.put(value).unwrap();
                party.receive(1); // held until it dies
            }
        }
        let putter = Party::new(&queue, 0, 1);
        (0..maxsize).try_for_each(|value| putter.put(value))
    };
    let enough = maxsize as u32 + 2 * u32::from(parties);
    assert_eq!(holds(enough), Ok(()));
    assert_eq!(holds(enough - 2), Ok(()), "the putter's own two are not needed for what is queued");
    assert_eq!(holds(enough - 3), Err(Refused::NoBlock));
}

#[test]
fn c9_a_sleep_that_ends_by_a_wake_leaves_no_registration() {
    for sleepers in 1..4 {
        let word = StepWord::new(0);
        let event = EventCount::new(&word);
        (0..sleepers).for_each(|_| _ = event.register());
        for count in [1, 1, 1, 2, 1, sleepers, 1] {
            let asleep = event.registrations();
            let woken = event.notify(count, |count| {
                let _ = event.register(); // meanwhile another one comes
                count.min(asleep)
            });
            assert_eq!(event.registrations(), asleep - woken + 1);
            (1..woken).for_each(|_| _ = event.register()); // and the others sleep again
            assert_eq!(event.registrations(), sleepers);
        }
    }
}

#[test]
fn a_waker_that_wakes_nobody_takes_all_registrations_back() {
    let word = StepWord::new(0);
    let event = EventCount::new(&word);
    let tickets: Vec<_> = (0..5).map(|_| event.register()).collect();
    assert_eq!(event.registrations(), 5);
    assert_eq!(event.notify(1, |_| 0), 0);
    assert!(!event.has_sleepers());
    assert!(tickets.iter().all(|&ticket| !event.is_current(ticket)));
}
