//! Creating and opening queues.

use core::marker::PhantomData;
use std::os::fd::AsFd;
use std::sync::Arc;

use ringway_segment::attachment::Attachment;
use ringway_segment::directory::{self, ObjectInfo, Wanted, objects};
use ringway_segment::error::{CreateError, OpenError};
use ringway_segment::inspect::schema;
use ringway_segment::objects::channel::{Channel, ChannelSpec};
use ringway_segment::place::Place;
use ringway_segment::segment::{Segment, Trust};
use ringway_segment::spec::SegmentSpec;
use ringway_segment::waiting::WaitStrategy;

use crate::context::Context;
use crate::handle::{self, Kind};
use crate::message::{Message, Payload};
use crate::queue::Queue;
use crate::queue::shared::Shared;
use crate::schema::{Schema, difference};

/// How to create or open a queue. All but [`wait`](Self::wait) and [`schema`](Self::schema) matter
/// only to the creator: who opens a queue finds it as it was made. A queue cannot be resized.
///
/// ```
/// # use ringway::{Place, Queue};
/// let queue = Queue::<u64>::options().maxsize(3).create(Place::Heap)?;
/// assert_eq!(queue.maxsize(), 3);
/// # Ok::<(), ringway::CreateError>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct QueueOptions<T: Payload + ?Sized> {
    segment: SegmentSpec,
    queue: QueueSpec,
    trust: Trust,
    payload: PhantomData<fn() -> Box<T>>,
}

// Derived, it would ask that the messages can be cloned.
impl<T: Payload + ?Sized> Clone for QueueOptions<T> {
    fn clone(&self) -> Self {
        Self {
            segment: self.segment.clone(),
            queue: self.queue.clone(),
            trust: self.trust,
            payload: PhantomData,
        }
    }
}

impl<T: Payload + ?Sized> Default for QueueOptions<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Payload + ?Sized> QueueOptions<T> {
    /// A queue of at most 65,536 messages of at most 64 KiB, for at most 128 processes. Memory is
    /// taken as it is used.
    pub fn new() -> Self {
        let Schema { text, fingerprint, is_nested } = T::schema();
        let channel = ChannelSpec {
            maxsize: 65_536,
            max_message: 65_536,
            loans: 32,
            returns: false,
            fingerprint,
            schema: text,
            prefault: false,
        };
        let queue =
            QueueSpec { channel, wait: WaitStrategy::default(), takes_any: false, is_nested };
        let (segment, trust) = (SegmentSpec::default(), Trust::default());
        Self { segment, queue, trust, payload: PhantomData }
    }

    /// How many messages it holds at most, exactly: 1 to 8,388,608.
    pub fn maxsize(mut self, messages: u64) -> Self {
        self.queue.channel.maxsize = messages;
        self
    }

    /// Bytes of the largest message: 1 to 64 GiB. Small messages do not cost more in a queue that
    /// takes large ones.
    ///
    /// The addresses that a queue spans, though not its memory, are for the case that all its
    /// messages are so large and every participant holds what it may: about 4/3 of `max_message *
    /// (maxsize + participants * (loans + 10))` bytes, of which there may be 64 TiB. With all else
    /// as by default that allows some 600 MiB; for more, lower the others:
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let options = Queue::<[u8]>::options().max_message(1 << 30);
    /// assert!(options.create(Place::Heap).is_err()); // for 65,536 messages
    /// options.maxsize(100).create(Place::Heap)?;
    /// # Ok::<(), ringway::CreateError>(())
    /// ```
    pub fn max_message(mut self, bytes: u64) -> Self {
        self.queue.channel.max_message = bytes;
        self
    }

    /// How many processes may have it open at once: 1 to 255. Each open counts; clones of a handle
    /// do not.
    pub fn participants(mut self, participants: u32) -> Self {
        self.segment.participants = participants;
        self
    }

    /// How many loans and received messages each participant may hold at once without delaying
    /// anybody: 1 to 4,096. All threads of a process that share a handle share this number, and
    /// each of their `get_many` may take 32.
    pub fn loans(mut self, loans: u32) -> Self {
        self.queue.channel.loans = loans;
        self
    }

    /// Whether messages that were taken can be put back
    /// ([`Received::put_back`](crate::Received::put_back)). Those are taken before all others.
    ///
    /// A message that was put back takes no place of `maxsize`, so that it always has one; it keeps
    /// its block until it is released.
    pub fn put_back(mut self, yes: bool) -> Self {
        self.queue.channel.returns = yes;
        self
    }

