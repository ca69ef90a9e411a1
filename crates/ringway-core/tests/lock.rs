//! The lock word, with a participant killed or stopped before every single access.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use ringway_core::lock_word::LockWord;
use ringway_core::owner::Owner;
use ringway_core::word::Word;
use support::steps::{StepWord, Stepped};

const ME: Owner = Owner::new(1, 1);
const DEAD: Owner = Owner::new(7, 1);

type Shared = Arc<StepWord>;

/// A lock that is free, after a holder died or not.
fn lock(is_told: bool) -> Shared {
    let word = StepWord::new(0);
    let lock = LockWord::new(&word);
    let _hold = lock.try_acquire(DEAD).expect("a free lock");
    if is_told {
        assert!(lock.reclaim(|owner| owner == DEAD));
    } else {
        assert!(lock.release_any());
    }
    Arc::new(word)
}

/// A thread that reclaims what the dead one held, and stands before its first access.
fn reclaimer(word: &Shared) -> Stepped<bool> {
    let word = Arc::clone(word);
    Stepped::new(move || LockWord::new(&*word).reclaim(|owner| owner == DEAD))
}

#[test]
fn a_holder_that_dies_at_any_access_is_freed_once_and_told() {
    for (is_told, acknowledges) in [(false, true), (true, false), (true, true)] {
        for accesses in 0.. {
            let mut stands = false;
            for late_accesses in 0.. {
                let word = lock(is_told);
                let lock = LockWord::new(&*word);
                let shared = Arc::clone(&word);
                let holder = Stepped::new(move || {
                    let lock = LockWord::new(&*shared);
                    let mut hold = lock.try_acquire(DEAD).expect("a free lock");
                    assert_eq!(hold.owner_died(), is_told);
                    if acknowledges {
                        hold = lock.acknowledge(hold).expect("our hold");
                    }
                    assert!(lock.release(hold));
                });
                stands = holder.step(accesses);
                holder.kill();
                let left = lock.state();
                let late = reclaimer(&word);
                let late_stands = late.step(late_accesses);
                let freed = lock.reclaim(|owner| owner == DEAD);
                let by_late = late.finish().expect("it lives");
                assert_eq!(u8::from(freed) + u8::from(by_late), left.holder().is_some().into());
                let hold = lock.try_acquire(ME).expect("it is free");
                assert_eq!(hold.owner_died(), left.holder().is_some() || left.owner_died());
                assert!(hold.owner_died() || !is_told || acknowledges);
                if !late_stands {
                    break;
                }
            }
            if !stands {
                break;
            }
        }
    }
}

/// The name of the dead is used again after 256 lives, and its bearer holds the lock.
#[test]
fn a_late_reclaimer_ends_no_later_hold() {
    for is_reclaimed in [false, true] {
        for accesses in 0.. {
            let word = lock(false);
            let lock = LockWord::new(&*word);
            let _dead = lock.try_acquire(DEAD).expect("a free lock");
            let is_gone = Arc::new(AtomicBool::new(true));
            let (shared, judged) = (Arc::clone(&word), Arc::clone(&is_gone));
            let late = Stepped::new(move || {
                LockWord::new(&*shared).reclaim(|owner| owner == DEAD && judged.load(Relaxed))
            });
            let stands = late.step(accesses);
            if is_reclaimed {
                lock.reclaim(|owner| owner == DEAD);
            } else {
                lock.release_any();
            }
            is_gone.store(false, Relaxed);
            let mut hold = lock.try_acquire(DEAD).expect("it is free");
            if hold.owner_died() {
                hold = lock.acknowledge(hold).expect("our hold");
            }
            let state = lock.state();
            late.finish().expect("it lives");
            assert_eq!(lock.state(), state, "stopped before access {accesses}");
            assert!(lock.release(hold));
            if !stands {
                break;
            }
        }
    }
}

/// The holder loses its hold to a release by another, at any time of its own.
#[test]
fn a_holder_that_was_released_by_another_ends_no_later_hold() {
    for accesses in 0.. {
        let word = lock(true);
        let lock = LockWord::new(&*word);
        let hold = lock.try_acquire(ME).expect("a free lock");
        let shared = Arc::clone(&word);
        let holder = Stepped::new(move || {
            let lock = LockWord::new(&*shared);
            lock.acknowledge(hold).is_some_and(|hold| lock.release(hold))
        });
        let stands = holder.step(accesses);
        let released = lock.release_any();
        let next = lock.try_acquire(ME).expect("it is free");
        let state = lock.state();
        assert_eq!(holder.finish().expect("it lives"), !released);
        assert_eq!(lock.state(), state);
        assert!(lock.release(next));
        if !stands {
            break;
        }
    }
}
