//! A lock between processes.

use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringway_segment::attachment::Attachment;
use ringway_segment::core::lock_word::Hold;
use ringway_segment::directory::Wanted;
use ringway_segment::error::{CreateError, OpenError};
use ringway_segment::objects::lock::LockObject;
use ringway_segment::waiting::{Until, WaitStrategy};
use thiserror::Error;

use crate::error::{Error, Label};
use crate::handle::{ObjectHandle, object_methods};
use crate::maybe_owned::MaybeOwned;
use crate::options::Options;

/// A lock between processes, for one holder at a time.
///
/// * **Death of the holder.** The lock becomes free within about 100 ms, if any process waits for
///   it, and the next holder is told by [`LockGuard::owner_died`]. That is no error: only the
///   caller knows whether what the lock protects was left half done. A holder that is merely
///   stopped keeps the lock.
/// * **Ownership.** A guard releases its own hold. Besides, any process may release the lock
///   ([`Lock::release`]), as with Python's `multiprocessing.Lock`. It is not reentrant.
/// * **Order.** No order among waiters is promised; a running process may take the lock before one
///   that sleeps.
/// * **Happens-before.** What a holder did before its release is seen by the next holder.
///
/// ```
/// use ringway::Lock;
/// # let name = &format!("doc-lock-{}", std::process::id());
/// let lock = Lock::create(name)?;
/// {
///     let guard = lock.acquire()?;
///     if guard.owner_died() {
///         // repair what the lock protects, and then:
///         guard.acknowledge();
///     }
///     assert!(lock.try_acquire().unwrap_err().is_held());
/// } // released here
/// assert!(!lock.is_locked());
/// # lock.remove()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Lock {
    object: Arc<LockObject>,
    strategy: WaitStrategy,
}

/// How to create or open a lock. A new one is free.
pub type LockOptions = Options<Lock>;

object_methods! {
    [] Lock,
    "lock", "Lock";
    [];
    |lock| lock.object.object()
}

/// Holding it.
impl Lock {
    /// Acquires the lock, blocking until it is free.
    ///
    /// A release wakes one waiter, and the death of the holder wakes all of them.
    ///
    /// # Errors
    /// [`AcquireError::Segment`] in a forked child, or when the lock word is damaged.
    #[doc(alias = "lock")]
    pub fn acquire(&self) -> Result<LockGuard<'_>, AcquireError> {
        self.acquire_until(Until::Forever)
    }

    /// Acquires the lock if it is free at this instant.
    ///
    /// # Errors
    /// [`AcquireError::Held`] if it is held, and as of [`acquire`](Self::acquire).
    #[doc(alias = "try_lock")]
    pub fn try_acquire(&self) -> Result<LockGuard<'_>, AcquireError> {
        self.acquire_until(Until::Now)
    }

    /// Acquires the lock, blocking for up to `timeout`.
    ///
    /// # Errors
    /// [`AcquireError::Held`] if it is held until then, and as of [`acquire`](Self::acquire).
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<LockGuard<'_>, AcquireError> {
        self.acquire_until(Until::after(timeout))
    }

    /// Acquires the lock, blocking until `deadline` at most.
    ///
    /// # Errors
    /// As of [`acquire_timeout`](Self::acquire_timeout).
    pub fn acquire_deadline(&self, deadline: Instant) -> Result<LockGuard<'_>, AcquireError> {
        self.acquire_until(deadline.into())
    }

    fn acquire_until(&self, until: Until) -> Result<LockGuard<'_>, AcquireError> {
        match self.object.acquire(until, self.strategy) {
            Ok(Some(hold)) => Ok(LockGuard { lock: MaybeOwned::Borrowed(self), hold: Some(hold) }),
            Ok(None) => Err(AcquireError::Held { lock: self.label() }),
            Err(kind) => Err(AcquireError::Segment(Error { object: self.label(), kind })),
        }
    }

    /// Releases the lock, whichever process holds it, and wakes a waiter. A guard that lost its
    /// hold this way does nothing when it is dropped.
    ///
    /// # Errors
    /// [`ReleaseError::NotHeld`] if it is free; [`ReleaseError::Segment`] in a forked child.
    ///
    /// ```
    /// # let lock = ringway::Lock::options().create(ringway::Place::Unnamed)?;
    /// lock.acquire()?.keep(); // hold it beyond the guard
    /// assert!(lock.is_locked());
    /// lock.release()?;
    /// assert!(lock.release().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "unlock")]
    pub fn release(&self) -> Result<(), ReleaseError> {
        match self.object.release_any() {
            Ok(true) => Ok(()),
            Ok(false) => Err(ReleaseError::NotHeld { lock: self.label() }),
            Err(kind) => Err(ReleaseError::Segment(Error { object: self.label(), kind })),
        }
    }

    /// Whether a process holds the lock at this instant.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.object.state().holder().is_some()
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_locked() { "locked" } else { "free" };
        write!(f, "Lock({}, {state})", self.label())
    }
}