    /// Permissions of the file: read and write for its owner, and what is said beyond that for
    /// others; 0o600 if nothing is said. Not on the portable path, which always has 0o600.
    pub fn mode(mut self, mode: u32) -> Self {
        self.segment.mode = mode;
        self
    }

    /// Whether to reserve and touch all memory at once, so that no later put does.
    pub fn prefault(mut self, yes: bool) -> Self {
        self.segment.prefault = yes;
        self
    }

    /// Whether to ask for huge pages. The kernel may decide otherwise.
    pub fn huge_pages(mut self, yes: bool) -> Self {
        self.segment.huge_pages = yes;
        self
    }

    /// How this handle waits.
    pub fn wait(mut self, strategy: WaitStrategy) -> Self {
        self.queue.wait = strategy;
        self
    }

    #[doc(hidden)]
    pub fn first_position(mut self, position: u64) -> Self {
        self.segment.first_position = position;
        self
    }

    /// Also opens a queue that belongs to this user.
    ///
    /// A process opens what is its own or root's, and no file that others can reach. With this it
    /// lets the processes of that user, and of the group that the mode of the file names, read and
    /// write memory that it reads in place.
    pub fn trust(mut self, uid: u32) -> Self {
        self.trust.owner = Some(uid);
        self
    }

    /// Creates the queue. It appears whole or not at all.
    ///
    /// # Errors
    /// [`CreateError::AlreadyExists`] when the name is taken, [`CreateError::BadOption`] with the
    /// range of the option, [`CreateError::NoSpace`], and what the system refuses.
    pub fn create(&self, place: impl Into<Place>) -> Result<Queue<T>, CreateError> {
        handle::create(&place.into(), &self.segment, &self.spec()).map(Self::queue)
    }

    /// Opens a queue that exists. It does not block, and refuses what is not whole, of another
    /// version, for other messages, or within the reach of users who are not trusted.
    ///
    /// # Errors
    /// [`OpenError::NotFound`], [`OpenError::Refused`] with the field, [`OpenError::Untrusted`],
    /// [`OpenError::Removed`], [`OpenError::TableFull`], and what the system refuses.
    pub fn open(&self, place: impl Into<Place>) -> Result<Queue<T>, OpenError> {
        handle::open(&place.into(), self.trust, &self.spec()).map(Self::queue)
    }

    /// Opens the queue, or creates it if there is none.
    ///
    /// # Errors
    /// Those of [`create`](Self::create); those of [`open`](Self::open) as [`CreateError::Open`].
    pub fn open_or_create(&self, place: impl Into<Place>) -> Result<Queue<T>, CreateError> {
        let (place, spec) = (place.into(), self.spec());
        handle::open_or_create(&place, self.trust, &self.segment, &spec).map(Self::queue)
    }

    /// Opens the queue behind a descriptor that was inherited or received, for instance of an
    /// unnamed queue.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<u32>::options().create(Place::Unnamed)?;
    /// let fd = queue.inheritable_fd()?; // a child that is started now has it, too
    /// let same = Queue::<u32>::options().open_fd(&fd)?;
    /// queue.put(7)?;
    /// assert_eq!(*same.get()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As of [`open`](Self::open), but for a name: a queue whose name was removed opens as well.
    pub fn open_fd(&self, fd: impl AsFd) -> Result<Queue<T>, OpenError> {
        handle::open_fd(fd.as_fd(), self.trust, &self.spec()).map(Self::queue)
    }

    /// Creates the queue beside the other objects of a context. What concerns a segment as a whole
    /// (`participants`, `mode`, `prefault`, `huge_pages`, `trust`) is the context's.
    ///
    /// # Errors
    /// As of [`create`](Self::create), and [`CreateError::ContextFull`].
    pub fn create_in(&self, context: &Context, name: &str) -> Result<Queue<T>, CreateError> {
        context.create_object(name, &self.spec()).map(Self::queue)
    }

    /// Opens the queue of that name in a context.
    ///
    /// # Errors
    /// [`OpenError::NotFound`], [`OpenError::Refused`] with the field.
    pub fn open_in(&self, context: &Context, name: &str) -> Result<Queue<T>, OpenError> {
        context.open_object(name, &self.spec()).map(Self::queue)
    }

