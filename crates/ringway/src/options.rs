//! Creating and opening queues.

use core::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd};

use ringway_core::Place;
use ringway_core::attachment::Attachment;
use ringway_core::error::{CreateError, OpenError};
use ringway_core::layout::Measures;
use ringway_core::spec::Spec;

use crate::message::{Message, Payload, Schema};
use crate::queue::Queue;
use crate::wait::WaitStrategy;

/// How to create or open a queue. All but [`wait`](Self::wait) and [`schema`](Self::schema) matter only to the creator:
/// who opens a queue finds it as it was made. A queue cannot be resized.
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
    spec: Spec,
    schema: Schema,
    wait: WaitStrategy,
    payload: PhantomData<fn() -> Box<T>>,
}

// Derived, it would ask that the messages can be cloned.
impl<T: Payload + ?Sized> Clone for QueueOptions<T> {
    fn clone(&self) -> Self {
        Self {
            spec: self.spec.clone(),
            schema: self.schema.clone(),
            wait: self.wait,
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
    /// A queue of at most 65,536 messages of at most 64 KiB, for at most 128 processes. Memory is taken as it is used.
    pub fn new() -> Self {
        let measures =
            Measures { maxsize: 65_536, max_message: 65_536, participants: 128, loans: 32 };
        let schema = T::schema();
        let spec = Spec {
            measures,
            mode: 0o600,
            prefault: false,
            huge_pages: false,
            fingerprint: 0,
            schema: String::new(),
            first_position: 0,
        };
        Self { spec, schema, wait: WaitStrategy::default(), payload: PhantomData }
    }

    /// How many messages it holds at most, exactly: 1 to 8,388,608.
    pub fn maxsize(mut self, messages: u64) -> Self {
        self.spec.measures.maxsize = messages;
        self
    }

    /// Bytes of the largest message: 1 to 64 GiB. Small messages do not cost more in a queue that takes large ones.
    ///
    /// The addresses that a queue spans, though not its memory, are for the case that all its messages are so large and
    /// every participant holds what it may: about 4/3 of `max_message * (maxsize + participants * (loans + 10))` bytes,
    /// of which there may be 64 TiB. With all else as by default that allows some 600 MiB; for more, lower the others:
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let options = Queue::<[u8]>::options().max_message(1 << 30);
    /// assert!(options.create(Place::Heap).is_err()); // for 65,536 messages
    /// options.maxsize(100).create(Place::Heap)?;
    /// # Ok::<(), ringway::CreateError>(())
    /// ```
    pub fn max_message(mut self, bytes: u64) -> Self {
        self.spec.measures.max_message = bytes;
        self
    }

    /// How many processes may have it open at once: 1 to 255. Each open counts; clones of a handle do not.
    pub fn participants(mut self, participants: u32) -> Self {
        self.spec.measures.participants = participants;
        self
    }

    /// How many loans and received messages each participant may hold at once without delaying anybody: 1 to 4,096. All
    /// threads of a process that share a handle share this number, and each of their `get_many` may take 32.
    pub fn loans(mut self, loans: u32) -> Self {
        self.spec.measures.loans = loans;
        self
    }

    /// Permissions of the file: read and write for its owner, and what is said beyond that for others; 0o600 if nothing
    /// is said. Not on the portable path, which always has 0o600.
    pub fn mode(mut self, mode: u32) -> Self {
        self.spec.mode = mode;
        self
    }

    /// Whether to reserve and touch all memory at once, so that no later put does.
    pub fn prefault(mut self, yes: bool) -> Self {
        self.spec.prefault = yes;
        self
    }

    /// Whether to ask for huge pages. The kernel may decide otherwise.
    pub fn huge_pages(mut self, yes: bool) -> Self {
        self.spec.huge_pages = yes;
        self
    }

    /// How this handle waits.
    pub fn wait(mut self, strategy: WaitStrategy) -> Self {
        self.wait = strategy;
        self
    }

    #[doc(hidden)]
    pub fn first_position(mut self, position: u64) -> Self {
        self.spec.first_position = position;
        self
    }

    /// Creates the queue. It appears whole or not at all.
    ///
    /// # Errors
    /// [`CreateError`]; `AlreadyExists` when the name is taken.
    pub fn create(&self, place: impl Into<Place>) -> Result<Queue<T>, CreateError> {
        let place = place.into();
        let mut spec = self.spec.clone();
        if spec.mode & !0o777 != 0 || spec.mode & 0o600 != 0o600 {
            return Err(CreateError::BadOption {
                name: place.label(),
                option: "mode",
                value: format!("{:#o}", spec.mode),
                allowed: "within 0o777 and let the owner read and write (0o600)".to_owned(),
            });
        }
        spec.fingerprint = self.schema.fingerprint;
        spec.schema.clone_from(&self.schema.name);
        Ok(Queue::from_attachment(Attachment::create(&place, &spec)?, self.wait))
    }

    /// Opens a queue that exists. Waits for nobody, and refuses what is not whole, of another version, or for other
    /// messages.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, place: impl Into<Place>) -> Result<Queue<T>, OpenError> {
        self.check(Attachment::open(&place.into())?)
    }

    /// Opens the queue, or creates it if there is none.
    ///
    /// # Errors
    /// [`CreateError`]; one of its variants carries what opening said.
    pub fn open_or_create(&self, place: impl Into<Place>) -> Result<Queue<T>, CreateError> {
        let place = place.into();
        // Somebody may be faster at either step. That a name stays which is marked as removed is another matter: its
        // remover has been stopped.
        let mut removals = 0;
        loop {
            match self.open(place.clone()) {
                Ok(queue) => return Ok(queue),
                Err(OpenError::NotFound { .. } | OpenError::Nameless { .. }) => {}
                Err(OpenError::Removed { .. }) if removals < 20 => removals += 1,
                Err(error) => return Err(CreateError::Open(error)),
            }
            match self.create(place.clone()) {
                Err(CreateError::AlreadyExists { .. }) => {}
                created => return created,
            }
        }
    }

    /// Opens the queue behind a descriptor that was inherited or received, for instance of an unnamed queue.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_fd(&self, fd: impl AsFd) -> Result<Queue<T>, OpenError> {
        let fd: BorrowedFd<'_> = fd.as_fd();
        self.check(Attachment::open_descriptor(fd)?)
    }

