//! Putting a message.

use std::time::{Duration, Instant};

use ringway_segment::waiting::Until;

use super::Queue;
use crate::as_message::AsMessage;
use crate::error::PutError;
use crate::message::Payload;

/// Putting. What can be put is told by [`AsMessage`]: a value or a reference to one, a `&str` for a
/// `String`, a slice for a `Vec`, and bytes for a `Queue<[u8]>`.
impl<T: Payload + ?Sized> Queue<T> {
    /// Puts a value, blocking while the queue is full.
    ///
    /// A get wakes one blocked put, and so does the recovery of a dead participant. When this
    /// returns the message is in shared memory, and outlives this process.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let names = Queue::<String>::options().create(Place::Heap)?;
    /// names.put("Ada")?;
    /// let bytes = Queue::<[u8]>::options().create(Place::Heap)?;
    /// bytes.put("some bytes")?;
    /// # assert_eq!(&*bytes.get()?, b"some bytes");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PutError`] with the value in it: the queue is full or was shut down, the value cannot be
    /// serialised or is too large, no block is free, or the segment cannot be used.
    #[doc(alias("send", "push", "put_bytes"))]
    #[inline]
    pub fn put<V: AsMessage<T>>(&self, value: V) -> Result<(), PutError<V::Unsent>> {
        self.put_until(value, Until::Forever)
    }

    /// Puts a value if the queue is not full at this instant.
    ///
    /// # Errors
    /// As of [`put`](Self::put).
    #[doc(alias("try_send", "try_push"))]
    #[inline]
    pub fn try_put<V: AsMessage<T>>(&self, value: V) -> Result<(), PutError<V::Unsent>> {
        self.put_until(value, Until::Now)
    }

    /// The same as [`try_put`](Self::try_put), by its name in Python.
    ///
    /// # Errors
    /// As of [`put`](Self::put).
    pub fn put_nowait<V: AsMessage<T>>(&self, value: V) -> Result<(), PutError<V::Unsent>> {
        self.try_put(value)
    }

    /// Puts a value, blocking for up to `timeout` while the queue is full.
    ///
    /// # Errors
    /// As of [`put`](Self::put); [`PutError::can_retry`] when the time is over.
    #[doc(alias = "send_timeout")]
    pub fn put_timeout<V: AsMessage<T>>(
        &self,
        value: V,
        timeout: Duration,
    ) -> Result<(), PutError<V::Unsent>> {
        self.put_until(value, Until::after(timeout))
    }

    /// Puts a value, blocking until `deadline` while the queue is full.
    ///
    /// # Errors
    /// As of [`put`](Self::put); [`PutError::can_retry`] when the time is over.
    pub fn put_deadline<V: AsMessage<T>>(
        &self,
        value: V,
        deadline: Instant,
    ) -> Result<(), PutError<V::Unsent>> {
        self.put_until(value, Until::At(deadline.into()))
    }

    #[inline]
    fn put_until<V: AsMessage<T>>(
        &self,
        value: V,
        until: Until,
    ) -> Result<(), PutError<V::Unsent>> {
        match self.shared.put(&value, until) {
            Ok(()) => Ok(()),
            Err(stop) => Err(self.shared.give_back(stop, value.unsent())),
        }
    }
}