impl ObjectHandle for Lock {
    const NAME: &'static str = "lock";
    type Spec = ();

    fn spec() {}

    fn bytes(_: &LockOptions, _: &str, _: u32) -> Result<u64, CreateError> {
        Ok(LockObject::BYTES)
    }
    fn create(
        at: &Arc<Attachment>,
        label: &str,
        name: &str,
        options: &LockOptions,
    ) -> Result<Self, CreateError> {
        let object = Arc::new(LockObject::create(at, label, name)?);
        Ok(Self { object, strategy: options.strategy })
    }
    fn open(
        at: &Arc<Attachment>,
        wanted: Wanted<'_>,
        label: &str,
        options: &LockOptions,
    ) -> Result<Self, OpenError> {
        let object = Arc::new(LockObject::open(at, wanted, label)?);
        Ok(Self { object, strategy: options.strategy })
    }
}

/// A hold of a [`Lock`], which ends when the guard is dropped.
#[must_use = "the lock is released when the guard is dropped"]
pub struct LockGuard<'l> {
    lock: MaybeOwned<'l, Lock>,
    /// `None` once another guard has it, or none.
    hold: Option<Hold>,
}

impl UnwindSafe for Lock {}
impl RefUnwindSafe for Lock {}

impl LockGuard<'_> {
    /// The same hold with a handle of its own: to be stored beside the lock, or moved into a thread
    /// or task.
    ///
    /// ```
    /// # let lock = ringway::Lock::options().create(ringway::Place::Unnamed)?;
    /// let guard = lock.acquire()?.into_owned();
    /// std::thread::spawn(move || drop(guard)).join().unwrap(); // released there
    /// assert!(!lock.is_locked());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_owned(mut self) -> LockGuard<'static> {
        let lock = MaybeOwned::Owned(Lock::clone(&self.lock));
        LockGuard { lock, hold: self.hold.take() }
    }

    /// Whether an earlier holder died while it held the lock, and no holder has acknowledged that
    /// since.
    #[must_use]
    pub fn owner_died(&self) -> bool {
        self.hold.is_some_and(|hold| hold.owner_died())
    }

    /// Notes that what the lock protects is sound again, so that later holders are not told.
    /// Returns the guard of the same hold.
    pub fn acknowledge(mut self) -> Self {
        // If the hold no longer stands, there is nothing of ours to acknowledge.
        if let Some(hold) = self.hold.and_then(|hold| self.lock.object.acknowledge(hold)) {
            self.hold = Some(hold);
        }
        self
    }

    /// Keeps the lock held without a guard, until [`Lock::release`], or until this process closes
    /// its last handle of the lock or dies: then the next holder is told of a death.
    pub fn keep(mut self) {
        self.hold = None;
    }
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        // In a forked child the hold is the parent's; and another process may have released it.
        if let Some(hold) = self.hold {
            let _ = self.lock.object.release(hold);
        }
    }
}

impl fmt::Debug for LockGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LockGuard({})", self.lock.label())
    }
}

/// Why a lock was not acquired.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// Another holder had it until the time was up.
    #[error("{lock} is held; `ringway stat` names the holder")]
    Held {
        /// The lock.
        lock: Label,
    },
    /// The segment cannot be used by this process.
    #[error(transparent)]
    Segment(Error),
}

impl AcquireError {
    /// Whether a later attempt may succeed: another holder had it.
    #[must_use]
    pub fn can_retry(&self) -> bool {
        self.is_held()
    }

    /// Whether another holder had it.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Held { .. })
    }
}

/// Why a lock was not released.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// It was free.
    #[error("{lock} is not held, so it cannot be released")]
    NotHeld {
        /// The lock.
        lock: Label,
    },
    /// The segment cannot be used by this process.
    #[error(transparent)]
    Segment(Error),
}

const _: () = {
    const fn is_shareable<L: Send + Sync + Clone>() {}
    is_shareable::<Lock>();
};
