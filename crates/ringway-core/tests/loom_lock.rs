//! The lock word under loom, with the event count that its waiters sleep on: never two holders, a
//! plain write under the lock is carried to the next holder, and no waiter is left asleep.

#![allow(clippy::arc_with_non_send_sync)] // loom runs its threads one at a time

mod support;

use loom::sync::Arc;
use loom::thread;
use ringway_core::event_count::EventCount;
use ringway_core::lock_word::{Hold, LockWord};
use ringway_core::owner::Owner;
use ringway_core::word::Word;
use support::futex::Futex;
use support::heap::Payload;
use support::loom::{check, run};
use support::loom_word::{LoomPayload, LoomWord};

struct Lock {
    word: LoomWord,
    released: LoomWord,
    futex: Futex,
    /// What the lock protects.
    count: LoomPayload,
}

fn owner(index: u8) -> Owner {
    Owner::new(index, 1)
}
const DEAD: Owner = Owner::new(9, 1);

impl Lock {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            word: LoomWord::new(0),
            released: LoomWord::new(0),
            futex: Futex::new(),
            count: LoomPayload::new(),
        })
    }

    fn word(&self) -> LockWord<'_, LoomWord> {
        LockWord::new(&self.word)
    }

    fn acquire(&self, me: Owner) -> Hold {
        let released = EventCount::new(&self.released);
        loop {
            if let Ok(hold) = self.word().try_acquire(me) {
                return hold;
            }
            let ticket = released.register();
            if let Ok(hold) = self.word().try_acquire(me) {
                released.leave(ticket);
                return hold;
            }
            self.futex.wait(released, ticket);
        }
    }

    fn announce(&self) {
        let released = EventCount::new(&self.released);
        if released.has_sleepers() {
            released.notify(1, |count| self.futex.wake(count));
        }
    }

    fn release(&self, hold: Hold) {
        assert!(self.word().release(hold), "a hold stands while its holder lives");
        self.announce();
    }

    fn count_up(&self, me: Owner) {
        let hold = self.acquire(me);
        assert!(!hold.owner_died());
        self.count.write(self.count.read() + 1);
        self.release(hold);
    }
}

fn contend(preemptions: usize, threads: u8) {
    check(preemptions, move || {
        let lock = Lock::new();
        let others: Vec<_> = (1..threads)
            .map(|index| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || lock.count_up(owner(index)))
            })
            .collect();
        let here = Arc::clone(&lock);
        run(move || here.count_up(owner(0)));
        others.into_iter().for_each(|other| other.join().unwrap());
        let hold = lock.word().try_acquire(owner(20)).expect("a free lock");
        assert_eq!(lock.count.read(), u64::from(threads));
        assert!(lock.word().release(hold));
    });
}

#[test]
fn two_threads_hold_it_in_turn() {
    contend(3, 2);
}

#[test]
fn three_threads_hold_it_in_turn() {
    contend(1, 3);
}

#[test]
fn of_two_reclaimers_one_frees_it_and_the_waiter_is_told() {
    check(2, || {
        let lock = Lock::new();
        let _dead = lock.word().try_acquire(DEAD).expect("a free lock");
        let reclaimers = [1, 2].map(|_| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                let freed = lock.word().reclaim(|holder| holder == DEAD);
                if freed {
                    lock.announce();
                }
                freed
            })
        });
        let waiter = Arc::clone(&lock);
        run(move || {
            let hold = waiter.acquire(owner(3));
            assert!(hold.owner_died());
            waiter.count.write(7);
            waiter.release(hold);
        });
        let freed = reclaimers.map(|reclaimer| u8::from(reclaimer.join().unwrap()));
        assert_eq!(freed[0] + freed[1], 1);
    });
}

/// Any participant may release: the guard then finds that its hold has ended.
#[test]
fn a_release_by_another_ends_a_hold_once() {
    check(3, || {
        let lock = Lock::new();
        let first = lock.word().try_acquire(owner(1)).expect("a free lock");
        let foreign = Arc::clone(&lock);
        let foreign = thread::spawn(move || {
            let released = foreign.word().release_any();
            if released {
                foreign.announce();
            }
            released
        });
        let next = Arc::clone(&lock);
        let next = thread::spawn(move || next.acquire(owner(2)));
        let here = Arc::clone(&lock);
        let by_holder = run(move || {
            let released = here.word().release(first);
            if released {
                here.announce();
            }
            released
        });
        let by_foreigner = foreign.join().unwrap();
        let second = next.join().unwrap();
        assert!(by_holder || by_foreigner);
        // If both released, the foreign one ended the second hold.
        assert_eq!(lock.word().release(second), !(by_holder && by_foreigner));
    });
}