    fn check(&self, attachment: Attachment) -> Result<Queue<T>, OpenError> {
        let segment = attachment.segment();
        let found = segment.header().fingerprint;
        if found != self.schema.fingerprint {
            return Err(OpenError::Refused {
                name: segment.label().to_owned(),
                field: "the schema of its messages",
                found: format!("{:?} ({found:#x})", segment.schema()),
                expected: format!("{:?} ({:#x})", self.schema.name, self.schema.fingerprint),
            });
        }
        Ok(Queue::from_attachment(attachment, self.wait))
    }
}

impl QueueOptions<[u8]> {
    /// Opens a queue whatever its messages are: to look at it, to shut it down, or to move its messages on as bytes.
    /// Bytes that are put into a queue of typed messages must be what rkyv makes of one, or the getter refuses them.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_any(&self, place: impl Into<Place>) -> Result<Queue<[u8]>, OpenError> {
        Ok(Queue::from_attachment(Attachment::open(&place.into())?, self.wait))
    }
}

impl<T: Message> QueueOptions<T> {
    /// Names the schema of the messages.
    ///
    /// A queue opens only for the schema that it was created with. Without a name, that is the type's name as the
    /// compiler prints it, with the size and alignment of its archived form; a name of your own keeps it the same when
    /// the type moves to another module, or between compilers. Change it when the fields change.
    pub fn schema(mut self, name: &str) -> Self {
        self.schema = Schema::named::<T>(name);
        self
    }
}
