//! One builder for what is created and opened, of any kind.

mod queue;

use core::fmt;
use std::os::fd::AsFd;

use ringway_segment::error::{CreateError, OpenError};
use ringway_segment::place::Place;
use ringway_segment::segment::Trust;
use ringway_segment::spec::SegmentSpec;
use ringway_segment::waiting::WaitStrategy;

pub use self::queue::QueueOptions;
use crate::context::Context;
use crate::handle::{self, Handle, ObjectHandle};

/// How to create or open an object or a context.
///
/// All but [`wait`](Self::wait), [`trust`](Self::trust) and the schema of messages matter only to
/// the creator: an opener finds what is there as it was made.
///
/// ```
/// # use ringway::{Lock, Queue};
/// # let name = &format!("doc-options-{}", std::process::id());
/// let queue = Queue::<u64>::options().participants(8).maxsize(3).create(name)?;
/// assert_eq!(queue.maxsize(), 3);
/// # queue.remove()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Options<H: Handle> {
    pub(crate) segment: SegmentSpec,
    pub(crate) trust: Trust,
    pub(crate) strategy: WaitStrategy,
    /// What is for this kind alone.
    pub(crate) spec: H::Spec,
}

// Derived, these would ask the same of the handle.
impl<H: Handle> Clone for Options<H> {
    fn clone(&self) -> Self {
        let Self { segment, trust, strategy, spec } = self;
        Self { segment: segment.clone(), trust: *trust, strategy: *strategy, spec: spec.clone() }
    }
}

impl<H: Handle> fmt::Debug for Options<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segment, trust, strategy, spec } = self;
        f.debug_struct("Options")
            .field("segment", segment)
            .field("trust", trust)
            .field("wait", strategy)
            .field(H::NAME, spec)
            .finish()
    }
}

impl<H: Handle> Default for Options<H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Handle> Options<H> {
    /// What is meant if nothing is said: up to 128 participants, and a file that only this user can
    /// use. Memory is taken as it is used.
    ///
    /// ```
    /// # use ringway::{Lock, LockOptions};
    /// let lock = LockOptions::new().create(ringway::Place::Unnamed)?; // as `Lock::options()`
    /// # Ok::<(), ringway::CreateError>(())
    /// ```
    pub fn new() -> Self {
        let (segment, trust) = (SegmentSpec::default(), Trust::default());
        Self { segment, trust, strategy: WaitStrategy::default(), spec: H::spec() }
    }

