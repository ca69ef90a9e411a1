//! Received messages: guards that read in place and give the memory back when they are dropped.

use core::fmt;
use core::ops::Deref;
use core::ptr::NonNull;
use std::sync::Arc;

use ringway_segment::objects::channel::{Guard, Unreturned};
use rkyv::rancor::BoxedError as Error;

use crate::error::{GetError, GetErrorKind, Label, PutError, PutErrorKind};
use crate::message::{self, Message};
use crate::queue::shared::Shared;

/// A received message of plain bytes, read where it lies.
///
/// ```
/// # use ringway::{Place, Queue};
/// let queue = Queue::<[u8]>::options().create(Place::Heap)?;
/// queue.put_bytes("hello")?;
/// let message = queue.get_bytes()?;
/// assert_eq!(&message[1..3], b"el");
/// assert_eq!(format!("{message:?}"), r#"b"hello""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ReceivedBytes<'q> {
    block: Guard<'q>,
}

impl<'q> ReceivedBytes<'q> {
    #[inline]
    pub(crate) fn new(block: Guard<'q>) -> Self {
        Self { block }
    }

    /// Puts the message back into its queue, where it is taken before all that wait for their first
    /// taker. If it was shut down with `immediate`, the message is dropped.
    ///
    /// The queue has to be made with the option [`put_back`](crate::QueueOptions::put_back). A
    /// process that dies in the middle has put it back, or has still taken it.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<[u8]>::options().put_back(true).create(Place::Heap)?;
    /// queue.put_many_bytes(&["first", "second"])?;
    /// queue.get_bytes()?.put_back().map_err(|error| error.without_value())?;
    /// assert_eq!(&*queue.get_bytes()?, b"first");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PutError`], with the message.
    pub fn put_back(self) -> Result<(), PutError<Self>> {
        put_back(self.block).map_err(|(block, queue, kind)| PutError {
            value: Self { block },
            queue,
            kind,
        })
    }
}

impl Deref for ReceivedBytes<'_> {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        self.block.bytes()
    }
}

impl AsRef<[u8]> for ReceivedBytes<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// As a byte string: `b"hello\n"`.
impl fmt::Debug for ReceivedBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}

/// A received message, read where it lies. It dereferences to the archived type.
///
/// A participant may hold as many loans and received messages at once as the queue's option `loans`
/// says without delaying anybody.
///
/// ```
/// # use ringway::{Place, Queue};
/// let queue = Queue::<Vec<u32>>::options().create(Place::Heap)?;
/// queue.put(vec![3, 4])?;
/// let message = queue.get()?;
/// assert_eq!(message.len(), 2);
/// assert_eq!(message[1], 4);
/// assert_eq!(message.deserialize()?, vec![3, 4]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Received<'q, T: Message> {
    block: Guard<'q>,
    archived: NonNull<T::Archived>,
}

// SAFETY: the guard owns the block; the pointer is into it, and is only read through `&self`.
unsafe impl<T: Message<Archived: Send>> Send for Received<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Message<Archived: Sync>> Sync for Received<'_, T> {}

impl<'q, T: Message> Received<'q, T> {
    /// Checks the bytes. When they are not a `T`, the block goes back and the error says why.
    #[inline]
    pub(crate) fn checked(shared: &Shared, block: Guard<'q>) -> Result<Self, GetError> {
        match message::access::<T>(block.bytes()) {
            Ok(archived) => {
                let archived = NonNull::from(archived);
                Ok(Self { block, archived })
            }
            Err(reason) => Err(invalid(shared, &block, reason)),
        }
    }

    /// Trusts the bytes.
    ///
    /// # Safety
    /// The block holds a `T` that was serialised whole.
    #[inline]
    pub(crate) unsafe fn unchecked(shared: &Shared, block: Guard<'q>) -> Result<Self, GetError> {
        let bytes = block.bytes();
        if bytes.len() < size_of::<T::Archived>() {
            return Self::checked(shared, block); // too short to be one: the error is the same
        }
        // SAFETY: the caller vouches for the bytes.
        let archived = NonNull::from(unsafe { rkyv::access_unchecked::<T::Archived>(bytes) });
        Ok(Self { block, archived })
    }

    /// Puts the message back into its queue, where it is taken before all that wait for their first
    /// taker. If it was shut down with `immediate`, the message is dropped.
    ///
    /// The queue has to be made with the option [`put_back`](crate::QueueOptions::put_back). A
    /// process that dies in the middle has put it back, or has still taken it.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<u32>::options().put_back(true).create(Place::Heap)?;
    /// queue.put_many(&[1, 2])?;
    /// let message = queue.get()?;
    /// if *message % 2 == 1 {
    ///     message.put_back().map_err(|error| error.without_value())?; // for another
    /// }
    /// assert_eq!(*queue.get()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PutError`], with the message.
    pub fn put_back(self) -> Result<(), PutError<Self>> {
        let Self { block, archived } = self;
        put_back(block).map_err(|(block, queue, kind)| PutError {
            value: Self { block, archived },
            queue,
            kind,
        })
    }

    /// An owned value.
    ///
    /// # Errors
    /// What rkyv says when a part of it cannot be made.
    pub fn deserialize(&self) -> Result<T, Error> {
        message::decode::<T>(self)
    }

    /// The bytes of the message as they lie in memory.
    pub fn bytes(&self) -> &[u8] {
        self.block.bytes()
    }
}

/// Puts a block back whose message was taken.
fn put_back(block: Guard<'_>) -> Result<(), (Guard<'_>, Label, PutErrorKind)> {
    let channel = block.channel();
    let label = || Label(Arc::clone(channel.object().label()));
    let inside = match channel.attachment().enter() {
        Ok(inside) => inside,
        Err(error) => return Err((block, label(), PutErrorKind::Segment(error))),
    };
    channel.put_back(inside, block.into_held()).map_err(|(held, why)| {
        let kind = match why {
            Unreturned::NotMade => PutErrorKind::NoReturns,
            Unreturned::Segment(error) => PutErrorKind::Segment(error),
        };
        (Guard::new(held), label(), kind)
    })
}

#[cold]
fn invalid(shared: &Shared, block: &Guard<'_>, reason: Error) -> GetError {
    shared.no_message(GetErrorKind::Invalid { bytes: block.bytes().len() as u64, reason })
}

impl<T: Message> Deref for Received<'_, T> {
    type Target = T::Archived;
    #[inline]
    fn deref(&self) -> &T::Archived {
        // SAFETY: points into the block, which this guard owns and nobody writes, at a value that
        // was checked (or vouched for).
        unsafe { self.archived.as_ref() }
    }
}

impl<T: Message<Archived: fmt::Debug>> fmt::Debug for Received<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
