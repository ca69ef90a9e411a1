//! Words that let a test run a thread by single accesses: stop it before any of them, go on, or
//! kill it there.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{JoinHandle, spawn};

use ringway_core::word::{Ordering, Word};

use super::heap::{Memory, Payload};

thread_local! {
    static GATE: RefCell<Option<Arc<Gate>>> = const { RefCell::new(None) };
    static SOUND_EXCHANGES: Cell<u64> = const { Cell::new(u64::MAX) };
    static KEY: Cell<u64> = const { Cell::new(0) };
    /// Whether this thread has died, and only unwinds.
    static IS_DEAD: Cell<bool> = const { Cell::new(false) };
    static OTHERS: RefCell<Option<Box<dyn FnMut()>>> = const { RefCell::new(None) };
}

/// What others do before each further access of this thread; they do it on this thread.
pub fn before_each_access(others: impl FnMut() + 'static) {
    OTHERS.set(Some(Box::new(others)));
}

/// Lets one compare-exchange of this thread fail for no reason, as a weak one may, after `sound`
/// others.
pub fn weaken_exchange(sound: u64) {
    SOUND_EXCHANGES.set(sound);
}

#[derive(Default)]
struct Gate {
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    allowed: u64,
    made: u64,
    waiting: bool,
    killed: bool,
    ended: bool,
}

struct Died;

impl Gate {
    /// Called before an access.
    fn pass(&self) {
        let mut progress = self.progress.lock().unwrap();
        while progress.made == progress.allowed && !progress.killed {
            progress.waiting = true;
            self.changed.notify_all();
            progress = self.changed.wait(progress).unwrap();
        }
        progress.waiting = false;
        if progress.killed {
            drop(progress);
            IS_DEAD.set(true);
            resume_unwind(Box::new(Died));
        }
        progress.made += 1;
    }
}

/// A thread that makes an access only when it is let.
pub struct Stepped<T> {
    gate: Arc<Gate>,
    thread: JoinHandle<Option<T>>,
}

impl<T: Send + 'static> Stepped<T> {
    /// The thread stands before its first access.
    pub fn new(life: impl FnOnce() -> T + Send + 'static) -> Self {
        let gate = Arc::new(Gate::default());
        let inner = Arc::clone(&gate);
        let thread = spawn(move || {
            GATE.set(Some(Arc::clone(&inner)));
            let end = catch_unwind(AssertUnwindSafe(life));
            GATE.set(None);
            inner.progress.lock().unwrap().ended = true;
            inner.changed.notify_all();
            match end {
                Ok(result) => Some(result),
                Err(cause) if cause.is::<Died>() => None,
                Err(cause) => resume_unwind(cause),
            }
        });
        let stepped = Self { gate, thread };
        stepped.step(0);
        stepped
    }

    /// Lets it make `count` accesses. Answers whether it then stands before another one; else it
    /// has ended.
    pub fn step(&self, count: u64) -> bool {
        let mut progress = self.gate.progress.lock().unwrap();
        progress.allowed = progress.allowed.saturating_add(count);
        self.gate.changed.notify_all();
        while !(progress.ended || progress.waiting && progress.made == progress.allowed) {
            progress = self.gate.changed.wait(progress).unwrap();
        }
        !progress.ended
    }

    /// Lets it run to its end. `None` if it was killed.
    pub fn finish(self) -> Option<T> {
        self.step(u64::MAX);
        self.thread.join().unwrap_or_else(|cause| resume_unwind(cause))
    }

    /// Kills it where it stands. `Some` if it had ended.
    pub fn kill(self) -> Option<T> {
        self.gate.progress.lock().unwrap().killed = true;
        self.finish()
    }
}

/// A word of a stepped thread; on other threads an ordinary one.
pub struct StepWord(AtomicU64);

/// Waits for leave to make an access. Returns whether to make it: a dead thread still runs its
/// destructors, which is more than a dead process does.
fn step() -> bool {
    if IS_DEAD.get() {
        return false;
    }
    if let Some(mut others) = OTHERS.take() {
        others(); // whose own accesses find none
        OTHERS.set(Some(others));
    }
    GATE.with_borrow(|gate| gate.as_ref().map(Arc::clone)).inspect(|gate| gate.pass());
    true
}

impl Word for StepWord {
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
        let is_alive = step();
        let sound = SOUND_EXCHANGES.get();
        SOUND_EXCHANGES.set(if sound == 0 {
            u64::MAX
        } else {
            sound - u64::from(sound != u64::MAX)
        });
        if sound == 0 || !is_alive {
            return Err(self.0.load(failure));
        }
        self.0.compare_exchange(current, new, success, failure)
    }
    fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_add(if step() { value } else { 0 }, order)
    }
    fn barrier_between_seqcst() {}
    fn barrier() {}
    fn thread_key() -> u64 {
        KEY.get()
    }
}

/// A payload for checkers that do not look for races.
pub struct PlainPayload(AtomicU64);

impl Payload for PlainPayload {
    fn new() -> Self {
        Self(AtomicU64::new(0))
    }
    fn write(&self, value: u64) {
        self.0.store(value, Relaxed);
    }
    fn read(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Memory for StepWord {
    type Payload = PlainPayload;
    fn set_thread_key(key: u64) {
        KEY.set(key);
    }
}
