//! Why a put, a get or another call did not go through.

use core::fmt;
use std::sync::Arc;

use ringway_core::error::Fault;

/// What a queue is called, as its user named it.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(pub(crate) Arc<str>);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A call that found the queue unusable.
///
/// ```
/// # use ringway::{Place, Queue, QueueError};
/// # let queue = Queue::<u32>::options().create(Place::Heap)?;
/// match queue.len() {
///     Ok(len) => println!("{len} messages"),
///     Err(QueueError { queue, fault, .. }) => eprintln!("{queue}: {fault}"), // as its `Display`
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueError {
    /// The queue.
    pub queue: Name,
    /// Why.
    pub fault: Fault,
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.queue, self.fault)
    }
}

impl std::error::Error for QueueError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.fault.source() // the text has the fault itself
    }
}

/// A put that did not go through. It gives the value back: nothing is lost.
///
/// ```
/// # use ringway::{Place, PutError, Queue};
/// let queue = Queue::<u32>::options().maxsize(1).create(Place::Heap)?;
/// queue.put(1)?;
/// match queue.try_put(2) {
///     Err(PutError::Full { value, maxsize, .. }) => assert_eq!((value, maxsize), (2, 1)),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[non_exhaustive]
pub enum PutError<V> {
    /// The queue held `maxsize` messages at some instant of the call, and for as long as it waited.
    Full {
        /// What was to be put.
        value: V,
        /// The queue.
        queue: Name,
        /// How many messages it holds.
        maxsize: u64,
    },
    /// The queue has places, but loans and guards beyond the allowance hold the blocks that messages travel in.
    NoBlock {
        /// What was to be put.
        value: V,
        /// The queue.
        queue: Name,
        /// Loans and guards that each participant may hold without delaying anybody.
        loans: u32,
    },
    /// The queue was shut down.
    ShutDown {
        /// What was to be put.
        value: V,
        /// The queue.
        queue: Name,
    },
    /// The message is larger than the queue takes.
    TooLarge {
        /// What was to be put.
        value: V,
        /// The queue.
        queue: Name,
        /// Bytes of the message.
        bytes: u64,
        /// Bytes of the largest message.
        limit: u64,
    },
    /// The value could not be serialised.
    Encode {
        /// What was to be put.
        value: V,
        /// The queue.
        queue: Name,
        /// What rkyv said.
        reason: rkyv::rancor::Error,
    },
    /// The queue cannot be used.
    Fault {
        /// What was to be put.
        value: V,
        /// The queue.
        queue: Name,
        /// Why.
        fault: Fault,
    },
}

impl<V> PutError<V> {
    /// What was to be put.
    #[must_use]
    pub fn into_value(self) -> V {
        match self {
            Self::Full { value, .. }
            | Self::NoBlock { value, .. }
            | Self::ShutDown { value, .. }
            | Self::TooLarge { value, .. }
            | Self::Encode { value, .. }
            | Self::Fault { value, .. } => value,
        }
    }

    /// The same error without the value, which is dropped: an error that borrows nothing any more, for
    /// `map_err(PutError::without_value)?` in a function that owns what was to be put.
    #[must_use]
    pub fn without_value(self) -> PutError<()> {
        match self {
            Self::Full { queue, maxsize, .. } => PutError::Full { value: (), queue, maxsize },
            Self::NoBlock { queue, loans, .. } => PutError::NoBlock { value: (), queue, loans },
            Self::ShutDown { queue, .. } => PutError::ShutDown { value: (), queue },
            Self::TooLarge { queue, bytes, limit, .. } => {
                PutError::TooLarge { value: (), queue, bytes, limit }
            }
            Self::Encode { queue, reason, .. } => PutError::Encode { value: (), queue, reason },
            Self::Fault { queue, fault, .. } => PutError::Fault { value: (), queue, fault },
        }
    }

    /// Whether the queue was full.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// Whether the queue was shut down.
    pub fn is_shut_down(&self) -> bool {
        matches!(self, Self::ShutDown { .. })
    }
}

impl<V> fmt::Display for PutError<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { queue, maxsize, .. } => {
                write!(
                    f,
                    "{queue} is full: it holds {maxsize} messages at most; `ringway stat` shows who has it open"
                )
            }
            Self::NoBlock { queue, loans, .. } => write!(
                f,
                "{queue} has no free block: somebody holds more than {loans} loans or messages; `ringway stat` names \
                 the holder, and the option `loans` of its creator allows more"
            ),
            Self::ShutDown { queue, .. } => write!(f, "{queue} was shut down"),
            Self::TooLarge { queue, bytes, limit, .. } => write!(
                f,
                "{queue} takes messages of {limit} bytes at most, and this one has {bytes}; create it with a larger \
                 `max_message`"
            ),
            Self::Encode { queue, reason, .. } => {
                write!(f, "{queue}: the value cannot be serialised: {reason}")
            }
            Self::Fault { queue, fault, .. } => write!(f, "{queue}: {fault}"),
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
        match self {
            Self::Fault { fault, .. } => fault.source(), // the text has the fault itself
            _ => None,
        }
    }
}

/// A put of many that stopped half-way: the first `put` went in, in order, and no other.
///
/// ```
/// # use ringway::{Place, PutError, Queue};
/// let queue = Queue::<[u8]>::options().max_message(3).create(Place::Heap)?;
/// let stopped = queue.put_many_bytes(&[&b"abc"[..], b"too long", b"de"]).unwrap_err();
/// assert_eq!(stopped.put, 1);
/// assert!(matches!(stopped.error, PutError::TooLarge { bytes: 8, limit: 3, .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PutManyError {
    /// How many went in.
    pub put: usize,
    /// Why the next one did not.
    pub error: PutError<()>,
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

/// A get that brought nothing.
///
/// ```
/// # use ringway::{GetError, Place, Queue};
/// let queue = Queue::<u32>::options().create(Place::Heap)?;
/// assert!(matches!(queue.try_get(), Err(GetError::Empty { .. })));
/// queue.shutdown(false)?;
/// assert!(matches!(queue.get(), Err(GetError::ShutDown { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum GetError {
    /// The queue was empty at some instant of the call, and for as long as it waited.
    Empty {
        /// The queue.
        queue: Name,
    },
    /// The queue was shut down and everything before that was taken.
    ShutDown {
        /// The queue.
        queue: Name,
    },
    /// The message was taken, but is not what it should be. The next get brings the next one.
    Invalid {
        /// The queue.
        queue: Name,
        /// Bytes of the message.
        bytes: u64,
        /// What the check found.
        reason: rkyv::rancor::Error,
    },
    /// The queue cannot be used.
    Fault {
        /// The queue.
        queue: Name,
        /// Why.
        fault: Fault,
    },
}

impl GetError {
    /// Whether the queue was empty.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty { .. })
    }

    /// Whether the queue was shut down and drained.
    pub fn is_shut_down(&self) -> bool {
        matches!(self, Self::ShutDown { .. })
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { queue } => write!(f, "{queue} is empty"),
            Self::ShutDown { queue } => write!(f, "{queue} was shut down and is drained"),
            Self::Invalid { queue, bytes, reason } => {
                write!(
                    f,
                    "{queue}: a message of {bytes} bytes is not valid and was dropped; who puts and who gets must mean the same type: {reason}"
                )
            }
            Self::Fault { queue, fault } => write!(f, "{queue}: {fault}"),
        }
    }
}

impl std::error::Error for GetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Fault { fault, .. } => fault.source(),
            _ => None,
        }
    }
}
