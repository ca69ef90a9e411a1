//! One builder for what is created and opened, of any kind.

mod queue;

use core::fmt;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use ringway_segment::error::{CreateError, OpenError};
use ringway_segment::layout::{LIFE_CREATOR, LIFE_LAST};
use ringway_segment::place::Place;
use ringway_segment::segment::Segment;
use ringway_segment::segment::Trust;
use ringway_segment::spec::SegmentSpec;
use ringway_segment::waiting::{Until, WaitStrategy};

pub use self::queue::QueueOptions;
use crate::context::Context;
use crate::handle::{self, Handle, ObjectHandle};

/// How to create or open an object or a context.
///
/// An option says how a new one is made, and what an existing one must be: an opener is told by
/// [`OpenError::Differs`] if an option that it has set is another there, unless it
/// [accepts](Self::accept_existing) what is there. Options that are not set do not count, and
/// neither do `prefault`, `huge_pages` and `remove_on_drop`, of which an existing one does not tell.
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
    pub(crate) segment: Asked,
    pub(crate) trust: Trust,
    pub(crate) strategy: WaitStrategy,
    /// Whether what exists may differ.
    accepts: bool,
    /// Whether a new one takes the name of one in which no process takes part.
    pub(crate) replaces: bool,
    /// What is for this kind alone.
    pub(crate) spec: H::Spec,
}

/// What is asked of a segment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    participants: Option<u32>,
    mode: Option<u32>,
    pub(crate) prefault: bool,
    huge_pages: bool,
    first_position: u64,
    pub(crate) remove_on_drop: bool,
    remove_with_last: Option<bool>,
}

impl Asked {
    /// That of a new segment, without what the kind decides.
    pub(crate) fn spec(&self) -> SegmentSpec {
        let default = SegmentSpec::default();
        let creator = if self.remove_on_drop { LIFE_CREATOR } else { 0 };
        let last = if self.remove_with_last == Some(true) { LIFE_LAST } else { 0 };
        SegmentSpec {
            participants: self.participants.unwrap_or(default.participants),
            mode: self.mode.unwrap_or(default.mode),
            prefault: self.prefault,
            huge_pages: self.huge_pages,
            first_position: self.first_position,
            lives: creator | last,
            ..default
        }
    }

    /// The first option that is not for an object of a context.
    fn of_segment_only(&self) -> Option<&'static str> {
        (self.remove_with_last == Some(true)).then_some("remove_with_last")
    }
}

/// Compares the options that a caller has set with what is there.
pub(crate) struct Comparison<'l> {
    label: &'l str,
    accepts: bool,
}

impl Comparison<'_> {
    /// Refuses what differs from an option that is set.
    pub(crate) fn same<V: PartialEq + fmt::Display>(
        &self,
        option: &'static str,
        wanted: Option<V>,
        found: V,
    ) -> Result<(), OpenError> {
        match wanted {
            Some(wanted) if wanted != found && !self.accepts => Err(OpenError::Differs {
                name: self.label.to_owned(),
                option,
                found: found.to_string(),
                wanted: wanted.to_string(),
            }),
            _ => Ok(()),
        }
    }
}

/// Permissions, for texts.
#[derive(PartialEq)]
struct Mode(u32);

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#o}", self.0)
    }
}

// Derived, these would ask the same of the handle.
impl<H: Handle> Clone for Options<H> {
    fn clone(&self) -> Self {
        let Self { segment, trust, strategy, accepts, replaces, spec } = self;
        Self {
            segment: segment.clone(),
            trust: *trust,
            strategy: *strategy,
            accepts: *accepts,
            replaces: *replaces,
            spec: spec.clone(),
        }
    }
}

