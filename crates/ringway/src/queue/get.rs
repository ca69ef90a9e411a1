//! Taking a message.

use std::time::{Duration, Instant};

use ringway_segment::objects::channel::Guard;
use ringway_segment::waiting::Until;

use super::Queue;
use crate::error::GetError;
use crate::maybe_owned::MaybeOwned;
use crate::message::{Message, Payload};
use crate::received::Received;

/// Taking. A `get` returns a guard that reads the message in place; a `get_value` a value of the
/// caller's own.
impl<T: Payload + ?Sized> Queue<T> {
    /// Takes the oldest message, blocking while the queue is empty. It is checked, and read in
    /// place.
    ///
    /// A put wakes one blocked get. A message that this process took and did not release when it
    /// dies is counted as lost; its memory comes back.
    ///
    /// # Errors
    /// [`GetError`]: the queue was shut down and is drained, the message is not one of this type,
    /// or the segment cannot be used.
    #[doc(alias("recv", "receive", "pop", "get_bytes"))]
    #[inline]
    pub fn get(&self) -> Result<Received<'_, T>, GetError> {
        self.get_until(Until::Forever)
    }

    /// Takes the oldest message, if there is one at this instant.
    ///
    /// # Errors
    /// As of [`get`](Self::get), and that the queue is empty.
    #[doc(alias("try_recv", "try_pop"))]
    #[inline]
    pub fn try_get(&self) -> Result<Received<'_, T>, GetError> {
        self.get_until(Until::Now)
    }

    /// The same as [`try_get`](Self::try_get), by its name in Python.
    ///
    /// # Errors
    /// As of [`try_get`](Self::try_get).
    pub fn get_nowait(&self) -> Result<Received<'_, T>, GetError> {
        self.try_get()
    }

    /// Takes the oldest message, blocking for up to `timeout` while the queue is empty.
    ///
    /// # Errors
    /// As of [`try_get`](Self::try_get).
    #[doc(alias = "recv_timeout")]
    pub fn get_timeout(&self, timeout: Duration) -> Result<Received<'_, T>, GetError> {
        self.get_until(Until::after(timeout))
    }

    /// Takes the oldest message, blocking until `deadline` while the queue is empty.
    ///
    /// # Errors
    /// As of [`try_get`](Self::try_get).
    pub fn get_deadline(&self, deadline: Instant) -> Result<Received<'_, T>, GetError> {
        self.get_until(Until::At(deadline.into()))
    }

    /// Takes the oldest message as a value of its own, blocking while the queue is empty: a `T`, or
    /// a `Vec<u8>`.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<String>::options().create(Place::Heap)?;
    /// queue.put("sweep")?;
    /// let job: String = queue.get_value()?;
    /// assert_eq!(job, "sweep");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As of [`get`](Self::get).
    pub fn get_value(&self) -> Result<T::Value, GetError> {
        self.get()?.deserialize()
    }

    /// Takes the oldest message as a value of its own, if there is one at this instant.
    ///
    /// # Errors
    /// As of [`try_get`](Self::try_get).
    pub fn try_get_value(&self) -> Result<T::Value, GetError> {
        self.try_get()?.deserialize()
    }

    /// Takes the oldest message as a value of its own, blocking for up to `timeout` while the queue
    /// is empty.
    ///
    /// # Errors
    /// As of [`try_get`](Self::try_get).
    pub fn get_value_timeout(&self, timeout: Duration) -> Result<T::Value, GetError> {
        self.get_timeout(timeout)?.deserialize()
    }

    /// Takes the oldest message as a value of its own, blocking until `deadline` while the queue is
    /// empty.
    ///
    /// # Errors
    /// As of [`try_get`](Self::try_get).
    pub fn get_value_deadline(&self, deadline: Instant) -> Result<T::Value, GetError> {
        self.get_deadline(deadline)?.deserialize()
    }

    #[inline(always)]
    fn get_until(&self, until: Until) -> Result<Received<'_, T>, GetError> {
        let block = Guard::new(self.shared.receive_one(until)?);
        Received::checked(MaybeOwned::Borrowed(&self.shared), block)
    }
}

impl<T: Message> Queue<T> {
    /// Takes the oldest message, blocking while the queue is empty, without checking its bytes.
    ///
    /// # Safety
    /// Every participant puts only whole values of `T` as this program archives it: none opens the
    /// queue as one of bytes ([`open_any`](crate::QueueOptions::open_any)) and puts anything else,
    /// and none writes to the segment by other means.
    ///
    /// # Errors
    /// As of [`get`](Self::get).
    pub unsafe fn get_unchecked(&self) -> Result<Received<'_, T>, GetError> {
        let block = Guard::new(self.shared.receive_one(Until::Forever)?);
        // SAFETY: the caller vouches for what was put.
        unsafe { Received::unchecked(MaybeOwned::Borrowed(&self.shared), block) }
    }
}
