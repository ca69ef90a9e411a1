//! The words of loom, which follow the C11 memory model, and payloads whose accesses loom checks
//! for races.

use std::cell::Cell;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU64, fence};
use ringway_core::word::{Ordering, Word};

use super::heap::{Memory, Payload};

loom::thread_local! {
    static KEY: Cell<u64> = Cell::new(0);
}

pub struct LoomWord(AtomicU64);

impl Word for LoomWord {
    fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }
    fn load(&self, order: Ordering) -> u64 {
        self.0.load(order)
    }
    fn store(&self, value: u64, order: Ordering) {
        self.0.store(value, order);
    }
    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.0.compare_exchange(current, new, success, failure)
    }
    fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_add(value, order)
    }
    /// Loom takes SeqCst accesses for acquire-release ones.
    fn barrier_between_seqcst() {
        fence(Ordering::SeqCst);
    }
    fn barrier() {
        fence(Ordering::SeqCst);
    }
    fn thread_key() -> u64 {
        KEY.with(Cell::get)
    }
}

pub struct LoomPayload(UnsafeCell<u64>);

impl Payload for LoomPayload {
    fn new() -> Self {
        Self(UnsafeCell::new(0))
    }
    fn write(&self, value: u64) {
        // SAFETY: the writer owns the block. That this excludes others is what loom checks.
        self.0.with_mut(|cell| unsafe { *cell = value });
    }
    fn read(&self) -> u64 {
        // SAFETY: the reader owns the block. That this excludes writers is what loom checks.
        self.0.with(|cell| unsafe { *cell })
    }
}

impl Memory for LoomWord {
    type Payload = LoomPayload;
    fn set_thread_key(key: u64) {
        KEY.with(|cell| cell.set(key));
    }
}
