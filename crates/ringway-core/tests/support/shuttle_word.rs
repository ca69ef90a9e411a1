//! The words of shuttle: sequentially consistent, and a thread may die before any of its accesses.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use ringway_core::word::{Ordering, Word};
use shuttle::sync::atomic::AtomicU64;

use super::heap::Memory;
use super::steps::PlainPayload;

shuttle::thread_local! {
    static KEY: Cell<u64> = const { Cell::new(0) };
    /// Whether this thread has died, and only unwinds.
    static IS_DEAD: Cell<bool> = const { Cell::new(false) };
    static ACCESSES_LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
}

struct Died;

/// Runs `life`, which dies before its access number `accesses`, counted from 0. `None` if it did.
pub fn mortal<T>(accesses: u64, life: impl FnOnce() -> T) -> Option<T> {
    ACCESSES_LEFT.with(|left| left.set(accesses));
    let end = catch_unwind(AssertUnwindSafe(life));
    ACCESSES_LEFT.with(|left| left.set(u64::MAX));
    IS_DEAD.with(|dead| dead.set(false));
    match end {
        Ok(result) => Some(result),
        Err(cause) if cause.is::<Died>() => None,
        Err(cause) => resume_unwind(cause),
    }
}

/// Returns whether the access is made: a dead thread still runs its destructors, which is more than
/// a dead process does.
fn step() -> bool {
    if IS_DEAD.with(Cell::get) {
        return false;
    }
    let left = ACCESSES_LEFT.with(Cell::get);
    if left == 0 {
        IS_DEAD.with(|dead| dead.set(true));
        resume_unwind(Box::new(Died));
    }
    ACCESSES_LEFT.with(|cell| cell.set(left - 1));
    true
}

pub struct ShuttleWord(AtomicU64);

impl Word for ShuttleWord {
    fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }
    fn load(&self, order: Ordering) -> u64 {
        step();
        self.0.load(order)
    }
    fn store(&self, value: u64, order: Ordering) {
        if step() {
            self.0.store(value, order);
        }
    }
    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        if step() {
            self.0.compare_exchange(current, new, success, failure)
        } else {
            Err(self.0.load(failure))
        }
    }
    fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_add(if step() { value } else { 0 }, order)
    }
    fn barrier_between_seqcst() {}
    fn barrier() {}
    fn thread_key() -> u64 {
        KEY.with(Cell::get)
    }
}

impl Memory for ShuttleWord {
    type Payload = PlainPayload;
    fn set_thread_key(key: u64) {
        KEY.with(|cell| cell.set(key));
    }
}
