//! What a worker finds: a lock, which is free or held by one of several, with sleepers or without.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use ringway::inspect::{self, LockSnapshot};
use ringway::{Kind, Lock, Place};

use super::Locking;
use crate::campaign::program::assistant;
use crate::campaign::subject;
use crate::words;

const PARTICIPANTS: u32 = 6;
/// Where the event count of the lock is, which is alone in its segment.
const EVENT_AT: u64 = words::body(PARTICIPANTS) + 8;
/// An event count with a registration. The sequence is one that no event of the campaign comes to.
const FORGED: u64 = 1 << 32 | 1 << 30;

/// An operation of one worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// `acquire_timeout`; `acquire` if the holder is dead.
    Acquire,
    /// `try_acquire`.
    TryAcquire,
    /// Dropping a guard.
    ReleaseGuard,
    /// `release`, of the hold of another process.
    ReleaseOther,
    /// `acknowledge`.
    Acknowledge,
    /// Opening the lock.
    OpenLock,
    /// Closing the last handle, perhaps of a lock that is held.
    CloseLock,
}

/// All of them.
pub const OPERATIONS: [Operation; 7] = [
    Operation::Acquire,
    Operation::TryAcquire,
    Operation::ReleaseGuard,
    Operation::ReleaseOther,
    Operation::Acknowledge,
    Operation::OpenLock,
    Operation::CloseLock,
];

/// What holds the lock when an operation begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder {
    /// Nothing.
    Free,
    /// The harness.
    Harness,
    /// The worker.
    Worker,
    /// A process that died with it, after the worker opened the lock.
    Corpse,
}

/// A scene.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scene {
    /// What holds the lock.
    pub holder: Holder,
    /// Whether an earlier holder died, which nobody has acknowledged.
    pub told: bool,
    /// Whether a sleeper is registered. It is forged: no process sleeps.
    pub sleepers: bool,
}

impl Scene {
    /// How many times the lock was acquired before an operation.
    pub fn acquired(self) -> u64 {
        u64::from(self.told) + u64::from(self.holder != Holder::Free)
    }
}

/// A lock that was set up for a scene. Its file goes with it.
pub struct Stage {
    lock: Option<Lock>,
    path: PathBuf,
    /// Whether the harness holds the lock, and no process may take it away.
    pub(super) must_hold: bool,
    /// The number of a hold of the harness, taken while the worker was frozen.
    pub(super) ours: Option<u64>,
}

impl Stage {
    /// Sets a scene up.
    ///
    /// # Panics
    /// When the lock cannot be made; the campaign cannot go on then.
    pub fn new(operation: Operation, scene: Scene) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(format!("/dev/shm/ringway.lock-{}-{number}", std::process::id()));
        let options = Lock::options().participants(PARTICIPANTS);
        let lock = options.create(path.clone()).expect("a lock for the campaign");
        let holds = scene.holder == Holder::Harness;
        if holds {
            lock.acquire().expect("a free lock").keep();
        }
        let must_hold = holds && operation != Operation::ReleaseOther;
        Self { lock: Some(lock), path, must_hold, ours: None }
    }

    /// The harness's own handle.
    ///
    /// # Panics
    /// When the harness has left.
    pub fn lock(&self) -> &Lock {
        self.lock.as_ref().expect("the harness has not left")
    }
}

impl subject::Stage for Stage {
    fn path(&self) -> &Path {
        &self.path
    }

    /// Closes the lock, even if the harness holds it.
    fn leave(&mut self) -> Result<(), String> {
        if self.must_hold && open(&self.path).try_acquire().is_ok() {
            return Err("the lock was taken from the harness".to_owned());
        }
        self.lock = None;
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// What a lock is like.
pub(super) struct Held {
    pub(super) lock: LockSnapshot,
    /// Whether an announcement came after a sleeper was forged.
    pub(super) is_announced: bool,
}

/// Looks at a lock without taking part.
///
/// # Errors
/// When it is damaged.
pub(super) fn look(path: &Path) -> Result<Held, String> {
    let place = Place::File(path.to_owned());
    let segment = inspect::open(&place, inspect::Trust::default()).map_err(|e| e.to_string())?;
    let object = inspect::first(&segment, Kind::Lock).ok_or("no lock in the directory")?;
    let lock = inspect::lock_snapshot(&segment, &object).map_err(|error| error.to_string())?;
    let mut word = [0; 8];
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.read_exact_at(&mut word, EVENT_AT).map_err(|error| error.to_string())?;
    let is_announced = u64::from_ne_bytes(word) as u32 != FORGED as u32;
    Ok(Held { lock, is_announced })
}

/// Opens the lock, which recovers what the dead have left.
///
/// # Panics
/// When there is none.
pub(super) fn open(path: &Path) -> Lock {
    Lock::options().open(path.to_path_buf()).expect("the lock of the campaign")
}

/// In a worker: registers a sleeper.
///
/// # Panics
/// When the file cannot be written.
pub(super) fn forge_sleepers(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).expect("the file of the lock");
    file.write_all_at(&FORGED.to_ne_bytes(), EVENT_AT).expect("a forged registration");
}

/// In a worker: lets another process of this program die with the lock.
///
/// # Panics
/// When it does not.
pub(super) fn make_a_corpse(path: &Path) {
    let program = std::env::current_exe().expect("the path of this program");
    let status = assistant::<Locking>(&program, "corpse", path, "").status().expect("a corpse");
    assert!(!status.success(), "the corpse lives");
}

/// In such a process: acquires the lock, and is killed.
///
/// # Panics
/// When it cannot be acquired.
pub(super) fn die_with_it(path: &Path) {
    let lock = open(path);
    let _guard = lock.try_acquire().expect("a free lock");
    // SAFETY: kills this very process.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
}
