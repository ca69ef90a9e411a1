//! What of the options is for queues alone.

use std::sync::Arc;

use ringway_segment::attachment::Attachment;
use ringway_segment::directory::{Kind, ObjectInfo, Wanted, objects};
use ringway_segment::error::{CreateError, OpenError};
use ringway_segment::inspect::schema;
use ringway_segment::objects::channel::layout::{FEATURE_ENDS, FEATURE_RETURNS};
use ringway_segment::objects::channel::{Channel, ChannelSpec, Role};
use ringway_segment::place::Place;
use ringway_segment::segment::Segment;

use super::Options;
use crate::handle::{self, Luggage, ObjectHandle};
use crate::message::{Message, Payload};
use crate::queue::Queue;
use crate::queue::shared::Shared;
use crate::schema::{Schema, difference};

/// How to create or open a queue. It cannot be resized.
pub type QueueOptions<T> = Options<Queue<T>>;

/// What a new queue shall be, and an existing one must be.
#[derive(Debug, Clone)]
pub struct QueueSpec {
    maxsize: Option<u64>,
    max_message: Option<u64>,
    loans: Option<u32>,
    put_back: Option<bool>,
    shut_down_with_last_putter: Option<bool>,
    role: Role,
    schema: Schema,
    /// Whether a queue of any messages will do.
    takes_any: bool,
}

/// What of them is for queues alone: if nothing is said, at most 65,536 messages of at most 64 KiB.
impl<T: Payload + ?Sized> Options<Queue<T>> {
    /// How many messages it holds at most, exactly: 1 to 8,388,608.
    ///
    /// ```
    /// # use ringway::Queue;
    /// let queue = Queue::<u32>::options().maxsize(1).create(ringway::Place::Heap)?;
    /// queue.put(7)?;
    /// assert!(queue.is_full()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn maxsize(mut self, messages: u64) -> Self {
        self.spec.maxsize = Some(messages);
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
        self.spec.max_message = Some(bytes);
        self
    }

    /// How many loans and received messages each participant may hold at once without delaying
    /// others: 1 to 4,096. All threads of a process that share a handle share this number, and each
    /// of their `get_many` may take 32.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<u32>::options().loans(100).create(Place::Heap)?;
    /// # Ok::<(), ringway::CreateError>(())
    /// ```
    pub fn loans(mut self, loans: u32) -> Self {
        self.spec.loans = Some(loans);
        self
    }

    /// Whether messages that were taken can be put back
    /// ([`Received::put_back`](crate::Received::put_back)). Those are taken before all others.
    ///
    /// A message that was put back takes no place of `maxsize`, so that it always has one; it keeps
    /// its block until it is released.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<u32>::options().put_back(true).create(Place::Heap)?;
    /// assert!(queue.returns());
    /// # Ok::<(), ringway::CreateError>(())
    /// ```
    pub fn put_back(mut self, yes: bool) -> Self {
        self.spec.put_back = Some(yes);
        self
    }

    /// Whether the queue is shut down when its last putter is gone: when the last handle that puts
    /// is dropped, or its process dies. Getters then take what is left, and are told.
    ///
    /// Handles count as putters unless they are opened as [`Role::Getter`]. A queue that has not
    /// had a putter waits for the first; a handle counts when the call that made it returns. Of a
    /// death a getter that waits learns within about 100 ms, and any other when a process waits, or
    /// opens the queue. A putter that joins later finds the queue shut down.
    ///
    /// ```
    /// # use ringway::{Queue, Role};
    /// # let name = &format!("doc-options-ends-{}", std::process::id());
    /// let options = Queue::<u32>::options().shut_down_with_last_putter(true);
    /// let getter = options.clone().role(Role::Getter).create(name)?;
    /// let putter = options.role(Role::Putter).open(name)?; // in any other process
    /// putter.put(7)?;
    /// drop(putter); // or killed
    /// assert_eq!(*getter.get()?, 7);
    /// assert!(getter.get().unwrap_err().is_shut_down());
    /// # getter.remove()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shut_down_with_last_putter(mut self, yes: bool) -> Self {
        self.spec.shut_down_with_last_putter = Some(yes);
        self
    }

    /// What the handle is for: it counts as that in a queue that is
    /// [shut down when its last putter is gone](Self::shut_down_with_last_putter). A getter's puts
    /// are refused in every queue; a putter may get as well.
    ///
    /// ```
    /// # use ringway::{Place, Queue, Role};
    /// let queue = Queue::<u32>::options().role(Role::Getter).create(Place::Heap)?;
    /// assert!(queue.try_put(7).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn role(mut self, role: Role) -> Self {
        self.spec.role = role;
        self
    }
}

impl Options<Queue<[u8]>> {
    /// Opens a queue whatever its messages are: to look at it, to shut it down, or to move its
    /// messages on as bytes. Bytes that are put into a queue of typed messages must be what rkyv
    /// makes of one, or the getter refuses them.
    ///
    /// ```
    /// # use ringway::Queue;
    /// # let name = &format!("doc-options-open-any-{}", std::process::id());
    /// # let queue = Queue::<u32>::create(name, 3)?;
    /// let any = Queue::<[u8]>::options().open_any(name)?;
    /// assert!(Queue::<[u8]>::open(name).is_err());
    /// # queue.remove()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As of [`open`](Self::open).
    pub fn open_any(&self, place: impl Into<Place>) -> Result<Queue<[u8]>, OpenError> {
        let mut options = self.clone();
        options.spec.takes_any = true;
        handle::open(&place.into().resolved(), &options)
    }
}

