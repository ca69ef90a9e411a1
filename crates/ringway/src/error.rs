//! Why a put, a get or another call did not go through.

use core::fmt;
use std::sync::Arc;

use ringway_segment::error::SegmentError;
use thiserror::Error;

/// What errors call an object: its kind and its name, as `queue 'jobs'`.
#[derive(Clone, PartialEq, Eq)]
pub struct Label(pub(crate) Arc<str>);

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the serialisation framework says of a value or of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(Arc<str>);

impl Reason {
    #[cold]
    pub(crate) fn new(error: &rkyv::rancor::BoxedError) -> Self {
        Self(error.to_string().into())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an operation on an open object cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// The object.
    pub object: Label,
    /// Why.
    pub kind: SegmentError,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.kind.source() // the text has the error itself
    }
}

/// A put, a send or a loan that did not go through, with what the caller handed over: a value, a
/// loan or a received message, and `()` if the caller had only lent it.
///
/// ```
/// # use ringway::{Place, Queue};
/// fn greet(queue: &Queue<String>, whom: &str) -> Result<(), Box<dyn std::error::Error>> {
///     let greeting = format!("hello {whom}");
///     queue.put(&greeting)?; // the error borrows nothing
///     println!("{greeting} is on its way");
///     Ok(())
/// }
///
/// let queue = Queue::options().maxsize(1).create(Place::Heap)?;
/// greet(&queue, "world")?;
/// let error = queue.try_put("again".to_owned()).unwrap_err();
/// assert!(error.can_retry());
/// assert_eq!(error.into_value(), "again");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutError<V> {
    /// What was to be put, for another attempt.
    pub value: V,
    /// The queue.
    pub queue: Label,
    /// Why.
    pub kind: PutErrorKind,
}

/// Why a put, a send or a loan did not go through.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PutErrorKind {
    /// The queue held `maxsize` messages at some instant of the call, and until its time was up.
    #[error(
        "is full: it holds {maxsize} messages at most; `ringway stat` shows which processes have it open"
    )]
    Full {
        /// The most that it holds.
        maxsize: u64,
    },
    /// The queue has a place, but all blocks are in the hands of participants that hold more loans
    /// and messages than they were promised.
    #[error(
        "has no free block: a process holds more than {loans} loans or messages; `ringway stat` \
         names it, and the option `loans` at creation allows more"
    )]
    NoBlock {
        /// What each participant was promised.
        loans: u32,
    },
    /// The queue was shut down.
    #[error("was shut down")]
    ShutDown,
    /// The message is larger than the queue was made for.
    #[error(
        "takes messages of {limit} bytes at most, and this one has {bytes}; create it with a \
         larger `max_message`"
    )]
    TooLarge {
        /// Bytes of the message.
        bytes: u64,
        /// Bytes of the largest message.
        limit: u64,
    },
    /// The value cannot be serialised.
    #[error("cannot serialise the value: {0}")]
    Encode(Reason),
    /// The queue was made without the option `put_back`.
    #[error("takes no message back: it was made without the option `put_back`")]
    NoReturns,
    /// The segment cannot be used by this process.
    #[error("cannot be used: {0}")]
    Segment(SegmentError),
}

impl<V> PutError<V> {
    /// What was to be put.
    #[must_use]
    pub fn into_value(self) -> V {
        self.value
    }

    /// The error alone; the value is dropped.
    #[must_use]
    pub fn without_value(self) -> PutError<()> {
        self.with_value(())
    }

    /// The error of the same reason for another value.
    pub(crate) fn with_value<W>(self, value: W) -> PutError<W> {
        PutError { value, queue: self.queue, kind: self.kind }
    }

    /// Whether a later attempt may succeed: the queue was full, or no block was free.
    #[must_use]
    pub fn can_retry(&self) -> bool {
        matches!(self.kind, PutErrorKind::Full { .. } | PutErrorKind::NoBlock { .. })
    }

    /// Whether the queue was full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.kind, PutErrorKind::Full { .. })
    }

    /// Whether the queue was shut down: no later attempt will succeed.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        matches!(self.kind, PutErrorKind::ShutDown)
    }
}

impl<V> fmt::Display for PutError<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            PutErrorKind::Segment(error) => write!(f, "{}: {error}", self.queue),
            kind => write!(f, "{} {kind}", self.queue),
        }
    }
}

impl<V> fmt::Debug for PutError<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PutError({self})")
    }
}

impl<V> std::error::Error for PutError<V> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            PutErrorKind::Segment(error) => error.source(), // the text has the error itself
            _ => None,
        }
    }
}

/// Why not all of many messages were put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutManyError {
    /// How many were, in order.
    pub put: usize,
    /// Why no more.
    pub error: PutError<()>,
}

impl PutManyError {
    /// Whether a later attempt may put the rest: see [`PutError::can_retry`].
    #[must_use]
    pub fn can_retry(&self) -> bool {
        self.error.can_retry()
    }
}

impl fmt::Display for PutManyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {} messages: {}", self.put, self.error)
    }
}

impl std::error::Error for PutManyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

/// A get that did not go through.
///
/// `get` itself is never [`Empty`](GetErrorKind::Empty); the calls with a time limit are when it is
/// over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetError {
    /// The queue.
    pub queue: Label,
    /// Why.
    pub kind: GetErrorKind,
}

/// Why a get did not go through.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GetErrorKind {
    /// The queue was empty at some instant of the call, and until its time was up.
    #[error("is empty")]
    Empty,
    /// The queue was shut down, and all messages before that have been taken.
    #[error("was shut down and is drained")]
    ShutDown,
    /// A message was taken that is not one of this type. It is gone.
    #[error(
        "had a message of {bytes} bytes that is not valid and was dropped; putters and getters \
         must mean the same type: {reason}"
    )]
    Invalid {
        /// Bytes of the message.
        bytes: u64,
        /// What rkyv says.
        reason: Reason,
    },
    /// The segment cannot be used by this process.
    #[error("cannot be used: {0}")]
    Segment(SegmentError),
}

impl GetError {
    /// Whether a later attempt may succeed: the queue was empty, or the message that was taken is
    /// not valid and another may be.
    #[must_use]
    pub fn can_retry(&self) -> bool {
        matches!(self.kind, GetErrorKind::Empty | GetErrorKind::Invalid { .. })
    }

    /// Whether the queue was empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.kind, GetErrorKind::Empty)
    }

    /// Whether the queue was shut down and is drained: no later attempt will succeed.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        matches!(self.kind, GetErrorKind::ShutDown)
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            GetErrorKind::Segment(error) => write!(f, "{}: {error}", self.queue),
            kind => write!(f, "{} {kind}", self.queue),
        }
    }
}

impl std::error::Error for GetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            GetErrorKind::Segment(error) => error.source(), // the text has the error itself
            _ => None,
        }
    }
}