    /// Opens the queue of that name in a context, or creates it.
    ///
    /// # Errors
    /// Those of [`create_in`](Self::create_in); those of [`open_in`](Self::open_in) as
    /// [`CreateError::Open`].
    pub fn open_or_create_in(
        &self,
        context: &Context,
        name: &str,
    ) -> Result<Queue<T>, CreateError> {
        context.open_or_create_object(name, &self.spec()).map(Self::queue)
    }

    fn spec(&self) -> QueueSpec {
        let mut spec = self.queue.clone();
        spec.channel.prefault = self.segment.prefault;
        spec
    }

    fn queue(shared: Arc<Shared>) -> Queue<T> {
        Queue::over(shared)
    }
}

impl QueueOptions<[u8]> {
    /// Opens a queue whatever its messages are: to look at it, to shut it down, or to move its
    /// messages on as bytes. Bytes that are put into a queue of typed messages must be what rkyv
    /// makes of one, or the getter refuses them.
    ///
    /// # Errors
    /// As of [`open`](Self::open).
    pub fn open_any(&self, place: impl Into<Place>) -> Result<Queue<[u8]>, OpenError> {
        let spec = QueueSpec { takes_any: true, ..self.spec() };
        handle::open(&place.into(), self.trust, &spec).map(Self::queue)
    }
}

impl<T: Message> QueueOptions<T> {
    /// Names the schema of the messages.
    ///
    /// A queue opens only for the schema that it was created with. Without a name, that is what the
    /// type consists of: the names, order and types of its fields and variants, and so on for each
    /// type within. A name of your own takes the place of all that but the size and alignment of
    /// the archived type, for programs whose types differ in names only. Types that differ in more
    /// must not get the same name: a get would return nonsense.
    pub fn schema(mut self, name: &str) -> Self {
        let Schema { text, fingerprint, .. } = Schema::named::<T>(name);
        self.queue.channel.schema = text;
        self.queue.channel.fingerprint = fingerprint;
        self
    }
}

/// What a new queue shall be, and an existing one must be.
#[derive(Debug, Clone)]
pub(crate) struct QueueSpec {
    channel: ChannelSpec,
    wait: WaitStrategy,
    /// Whether a queue of any messages will do.
    takes_any: bool,
    /// Whether the type of the messages contains itself.
    is_nested: bool,
}

impl QueueSpec {
    /// Looks whether the messages of an existing queue are those of this program.
    fn check(&self, segment: &Segment, info: &ObjectInfo, label: &str) -> Result<(), OpenError> {
        if self.takes_any || info.fingerprint == self.channel.fingerprint {
            return Ok(());
        }
        let (found, expected) = difference(&schema(segment, info), &self.channel.schema);
        let (name, field) = (label.to_owned(), "the schema of its messages");
        Err(OpenError::Refused { name, field, found, expected })
    }
}

impl Kind for Arc<Shared> {
    const NAME: &'static str = "queue";
    type Spec = QueueSpec;

    fn bytes(spec: &QueueSpec, label: &str, participants: u32) -> Result<u64, CreateError> {
        Ok(spec.channel.geometry(label, participants)?.total_bytes)
    }

    fn create(
        at: &Arc<Attachment>,
        label: &str,
        name: &str,
        spec: &QueueSpec,
    ) -> Result<Self, CreateError> {
        let channel = Channel::create(at, label, name, &spec.channel)?;
        Ok(Arc::new(Shared::new(channel, spec.wait, spec.is_nested)))
    }

    fn check(
        segment: &Segment,
        wanted: Wanted<'_>,
        label: &str,
        spec: &QueueSpec,
    ) -> Result<(), OpenError> {
        let name = match wanted {
            Wanted::Only => "",
            Wanted::Named(name) => name,
        };
        let is_meant = |info: &ObjectInfo| info.kind == directory::Kind::Queue && info.name == name;
        match objects(segment).iter().find(|info| is_meant(info)) {
            Some(info) => spec.check(segment, info, label),
            None => Ok(()), // `open` says what there is
        }
    }

    fn open(
        at: &Arc<Attachment>,
        wanted: Wanted<'_>,
        label: &str,
        spec: &QueueSpec,
    ) -> Result<Self, OpenError> {
        let (channel, info) = Channel::open(at, wanted, label)?;
        spec.check(at.segment(), &info, label)?;
        Ok(Arc::new(Shared::new(channel, spec.wait, spec.is_nested)))
    }
}