    /// How many processes can have it open at once: 1 to 255. Each open counts; clones of a handle
    /// do not.
    ///
    /// ```
    /// # use ringway::{Lock, OpenError};
    /// # let name = &format!("doc-options-participants-{}", std::process::id());
    /// let lock = Lock::options().participants(1).create(name)?;
    /// assert!(matches!(Lock::open(name), Err(OpenError::TableFull { limit: 1, .. })));
    /// # lock.remove()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn participants(mut self, participants: u32) -> Self {
        self.segment.participants = participants;
        self
    }

    /// Permissions of the file: 0o600, which is the default, or 0o660 to let a group in. Not on the
    /// portable path, which always has 0o600.
    ///
    /// ```
    /// # use ringway::Lock;
    /// # let name = &format!("doc-options-mode-{}", std::process::id());
    /// let lock = Lock::options().mode(0o660).create(name)?;
    /// assert!(Lock::options().mode(0o666).create(name).is_err()); // anyone could break it
    /// # lock.remove()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn mode(mut self, mode: u32) -> Self {
        self.segment.mode = mode;
        self
    }

    /// Whether to reserve and touch all memory at once, so that no later operation does.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<u32>::options().maxsize(100).max_message(64).prefault(true);
    /// let queue = queue.create(Place::Unnamed)?;
    /// # Ok::<(), ringway::CreateError>(())
    /// ```
    pub fn prefault(mut self, yes: bool) -> Self {
        self.segment.prefault = yes;
        self
    }

    /// Whether to ask for huge pages. The kernel may decide otherwise.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<u32>::options().huge_pages(true).create(Place::Unnamed)?;
    /// # Ok::<(), ringway::CreateError>(())
    /// ```
    pub fn huge_pages(mut self, yes: bool) -> Self {
        self.segment.huge_pages = yes;
        self
    }

    /// Also opens what belongs to this user.
    ///
    /// A process opens what is its own or root's, and no file that others can reach. With this it
    /// lets the processes of that user, and of the group that the mode of the file names, read and
    /// write memory that it reads in place.
    ///
    /// ```no_run
    /// # use ringway::Queue;
    /// let queue = Queue::<u32>::options().trust(1000).open("jobs")?;
    /// # Ok::<(), ringway::OpenError>(())
    /// ```
    pub fn trust(mut self, uid: u32) -> Self {
        self.trust.owner = Some(uid);
        self
    }

    #[doc(hidden)]
    pub fn first_position(mut self, position: u64) -> Self {
        self.segment.first_position = position;
        self
    }

    /// Creates it. It appears whole or not at all.
    ///
    /// ```
    /// # use ringway::{CreateError, Place, Queue};
    /// # let name = &format!("doc-options-create-{}", std::process::id());
    /// let queue = Queue::<u32>::options().maxsize(3).create(name)?;
    /// let again = Queue::<u32>::options().maxsize(3).create(name);
    /// assert!(matches!(again, Err(CreateError::AlreadyExists { .. })));
    /// # queue.remove()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CreateError::AlreadyExists`] when the name is taken, [`CreateError::BadOption`] with the
    /// range of the option, [`CreateError::NoSpace`], and what the system refuses.
    pub fn create(&self, place: impl Into<Place>) -> Result<H, CreateError> {
        handle::create(&place.into().resolved(), self)
    }

    /// Opens what exists. It does not block, and refuses what is not whole, of another version or
    /// kind, for other messages, or within the reach of users who are not trusted.
    ///
    /// ```
    /// # use ringway::{Queue, WaitStrategy};
    /// # let name = &format!("doc-options-open-{}", std::process::id());
    /// # let queue = Queue::<u32>::create(name, 3)?;
    /// let same = Queue::<u32>::options().wait(WaitStrategy::Park).open(name)?;
    /// assert_eq!(same.maxsize(), queue.maxsize());
    /// # queue.remove()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`OpenError::NotFound`], [`OpenError::Refused`] with the field, [`OpenError::Untrusted`],
    /// [`OpenError::Removed`], [`OpenError::TableFull`], and what the system refuses.
    pub fn open(&self, place: impl Into<Place>) -> Result<H, OpenError> {
        handle::open(&place.into().resolved(), self)
    }

    /// Opens it, or creates it if there is none.
    ///
    /// ```
    /// # use ringway::Queue;
    /// # let name = &format!("doc-options-open-or-create-{}", std::process::id());
    /// let queue = Queue::<u32>::options().loans(8).open_or_create(name)?;
    /// # queue.remove()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`create`](Self::create); those of [`open`](Self::open) as [`CreateError::Open`].
    pub fn open_or_create(&self, place: impl Into<Place>) -> Result<H, CreateError> {
        handle::open_or_create(&place.into().resolved(), self)
    }

    /// Opens what is behind a descriptor that was inherited or received, for instance that of an
    /// unnamed queue.
    ///
    /// ```
    /// # use ringway::Queue;
    /// let queue = Queue::<u32>::unnamed(3)?;
    /// let fd = queue.inheritable_fd()?; // a child that is started now has it, too
    /// let same = Queue::<u32>::options().open_fd(&fd)?;
    /// queue.put(7)?;
    /// assert_eq!(*same.get()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As of [`open`](Self::open), but for a name: what has lost its name opens as well.
    pub fn open_fd(&self, fd: impl AsFd) -> Result<H, OpenError> {
        handle::open_fd(fd.as_fd(), self)
    }
}

/// What has operations that wait, and may lie in a context.
impl<O: ObjectHandle> Options<O> {
    /// How this handle waits, by default [`WaitStrategy::Adaptive`].
    ///
    /// ```
    /// # use ringway::{Lock, Place, WaitStrategy};
    /// let lock = Lock::options().wait(WaitStrategy::Park).create(Place::Unnamed)?;
    /// # Ok::<(), ringway::CreateError>(())
    /// ```
    pub fn wait(mut self, strategy: WaitStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Creates it beside the other objects of a context. What concerns a segment as a whole
    /// (`participants`, `mode`, `prefault`, `huge_pages`, `trust`) is the context's.
    ///
    /// ```
    /// # use ringway::{Context, Place, Queue};
    /// let context = Context::unnamed()?;
    /// let queue = Queue::<u32>::options().loans(8).create_in(&context, "jobs")?;
    /// assert_eq!(queue.name(), Some("jobs"));
    /// # Ok::<(), ringway::CreateError>(())
    /// ```
    ///
    /// # Errors
    /// As of [`create`](Self::create), and [`CreateError::ContextFull`].
    pub fn create_in(&self, context: &Context, name: &str) -> Result<O, CreateError> {
        handle::create_in(context, name, self)
    }

    /// Opens that of this name in a context.
    ///
    /// ```
    /// # use ringway::{Context, Lock, WaitStrategy};
    /// let context = Context::unnamed()?;
    /// let lock = Lock::create_in(&context, "till")?;
    /// let same = Lock::options().wait(WaitStrategy::Spin).open_in(&context, "till")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`OpenError::NotFound`], [`OpenError::Refused`] with the field.
    pub fn open_in(&self, context: &Context, name: &str) -> Result<O, OpenError> {
        handle::open_in(context, name, self)
    }

    /// Opens that of this name in a context, or creates it.
    ///
    /// ```
    /// # use ringway::{Context, Queue};
    /// let context = Context::unnamed()?;
    /// let queue = Queue::<u32>::options().maxsize(3).open_or_create_in(&context, "jobs")?;
    /// # Ok::<(), ringway::CreateError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`create_in`](Self::create_in); those of [`open_in`](Self::open_in) as
    /// [`CreateError::Open`].
    pub fn open_or_create_in(&self, context: &Context, name: &str) -> Result<O, CreateError> {
        handle::open_or_create_in(context, name, self)
    }
}
