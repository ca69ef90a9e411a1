//! Received messages: guards that read in place and give the memory back when they are dropped.

use core::fmt;
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;
use std::sync::Arc;

use ringway_segment::objects::channel::{Guard, OwnedBlock, Unreturned};
use rkyv::rancor::BoxedError;

use crate::error::{GetError, GetErrorKind, PutError, PutErrorKind, Reason};
use crate::maybe_owned::MaybeOwned;
use crate::message::{Message, Payload};
use crate::queue::shared::Shared;

/// A received message, read where it lies. It dereferences to the archived type, or to `[u8]` if
/// the queue is one of bytes.
///
/// A participant may hold as many loans and received messages at once as the queue's option `loans`
/// says without delaying anybody. What it holds when it dies is lost, and counted; the memory comes
/// back.
///
/// ```
/// # use ringway::{Place, Queue};
/// let queue = Queue::<Vec<u32>>::options().create(Place::Heap)?;
/// queue.put(vec![3, 4])?;
/// let message = queue.get()?;
/// assert_eq!(message.len(), 2);
/// assert_eq!(message[1], 4);
/// assert_eq!(message.deserialize()?, [3, 4]);
///
/// let bytes = Queue::<[u8]>::options().create(Place::Heap)?;
/// bytes.put("hello")?;
/// let message = bytes.get()?;
/// assert_eq!(&message[1..3], b"el");
/// assert_eq!(format!("{message:?}"), r#"b"hello""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Received<'q, T: Payload + ?Sized> {
    view: NonNull<T::View>,
    block: Guard<'q>, // dropped before what keeps its queue
    shared: MaybeOwned<'q, Arc<Shared>>,
}

// SAFETY: the guard owns the block; the pointer is into it, and is only read through `&self`.
unsafe impl<T: Payload<View: Send> + ?Sized> Send for Received<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Payload<View: Sync> + ?Sized> Sync for Received<'_, T> {}

impl<T: Payload + ?Sized> UnwindSafe for Received<'_, T> {}
impl<T: Payload + ?Sized> RefUnwindSafe for Received<'_, T> {}

impl<'q, T: Payload + ?Sized> Received<'q, T> {
    /// Checks the bytes. When they are not a `T`, the block goes back and the error says why.
    #[inline(always)]
    pub(crate) fn checked(
        shared: MaybeOwned<'q, Arc<Shared>>,
        block: Guard<'q>,
    ) -> Result<Self, GetError> {
        match T::view(block.bytes()) {
            Ok(view) => {
                let view = NonNull::from(view);
                Ok(Self { view, block, shared })
            }
            Err(reason) => Err(invalid(&shared, &block, &reason)),
        }
    }

    /// The same message with a handle of its own, which keeps the queue open: to be stored beside
    /// the queue, returned, or moved into a thread or task.
    ///
    /// ```
    /// # use ringway::{Place, Queue, Received};
    /// struct Worker {
    ///     queue: Queue<String>,
    ///     in_hand: Option<Received<'static, String>>,
    /// }
    ///
    /// let mut worker = Worker { queue: Queue::options().create(Place::Heap)?, in_hand: None };
    /// worker.queue.put("sweep")?;
    /// worker.in_hand = Some(worker.queue.get()?.into_owned());
    ///
    /// let message = worker.in_hand.take().unwrap();
    /// let length = std::thread::spawn(move || message.len()).join().unwrap();
    /// assert_eq!(length, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn into_owned(self) -> Received<'static, T> {
        let Self { view, block, shared } = self;
        let shared = shared.into_owned();
        // SAFETY: the handle keeps the queue for as long as the guard, which is dropped before it.
        Received { view, block: unsafe { block.outlive() }, shared }
    }

    /// Returns an owned value: a `T`, or a `Vec<u8>`.
    ///
    /// # Errors
    /// [`GetErrorKind::Invalid`] when a part of it cannot be made, for instance a path that is not
    /// UTF-8.
    pub fn deserialize(&self) -> Result<T::Value, GetError> {
        T::value(self).map_err(|reason| invalid(&self.shared, &self.block, &reason))
    }

    /// The bytes of the message as they lie in memory.
    pub fn bytes(&self) -> &[u8] {
        self.block.bytes()
    }

    /// Puts the message back into its queue, where it is taken before all that wait for their first
    /// taker. If the queue was [shut down now](crate::Queue::shutdown_now), the message is dropped.
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
    ///     message.put_back()?; // for another
    /// }
    /// assert_eq!(*queue.get()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PutError`], with the message: [`PutErrorKind::NoReturns`] if the queue takes none back.
    pub fn put_back(self) -> Result<(), PutError<Received<'static, T>>> {
        let Self { view, block, shared } = self;
        let (block, kind) = match put_back(block) {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        let queue = shared.label();
        Err(PutError { value: Self { view, block, shared }.into_owned(), queue, kind })
    }
}

impl<'q> Received<'q, [u8]> {
    /// Bytes need no check.
    #[inline]
    pub(crate) fn plain(shared: MaybeOwned<'q, Arc<Shared>>, block: Guard<'q>) -> Self {
        let view = NonNull::from(block.bytes());
        Self { view, block, shared }
    }
}

impl<'q, T: Message> Received<'q, T> {
    /// Trusts the bytes.
    ///
    /// # Safety
    /// The block holds a `T` that was serialised whole.
    #[inline]
    pub(crate) unsafe fn unchecked(
        shared: MaybeOwned<'q, Arc<Shared>>,
        block: Guard<'q>,
    ) -> Result<Self, GetError> {
        let bytes = block.bytes();
        if bytes.len() < size_of::<T::Archived>() {
            return Self::checked(shared, block); // too short to be one: the error is the same
        }
        // SAFETY: the caller vouches for the bytes.
        let view = NonNull::from(unsafe { rkyv::access_unchecked::<T::Archived>(bytes) });
        Ok(Self { view, block, shared })
    }
}

/// Puts a block back whose message was taken.
fn put_back(block: Guard<'_>) -> Result<(), (Guard<'_>, PutErrorKind)> {
    let channel = block.channel();
    let inside = match channel.attachment().enter() {
        Ok(inside) => inside,
        Err(error) => return Err((block, PutErrorKind::Segment(error))),
    };
    channel.put_back(inside, block.into_held()).map_err(|(held, why)| {
        let kind = match why {
            Unreturned::NotMade => PutErrorKind::NoReturns,
            Unreturned::Segment(error) => PutErrorKind::Segment(error),
        };
        (Guard::new(held), kind)
    })
}

#[cold]
fn invalid(shared: &Shared, block: &OwnedBlock<'_>, reason: &BoxedError) -> GetError {
    let reason = Reason::new(reason);
    shared.no_message(GetErrorKind::Invalid { bytes: block.bytes().len() as u64, reason })
}

impl<T: Payload + ?Sized> Deref for Received<'_, T> {
    type Target = T::View;
    #[inline]
    fn deref(&self) -> &T::View {
        // SAFETY: points into the block, which this guard owns and nobody writes, at a value that
        // was checked (or vouched for).
        unsafe { self.view.as_ref() }
    }
}

impl AsRef<[u8]> for Received<'_, [u8]> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl<T: Message<Archived: fmt::Debug>> fmt::Debug for Received<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// As a byte string: `b"hello\n"`.
impl fmt::Debug for Received<'_, [u8]> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}
