//! A lock between processes.

use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringway_segment::attachment::Attachment;
use ringway_segment::core::lock_word::Hold;
use ringway_segment::directory::Wanted;
use ringway_segment::error::{CreateError, OpenError, RemoveError};
use ringway_segment::objects::lock::LockObject;
use ringway_segment::place::Place;
use ringway_segment::segment::Trust;
use ringway_segment::spec::SegmentSpec;
use ringway_segment::waiting::{Until, WaitStrategy};
use thiserror::Error;

use crate::context::Context;
use crate::error::{Error, Label};
use crate::handle::{self, Kind};
use crate::maybe_owned::MaybeOwned;

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

/// More ways to create and open a lock.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct LockOptions {
    segment: SegmentSpec,
    trust: Trust,
    strategy: WaitStrategy,
}

impl LockOptions {
    /// How many processes can have it open at once: 1 to 255, by default 128.
    pub fn participants(mut self, participants: u32) -> Self {
        self.segment.participants = participants;
        self
    }
    /// Permissions of its file, by default 0o600; 0o660 lets a group in.
    pub fn mode(mut self, mode: u32) -> Self {
        self.segment.mode = mode;
        self
    }
    /// Also opens a lock that belongs to this user.
    pub fn trust(mut self, uid: u32) -> Self {
        self.trust.owner = Some(uid);
        self
    }
    /// How a blocked acquire waits, by default [`WaitStrategy::Adaptive`].
    pub fn wait(mut self, strategy: WaitStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Creates a lock, which is free. It appears whole or not at all.
    ///
    /// # Errors
    /// [`CreateError::AlreadyExists`], [`CreateError::BadOption`] with the range of the option, and
    /// what the system refuses.
    pub fn create(&self, place: impl Into<Place>) -> Result<Lock, CreateError> {
        handle::create(&place.into(), &self.segment, &self.strategy)
    }

    /// Opens a lock.
    ///
    /// # Errors
    /// [`OpenError::NotFound`], [`OpenError::Untrusted`] if users who are not trusted can reach its
    /// file, [`OpenError::Refused`] if it is no lock of this version, [`OpenError::TableFull`].
    pub fn open(&self, place: impl Into<Place>) -> Result<Lock, OpenError> {
        handle::open(&place.into(), self.trust, &self.strategy)
    }

    /// Opens a lock, or creates it.
    ///
    /// # Errors
    /// Those of [`create`](Self::create); those of [`open`](Self::open) as [`CreateError::Open`].
    pub fn open_or_create(&self, place: impl Into<Place>) -> Result<Lock, CreateError> {
        handle::open_or_create(&place.into(), self.trust, &self.segment, &self.strategy)
    }

    /// Opens the lock behind a descriptor that was inherited; see [`Lock::inheritable_fd`].
    ///
    /// # Errors
    /// As of [`open`](Self::open), but for a name.
    pub fn open_fd(&self, fd: impl AsFd) -> Result<Lock, OpenError> {
        handle::open_fd(fd.as_fd(), self.trust, &self.strategy)
    }
}

impl Lock {
    /// More ways to create and open.
    pub fn options() -> LockOptions {
        LockOptions::default()
    }

    /// Creates a lock under a name. See [`LockOptions::create`].
    ///
    /// # Errors
    /// As there.
    pub fn create(name: &str) -> Result<Self, CreateError> {
        Self::options().create(name)
    }

    /// Opens the lock of that name. See [`LockOptions::open`].
    ///
    /// # Errors
    /// As there.
    pub fn open(name: &str) -> Result<Self, OpenError> {
        Self::options().open(name)
    }

    /// Creates a lock beside the other objects of a context.
    ///
    /// # Errors
    /// [`CreateError::AlreadyExists`], [`CreateError::ContextFull`].
    pub fn create_in(context: &Context, name: &str) -> Result<Self, CreateError> {
        context.create_object(name, &WaitStrategy::default())
    }

    /// Opens a lock of a context.
    ///
    /// # Errors
    /// [`OpenError::NotFound`], [`OpenError::Refused`] if the name stands for another kind.
    pub fn open_in(context: &Context, name: &str) -> Result<Self, OpenError> {
        context.open_object(name, &WaitStrategy::default())
    }

    /// Opens a lock of a context, or creates it.
    ///
    /// # Errors
    /// Those of [`create_in`](Self::create_in) and [`open_in`](Self::open_in).
    pub fn open_or_create_in(context: &Context, name: &str) -> Result<Self, CreateError> {
        context.open_or_create_object(name, &WaitStrategy::default())
    }

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

    /// What errors call it.
    #[must_use]
    pub fn label(&self) -> Label {
        Label(Arc::clone(self.object.object().label()))
    }

    /// Removes its name. Processes that have it open go on using it. Returns whether the name still
    /// stood for it.
    ///
    /// # Errors
    /// [`RemoveError`] when the system refuses, and in a forked child: then nothing has changed.
    pub fn remove(&self) -> Result<bool, RemoveError> {
        handle::remove(self.object.object())
    }

    /// A descriptor that child processes inherit, to be opened there by [`LockOptions::open_fd`].
    /// Close it when the children have been started.
    ///
    /// # Errors
    /// When it has none (on the heap), there are no more descriptors, or in a forked child.
    pub fn inheritable_fd(&self) -> io::Result<OwnedFd> {
        handle::inheritable_fd(self.object.object())
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_locked() { "locked" } else { "free" };
        write!(f, "Lock({}, {state})", self.label())
    }
}

impl Kind for Lock {
    const NAME: &'static str = "lock";
    type Spec = WaitStrategy;

    fn bytes(_: &WaitStrategy, _: &str, _: u32) -> Result<u64, CreateError> {
        Ok(LockObject::BYTES)
    }
    fn create(
        at: &Arc<Attachment>,
        label: &str,
        name: &str,
        &strategy: &WaitStrategy,
    ) -> Result<Self, CreateError> {
        Ok(Self { object: Arc::new(LockObject::create(at, label, name)?), strategy })
    }
    fn open(
        at: &Arc<Attachment>,
        wanted: Wanted<'_>,
        label: &str,
        &strategy: &WaitStrategy,
    ) -> Result<Self, OpenError> {
        Ok(Self { object: Arc::new(LockObject::open(at, wanted, label)?), strategy })
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