impl<H: Handle> fmt::Debug for Options<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segment, trust, strategy, accepts, replaces, spec } = self;
        f.debug_struct("Options")
            .field("segment", segment)
            .field("trust", trust)
            .field("wait", strategy)
            .field("accept_existing", accepts)
            .field("replace_stale", replaces)
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
        Self {
            segment: Asked::default(),
            trust: Trust::default(),
            strategy: WaitStrategy::default(),
            accepts: false,
            replaces: false,
            spec: H::spec(),
        }
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
        self.segment.participants = Some(participants);
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
        self.segment.mode = Some(mode);
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

    /// Whether the name goes when the creator drops its last handle, in a panic as well. Processes
    /// that have it open go on using it.
    ///
    /// A creator that is killed, aborts or calls [`exit`](std::process::exit) leaves the name:
    /// [`remove_with_last`](Self::remove_with_last) is for that, or
    /// [`replace_stale`](Self::replace_stale) in the next run. A handle that only opened it removes
    /// nothing.
    ///
    /// ```
    /// # use ringway::{OpenError, Queue};
    /// # let name = &format!("doc-options-remove-on-drop-{}", std::process::id());
    /// let queue = Queue::<u32>::options().remove_on_drop(true).create(name)?;
    /// let clone = queue.clone();
    /// drop(queue);
    /// assert!(Queue::<u32>::open(name).is_ok());
    /// drop(clone);
    /// assert!(matches!(Queue::<u32>::open(name), Err(OpenError::NotFound { .. })));
    /// # Ok::<(), ringway::CreateError>(())
    /// ```
    pub fn remove_on_drop(mut self, yes: bool) -> Self {
        self.segment.remove_on_drop = yes;
        self
    }

    /// Whether the name goes when the last participant leaves.
    ///
    /// If that one is killed instead, the name stays for a while, but stands for nothing: the next
    /// process that opens it finds no participant alive, removes it, and is told that it does not
    /// exist; one that creates it gets a new one. A participant that came by a descriptor does not
    /// know the name, and leaves it in the same way. Not for an object of a context, which goes
    /// with the context.
    ///
    /// ```
    /// # use ringway::{OpenError, Queue};
    /// # let name = &format!("doc-options-remove-with-last-{}", std::process::id());
    /// let queue = Queue::<u32>::options().remove_with_last(true).create(name)?;
    /// let same = Queue::<u32>::open(name)?; // in any other process
    /// drop(queue);
    /// drop(same);
    /// assert!(matches!(Queue::<u32>::open(name), Err(OpenError::NotFound { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_with_last(mut self, yes: bool) -> Self {
        self.segment.remove_with_last = Some(yes);
        self
    }

    /// Whether `create` and `open_or_create` replace what has the name already, of any kind, if no
    /// living process takes part in it: what an earlier run has left. What it holds is lost.
    ///
    /// One that is in use is never replaced, and of two processes that replace at the same time one
    /// creates and the other finds what that has created. A file that is no segment stays. Not for
    /// an object of a context.
    ///
    /// ```
    /// # use ringway::{CreateError, Queue};
    /// # let name = &format!("doc-options-replace-stale-{}", std::process::id());
    /// let options = Queue::<u32>::options().maxsize(3).replace_stale(true);
    /// drop(options.create(name)?); // a run that ended, and left the name
    /// let queue = options.create(name)?;
    /// assert!(matches!(options.create(name), Err(CreateError::AlreadyExists { .. })));
    /// # queue.remove()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn replace_stale(mut self, yes: bool) -> Self {
        self.replaces = yes;
        self
    }

    /// Whether to open what exists as it is, though options that are set are others there.
    ///
    /// ```
    /// # use ringway::{OpenError, Queue};
    /// # let name = &format!("doc-options-accept-existing-{}", std::process::id());
    /// let made = Queue::<u32>::create(name, 3)?;
    /// let options = Queue::<u32>::options().maxsize(1000);
    /// assert!(matches!(options.open(name), Err(OpenError::Differs { option: "maxsize", .. })));
    /// let queue = options.accept_existing(true).open_or_create(name)?;
    /// assert_eq!(queue.maxsize(), 3);
    /// # made.remove()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn accept_existing(mut self, yes: bool) -> Self {
        self.accepts = yes;
        self
    }

    pub(crate) fn comparison<'l>(&self, label: &'l str) -> Comparison<'l> {
        Comparison { label, accepts: self.accepts }
    }

    /// Compares what is set of a segment with the one that is there.
    pub(crate) fn compare_segment(&self, segment: &Segment, label: &str) -> Result<(), OpenError> {
        let Asked { participants, mode, remove_with_last, .. } = self.segment;
        let there = self.comparison(label);
        there.same("participants", participants, segment.frame().measures.participants)?;
        let last = segment.header().optional & LIFE_LAST != 0;
        there.same("remove_with_last", remove_with_last, last)?;
        let facts = segment.file().and_then(|file| file.metadata().ok());
        let is_there = |facts: std::fs::Metadata| Mode(facts.permissions().mode() & 0o777);
        let has_mode = matches!(segment.place(), Place::Named(_) | Place::File(_));
        match facts {
            Some(facts) if has_mode => there.same("mode", mode.map(Mode), is_there(facts)),
            _ => Ok(()), // the portable path has one mode, and a descriptor decides by itself
        }
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

    /// Opens it as soon as there is one of that name, for up to `timeout`. Looks for it again and
    /// again, at first after a tenth of a millisecond and at last every 20 ms.
    ///
    /// ```
    /// # use std::{thread, time::Duration};
    /// # use ringway::Queue;
    /// # let name = &format!("doc-options-open-timeout-{}", std::process::id());
    /// let creator = thread::scope(|scope| {
    ///     let creator = scope.spawn(|| Queue::<u32>::create(name, 3)); // or another process
    ///     let queue = Queue::<u32>::options().open_timeout(name, Duration::from_secs(60))?;
    ///     queue.put(7)?;
    ///     creator.join().expect("it did not panic").map_err(Box::<dyn std::error::Error>::from)
    /// })?;
    /// assert_eq!(*creator.get()?, 7);
    /// # creator.remove()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As of [`open`](Self::open), but [`OpenError::NotFound`] and [`OpenError::Removed`] only when
    /// the time is up.
    pub fn open_timeout(&self, place: impl Into<Place>, timeout: Duration) -> Result<H, OpenError> {
        handle::open_until(&place.into().resolved(), self, Until::after(timeout))
    }

    /// Opens it as soon as there is one of that name, until `deadline` at most. See
    /// [`open_timeout`](Self::open_timeout).
    ///
    /// ```
    /// # use std::time::{Duration, Instant};
    /// # use ringway::{OpenError, Queue};
    /// # let name = &format!("doc-options-open-deadline-{}", std::process::id());
    /// let soon = Instant::now() + Duration::from_millis(5);
    /// let opened = Queue::<u32>::options().open_deadline(name, soon);
    /// assert!(matches!(opened, Err(OpenError::NotFound { .. })));
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn open_deadline(
        &self,
        place: impl Into<Place>,
        deadline: Instant,
    ) -> Result<H, OpenError> {
        handle::open_until(&place.into().resolved(), self, deadline.into())
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
    /// (`participants`, `mode`, `huge_pages`, `trust`) is the context's.
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
    /// As of [`create`](Self::create), and [`CreateError::ContextFull`];
    /// [`CreateError::BadOption`] for `remove_with_last` and `replace_stale`.
    pub fn create_in(&self, context: &Context, name: &str) -> Result<O, CreateError> {
        handle::create_in(context, name, self)
    }

    /// Refuses what only a segment of its own can have.
    pub(crate) fn check_for_context(&self, label: &str) -> Result<(), CreateError> {
        let replaces = self.replaces.then_some("replace_stale");
        match self.segment.of_segment_only().or(replaces) {
            None => Ok(()),
            Some(option) => Err(CreateError::BadOption {
                name: label.to_owned(),
                option,
                value: true.to_string(),
                allowed: "false for an object of a context, which goes with the context".to_owned(),
            }),
        }
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
