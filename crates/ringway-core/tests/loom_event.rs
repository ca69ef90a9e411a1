//! The event count under loom: nobody is left asleep although there is work. A sleeper that is
//! never woken is a deadlock, which loom reports.

mod support;

use std::sync::Arc;

use loom::thread;
use ringway_core::event_count::EventCount;
use ringway_core::ring::Hints;
use ringway_core::word::{Ordering, Word};
use support::futex::Futex;
use support::heap::Queue;
use support::loom::{check, run};
use support::loom_word::LoomWord;
use support::party::Party;

const PREEMPTIONS: usize = 3;

/// Work to be done, counted, and those who wait for it.
struct Shop {
    work: LoomWord,
    event: LoomWord,
    futex: Futex,
}

impl Shop {
    fn new() -> Arc<Self> {
        Arc::new(Self { work: LoomWord::new(0), event: LoomWord::new(0), futex: Futex::new() })
    }

    fn event(&self) -> EventCount<'_, LoomWord> {
        EventCount::new(&self.event)
    }

    fn announce(&self) {
        if self.event().has_sleepers() {
            self.event().notify(1, |count| self.futex.wake(count));
            self.futex.check(self.event());
        }
    }

    fn sleep_until<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        loop {
            let ticket = self.event().register();
            if let Some(found) = look() {
                self.event().leave(ticket);
                return found;
            }
            self.futex.wait(self.event(), ticket);
        }
    }

    fn publish(&self) {
        self.work.fetch_add(1, Ordering::SeqCst);
        self.announce();
    }

    fn try_take(&self) -> bool {
        let mut seen = self.work.load(Ordering::Acquire);
        while seen != 0 {
            match self.work.compare_exchange(seen, seen - 1, Ordering::SeqCst, Ordering::Acquire) {
                Ok(_) => return true,
                Err(found) => seen = found,
            }
        }
        false
    }

    fn take(&self) {
        self.sleep_until(|| self.try_take().then_some(()));
    }
}

#[test]
fn a_sleeper_is_woken_for_every_piece_of_work() {
    check(PREEMPTIONS, || {
        let shop = Shop::new();
        let sleeper = Arc::clone(&shop);
        let sleeper = thread::spawn(move || {
            sleeper.take();
            sleeper.take();
        });
        run(move || {
            shop.publish();
            shop.publish();
        });
        sleeper.join().unwrap();
    });
}

