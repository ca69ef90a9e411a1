//! Contexts: several objects in one segment.

use core::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use ringway_segment::attachment::Attachment;
use ringway_segment::directory::{ObjectInfo, Wanted, objects};
use ringway_segment::error::{CreateError, OpenError, RemoveError};
use ringway_segment::place::Place;
use ringway_segment::segment::{Trust, remove};
use ringway_segment::spec::SegmentSpec;

use crate::handle::{self, Kind};

const NAME: &str = "context";

/// A segment that holds several objects under names of their own.
///
/// A process that opens a context takes one entry of its participant table, one descriptor and one
/// mapping, however many objects it uses. Objects go when they have been removed and their last
/// user has closed them; all of them go with the context.
///
/// When a process dies, whatever it held in any object of the context is taken back at once.
///
/// ```
/// use ringway::{Context, Lock, Queue};
/// # let name = &format!("doc-context-{}", std::process::id());
///
/// let context = Context::create(name)?;
/// let jobs = Queue::<u32>::options().maxsize(3).create_in(&context, "jobs")?;
/// let print = Lock::create_in(&context, "print")?;
///
/// // ... and in any other process:
/// let same = Context::open(name)?;
/// let print = Lock::open_in(&same, "print")?;
/// let guard = print.acquire()?;
/// # drop(guard);
/// # context.remove()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Context {
    attachment: Arc<Attachment>,
    label: Arc<str>,
}

/// More ways to create and open a context.
///
/// ```
/// use ringway::{Context, Place};
/// let context = Context::options().objects(8).space(1 << 20).create(Place::Unnamed)?;
/// assert!(context.objects().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ContextOptions {
    segment: SegmentSpec,
    trust: Trust,
}

impl Default for ContextOptions {
    fn default() -> Self {
        let segment = SegmentSpec { objects: 256, space: 64 << 30, ..SegmentSpec::default() };
        Self { segment, trust: Trust::default() }
    }
}

impl ContextOptions {
    /// How many objects it can hold at once: 1 to 4,096, by default 256.
    pub fn objects(mut self, objects: u32) -> Self {
        self.segment.objects = objects;
        self
    }
    /// Bytes of address space for all objects together, by default 64 GiB. Memory is taken as it is
    /// used.
    pub fn space(mut self, bytes: u64) -> Self {
        self.segment.space = bytes;
        self
    }
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
    /// Also opens a context that belongs to this user.
    pub fn trust(mut self, uid: u32) -> Self {
        self.trust.owner = Some(uid);
        self
    }

    /// Creates a context. It appears whole or not at all.
    ///
    /// # Errors
    /// [`CreateError::AlreadyExists`], [`CreateError::BadOption`] with the range of the option, and
    /// what the system refuses.
    pub fn create(&self, place: impl Into<Place>) -> Result<Context, CreateError> {
        let place = place.into();
        let label = place.label(NAME);
        let unpublished = Attachment::create(&place, &label, &self.segment)?;
        Ok(Context { attachment: unpublished.publish()?, label: label.into() })
    }

    /// Opens a context.
    ///
    /// # Errors
    /// [`OpenError::NotFound`], [`OpenError::Untrusted`] if users who are not trusted can reach its
    /// file, and [`OpenError::Refused`] if it is no context of this version.
    pub fn open(&self, place: impl Into<Place>) -> Result<Context, OpenError> {
        let place = place.into();
        let label = place.label(NAME);
        Context::over(Attachment::open(&place, &label, self.trust, |_| Ok(()))?, &label)
    }

    /// Opens the context behind a descriptor that was inherited; see [`Context::inheritable_fd`].
    ///
    /// # Errors
    /// As of [`open`](Self::open), but for a name.
    pub fn open_fd(&self, fd: impl AsFd) -> Result<Context, OpenError> {
        let label = Place::Unnamed.label(NAME);
        Context::over(
            Attachment::open_descriptor(fd.as_fd(), &label, self.trust, |_| Ok(()))?,
            &label,
        )
    }
}

impl Context {
    /// Over a segment, unless that is the segment of an object alone.
    fn over(attachment: Arc<Attachment>, label: &str) -> Result<Self, OpenError> {
        if let Some(alone) = objects(attachment.segment()).iter().find(|one| one.name.is_empty()) {
            return Err(OpenError::Refused {
                name: label.to_owned(),
                field: "the segment",
                found: format!("that of a single {}", alone.kind.name()),
                expected: "that of a context".to_owned(),
            });
        }
        Ok(Self { attachment, label: label.into() })
    }

    /// More ways to create and open.
    pub fn options() -> ContextOptions {
        ContextOptions::default()
    }

    /// Creates a context under a name.
    ///
    /// # Errors
    /// As of [`ContextOptions::create`].
    pub fn create(name: &str) -> Result<Self, CreateError> {
        Self::options().create(name)
    }

    /// Opens the context of that name.
    ///
    /// # Errors
    /// As of [`ContextOptions::open`].
    pub fn open(name: &str) -> Result<Self, OpenError> {
        Self::options().open(name)
    }

    /// The objects in it, in the order of their entries.
    #[must_use]
    pub fn objects(&self) -> Vec<ObjectInfo> {
        objects(self.attachment.segment())
    }

    /// Removes its name. Processes that have it open go on using it. Returns whether the name still
    /// stood for it.
    ///
    /// # Errors
    /// [`RemoveError`] when the system refuses, and in a forked child: then nothing has changed.
    pub fn remove(&self) -> Result<bool, RemoveError> {
        handle::may_remove(&self.attachment)?;
        remove::remove(self.attachment.segment())
    }

    /// A descriptor that child processes inherit, to be opened there by
    /// [`ContextOptions::open_fd`]. Close it when the children have been started.
    ///
    /// # Errors
    /// When it has none (on the heap), there are no more descriptors, or in a forked child.
    pub fn inheritable_fd(&self) -> io::Result<OwnedFd> {
        let forked = |error| io::Error::other(format!("{}: {error}", self.label));
        self.attachment.enter().map_err(forked)?;
        self.attachment.inheritable_fd()
    }

    pub(crate) fn create_object<K: Kind>(
        &self,
        name: &str,
        spec: &K::Spec,
    ) -> Result<K, CreateError> {
        if name.is_empty() {
            let reason = "it is empty";
            return Err(CreateError::BadName { name: String::new(), reason });
        }
        K::create(&self.attachment, &self.label_of::<K>(name), name, spec)
    }

    pub(crate) fn open_object<K: Kind>(&self, name: &str, spec: &K::Spec) -> Result<K, OpenError> {
        let (label, wanted) = (self.label_of::<K>(name), Wanted::Named(name));
        K::check(self.attachment.segment(), wanted, &label, spec)?;
        K::open(&self.attachment, wanted, &label, spec)
    }

    pub(crate) fn open_or_create_object<K: Kind>(
        &self,
        name: &str,
        spec: &K::Spec,
    ) -> Result<K, CreateError> {
        loop {
            match self.open_object(name, spec) {
                Err(OpenError::NotFound { .. }) => {}
                other => return other.map_err(CreateError::Open),
            }
            match self.create_object(name, spec) {
                Err(CreateError::AlreadyExists { .. }) => {}
                created => return created,
            }
        }
    }

    fn label_of<K: Kind>(&self, name: &str) -> String {
        format!("{} '{}' of {}", K::NAME, ringway_segment::place::printable(name), self.label)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({})", self.label)
    }
}