impl<T: Message> Options<Queue<T>> {
    /// Names the schema of the messages.
    ///
    /// A queue opens only for the schema that it was created with. Without a name, that is what the
    /// type consists of: the names, order and types of its fields and variants, and so on for each
    /// type within. A name of your own takes the place of all that but the size and alignment of
    /// the archived type, for programs whose types differ in names only. Types that differ in more
    /// must not get the same name: a get would return nonsense.
    ///
    /// ```
    /// # use ringway::Queue;
    /// # let name = &format!("doc-options-schema-{}", std::process::id());
    /// let queue = Queue::<u32>::options().schema("seconds").create(name)?;
    /// assert!(Queue::<u32>::open(name).is_err());
    /// let same = Queue::<u32>::options().schema("seconds").open(name)?;
    /// # queue.remove()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn schema(mut self, name: &str) -> Self {
        self.spec.schema = Schema::named::<T>(name);
        self
    }
}

impl QueueSpec {
    /// Looks whether the messages of an existing queue are those of this program.
    fn check(&self, segment: &Segment, info: &ObjectInfo, label: &str) -> Result<(), OpenError> {
        if self.takes_any || info.fingerprint == self.schema.fingerprint {
            return Ok(());
        }
        let (found, expected) = difference(&schema(segment, info), &self.schema.text);
        let (name, field) = (label.to_owned(), "the schema of its messages");
        Err(OpenError::Refused { name, field, found, expected })
    }
}

impl<T: Payload + ?Sized> Options<Queue<T>> {
    /// Compares what is asked for with a queue that is there.
    fn compare(&self, segment: &Segment, info: &ObjectInfo, label: &str) -> Result<(), OpenError> {
        self.spec.check(segment, info, label)?;
        let QueueSpec { maxsize, max_message, loans, put_back, .. } = self.spec;
        let ends = self.spec.shut_down_with_last_putter;
        let there = self.comparison(label);
        let [its_maxsize, its_max_message, its_loans] = info.measures;
        there.same("maxsize", maxsize, its_maxsize)?;
        there.same("max_message", max_message, its_max_message)?;
        there.same("loans", loans.map(u64::from), its_loans)?;
        there.same("put_back", put_back, info.features & FEATURE_RETURNS != 0)?;
        there.same("shut_down_with_last_putter", ends, info.features & FEATURE_ENDS != 0)
    }

    fn channel(&self) -> ChannelSpec {
        let QueueSpec { maxsize, max_message, loans, put_back, schema, .. } = &self.spec;
        ChannelSpec {
            maxsize: maxsize.unwrap_or(65_536),
            max_message: max_message.unwrap_or(65_536),
            loans: loans.unwrap_or(32),
            returns: put_back.unwrap_or(false),
            ends: self.spec.shut_down_with_last_putter.unwrap_or(false),
            fingerprint: schema.fingerprint,
            schema: schema.text.clone(),
            prefault: self.segment.prefault,
        }
    }

    fn handle(&self, channel: Channel) -> Queue<T> {
        Queue::over(Arc::new(Shared::new(channel, self.strategy, self.spec.schema.is_nested)))
    }
}

impl<T: Payload + ?Sized> ObjectHandle for Queue<T> {
    const NAME: &'static str = "queue";
    type Spec = QueueSpec;

    fn spec() -> QueueSpec {
        QueueSpec {
            maxsize: None,
            max_message: None,
            loans: None,
            put_back: None,
            shut_down_with_last_putter: None,
            role: Role::default(),
            schema: T::schema(),
            takes_any: false,
        }
    }

    fn bytes(options: &Options<Self>, label: &str, participants: u32) -> Result<u64, CreateError> {
        Ok(options.channel().geometry(label, participants)?.total_bytes)
    }

    fn create(
        at: &Arc<Attachment>,
        label: &str,
        name: &str,
        options: &Options<Self>,
    ) -> Result<Self, CreateError> {
        if options.spec.schema.has_handles {
            return Err(CreateError::BadOption {
                name: label.to_owned(),
                option: "the type of its messages",
                value: "one with a handle in it".to_owned(),
                allowed: "one without: handles are handed to a process when it is started"
                    .to_owned(),
            });
        }
        let channel = Channel::create(at, label, name, &options.channel(), options.spec.role)?;
        Ok(options.handle(channel))
    }

    fn luggage(&self) -> Luggage {
        Luggage { only_gets: !self.shared().channel.may_put(), keeper: self.shared().clone() }
    }

    fn only_getting(options: Options<Self>) -> Options<Self> {
        options.role(Role::Getter)
    }

    fn check(
        segment: &Segment,
        wanted: Wanted<'_>,
        label: &str,
        options: &Options<Self>,
    ) -> Result<(), OpenError> {
        let is_meant = |info: &ObjectInfo| info.kind == Kind::Queue && info.name == wanted.name();
        match objects(segment).iter().find(|info| is_meant(info)) {
            Some(info) => options.compare(segment, info, label),
            None => Ok(()), // `open` says what there is
        }
    }

    fn open(
        at: &Arc<Attachment>,
        wanted: Wanted<'_>,
        label: &str,
        options: &Options<Self>,
    ) -> Result<Self, OpenError> {
        let (channel, info) = Channel::open(at, wanted, label, options.spec.role)?;
        options.compare(at.segment(), &info, label)?;
        Ok(options.handle(channel))
    }
}