#[test]
fn two_publishers_wake_two_sleepers() {
    check(2, || {
        let shop = Shop::new();
        let threads = [true, true, false].map(|sleeps| {
            let shop = Arc::clone(&shop);
            thread::spawn(move || if sleeps { shop.take() } else { shop.publish() })
        });
        run(move || shop.publish());
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn dead_sleepers_neither_hide_the_living_nor_cost_more_than_one_wake() {
    check(PREEMPTIONS, || {
        let shop = Shop::new();
        let _ = shop.event().register();
        let _ = shop.event().register();
        let sleeper = Arc::clone(&shop);
        let sleeper = thread::spawn(move || sleeper.take());
        let publisher = Arc::clone(&shop);
        run(move || publisher.publish());
        sleeper.join().unwrap();
        // At most one announcement that wakes nobody takes all registrations back.
        shop.publish();
        assert!(!shop.event().has_sleepers());
    });
}

#[test]
fn a_spare_announcement_clears_what_wakes_have_left() {
    check(PREEMPTIONS, || {
        let shop = Shop::new();
        let sleeper = Arc::clone(&shop);
        let sleeper = thread::spawn(move || {
            sleeper.take();
            sleeper.take();
        });
        let publisher = Arc::clone(&shop);
        run(move || {
            publisher.publish();
            publisher.publish();
        });
        sleeper.join().unwrap();
        shop.publish();
        assert_eq!(shop.event().registrations(), 0);
    });
}

/// Both wakers find a registration of a dead sleeper, and one of them is stopped before it takes it
/// back, while another sleeper comes.
#[test]
fn a_registration_is_not_taken_back_twice() {
    check(2, || {
        let shop = Shop::new();
        let _ = shop.event().register();
        let sleeper = Arc::clone(&shop);
        let sleeper = thread::spawn(move || sleeper.take());
        let [one, other] = [1, 2].map(|_| Arc::clone(&shop));
        let one = thread::spawn(move || one.announce());
        run(move || {
            other.announce();
            other.publish();
        });
        one.join().unwrap();
        sleeper.join().unwrap();
    });
}

#[test]
fn a_registration_survives_the_wrap_of_the_count_and_of_the_sequence() {
    check(PREEMPTIONS, || {
        let shop = Shop::new();
        shop.event.store(u64::MAX, Ordering::Relaxed);
        let sleeper = Arc::clone(&shop);
        let sleeper = thread::spawn(move || sleeper.take());
        let publisher = Arc::clone(&shop);
        run(move || publisher.publish());
        sleeper.join().unwrap();
    });
}

#[test]
fn who_gives_up_takes_only_its_own_registration_back() {
    check(PREEMPTIONS, || {
        let shop = Shop::new();
        let sleeper = Arc::clone(&shop);
        let sleeper = thread::spawn(move || {
            sleeper.take();
            sleeper.take();
        });
        let impatient = Arc::clone(&shop);
        let impatient = thread::spawn(move || {
            let ticket = impatient.event().register();
            impatient.event().leave(ticket);
        });
        let publisher = Arc::clone(&shop);
        run(move || {
            publisher.publish();
            publisher.publish();
        });
        sleeper.join().unwrap();
        impatient.join().unwrap();
    });
}

#[test]
fn who_gives_up_alone_leaves_no_registration() {
    check(PREEMPTIONS, || {
        let shop = Shop::new();
        let ticket = shop.event().register();
        shop.event().leave(ticket);
        assert!(!shop.event().has_sleepers());
        shop.event().leave(ticket);
        assert_eq!(shop.event().registrations(), 0);
    });
}

/// The publication is that of the ring, and what is slept on is its emptiness.
#[test]
fn a_getter_does_not_sleep_on_a_queue_with_a_message() {
    check(2, || {
        let queue = Queue::<LoomWord>::new(1, 1, 0);
        let shop = Shop::new();
        let putter = Party::new(&queue, 1, 1).with_blocks(1);
        let getter = Party::new(&queue, 2, 1);
        let there = Arc::clone(&shop);
        let getter =
            thread::spawn(move || there.sleep_until(|| getter.receive(1).0.first().copied()));
        run(move || {
            putter.put(7).unwrap();
            shop.announce();
        });
        assert_eq!(getter.join().unwrap(), 7);
    });
}

/// The same with a message that is put back.
#[test]
fn a_getter_does_not_sleep_on_a_queue_with_a_message_that_came_back() {
    check(2, || {
        let queue = Queue::<LoomWord>::returning(1, 1, 0);
        let shop = Shop::new();
        let holder = Party::new(&queue, 1, 1).with_blocks(1);
        holder.put(7).unwrap();
        let held = holder.receive_new(1).2;
        let getter = Party::new(&queue, 2, 1);
        let there = Arc::clone(&shop);
        let getter =
            thread::spawn(move || there.sleep_until(|| getter.receive(1).0.first().copied()));
        run(move || {
            holder.put_back(held);
            shop.announce();
        });
        assert_eq!(getter.join().unwrap(), 7);
    });
}

/// The publication is the claim, and what is slept on is the lack of room.
#[test]
fn a_putter_does_not_sleep_on_a_queue_with_a_place() {
    check(2, || {
        let queue = Queue::<LoomWord>::new(1, 2, 0);
        let shop = Shop::new();
        let putter = Party::new(&queue, 1, 1).with_blocks(2);
        let getter = Party::new(&queue, 2, 1);
        putter.put(1).unwrap();
        let there = Arc::clone(&shop);
        let putter = thread::spawn(move || there.sleep_until(|| putter.put(2).ok()));
        let getter = run(move || {
            assert_eq!(getter.receive(1).0, [1]);
            shop.announce();
            getter
        });
        putter.join().unwrap();
        assert_eq!(getter.receive(1).0, [2]);
    });
}

/// A look that only asks for room before it sleeps is enough.
#[test]
fn has_room_sees_the_claim_that_was_announced() {
    check(2, || {
        let queue = Queue::<LoomWord>::new(1, 1, 0);
        let shop = Shop::new();
        let putter = Party::new(&queue, 1, 1).with_blocks(1);
        let getter = Party::new(&queue, 2, 1);
        putter.put(1).unwrap();
        let there = (Arc::clone(&shop), Arc::clone(&queue), Hints::default());
        let waiter = thread::spawn(move || {
            let (shop, queue, hints) = there;
            shop.sleep_until(|| queue.messages().has_room(&hints).ok());
        });
        run(move || {
            assert_eq!(getter.receive(1).0, [1]);
            shop.announce();
        });
        waiter.join().unwrap();
    });
}
