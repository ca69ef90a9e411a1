//! Messages of a type.

use core::borrow::Borrow;
use core::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use ringway_segment::attachment::Inside;
use ringway_segment::objects::channel::OwnedBlock;
use ringway_segment::waiting::Until;

use super::shared::{Shared, Stop};
use super::{Iter, Queue};
use crate::error::{GetError, PutError};
use crate::message::{self, Message};
use crate::received::Received;

/// Typed messages. A put takes the value or a reference to it, and gives back in the error what it
/// took.
impl<T: Message> Queue<T> {
    /// Puts a value, blocking while the queue is full.
    ///
    /// A get wakes one blocked put, and so does the recovery of a dead participant. When this
    /// returns the message is in shared memory, and outlives this process.
    ///
    /// The error of a put by reference has the reference in it, and so cannot leave the function
    /// that owns the value. [`PutError::without_value`] is the way out:
    ///
    /// ```
    /// # use ringway::{Place, PutError, Queue};
    /// fn greet(queue: &Queue<String>, whom: &str) -> Result<(), Box<dyn std::error::Error>> {
    ///     let greeting = format!("hello {whom}");
    ///     queue.put(&greeting).map_err(PutError::without_value)?;
    ///     println!("{greeting} is on its way");
    ///     queue.put(greeting)?; // by value there is nothing to mind
    ///     Ok(())
    /// }
    /// # let queue = Queue::options().create(Place::Heap)?;
    /// # greet(&queue, "world")?;
    /// # assert_eq!(&*queue.get()?, "hello world");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PutError`] with the value in it: the queue is full or was shut down, the value cannot be
    /// serialised or is too large, no block is free, or the segment cannot be used.
    pub fn put<V: Borrow<T>>(&self, value: V) -> Result<(), PutError<V>> {
        self.put_until(value, Until::Forever)
    }

    /// Puts a value if the queue is not full at this instant.
    ///
    /// # Errors
    /// [`PutError`] with the value in it: the queue is full or was shut down, the value cannot be
    /// serialised or is too large, no block is free, or the segment cannot be used.
    pub fn try_put<V: Borrow<T>>(&self, value: V) -> Result<(), PutError<V>> {
        self.put_until(value, Until::Now)
    }

    /// The same as [`try_put`](Self::try_put), by its name in Python.
    ///
    /// # Errors
    /// [`PutError`] with the value in it: the queue is full or was shut down, the value cannot be
    /// serialised or is too large, no block is free, or the segment cannot be used.
    pub fn put_nowait<V: Borrow<T>>(&self, value: V) -> Result<(), PutError<V>> {
        self.try_put(value)
    }

    /// Puts a value, blocking for up to `timeout` while the queue is full.
    ///
    /// # Errors
    /// [`PutError`] with the value in it: the queue is full or was shut down, the value cannot be
    /// serialised or is too large, no block is free, or the segment cannot be used.
    pub fn put_timeout<V: Borrow<T>>(
        &self,
        value: V,
        timeout: Duration,
    ) -> Result<(), PutError<V>> {
        self.put_until(value, Until::after(timeout))
    }

    /// Puts a value, blocking until `deadline` while the queue is full.
    ///
    /// # Errors
    /// [`PutError`] with the value in it: the queue is full or was shut down, the value cannot be
    /// serialised or is too large, no block is free, or the segment cannot be used.
    pub fn put_deadline<V: Borrow<T>>(
        &self,
        value: V,
        deadline: Instant,
    ) -> Result<(), PutError<V>> {
        self.put_until(value, Until::At(deadline.into()))
    }

    #[inline]
    fn put_until<V: Borrow<T>>(&self, value: V, until: Until) -> Result<(), PutError<V>> {
        let message = value.borrow(); // its code may fork, and so comes first
        match self.send_value(message, until) {
            Ok(()) => Ok(()),
            Err(stop) => Err(self.shared.give_back(stop, value)),
        }
    }

    #[inline]
    fn send_value(&self, value: &T, until: Until) -> Result<(), Stop> {
        self.shared.may_put(until)?;
        let (held, inside) = self.encode(value, until)?;
        match self.shared.channel.push_fast(inside, held) {
            Ok(()) => Ok(()),
            Err(held) => {
                let again = &mut |_| Ok(self.encode(value, until)?.0);
                self.shared.put_slowly(held, until, again)
            }
        }
    }

    /// Takes the oldest message, blocking while the queue is empty. It is checked, and read in
    /// place.
    ///
    /// A put wakes one blocked get. A message that this process took and did not release when it
    /// dies is counted as lost; its memory comes back.
    ///
    /// # Errors
    /// [`GetError`]: the queue is empty, was shut down and is drained, the message is not one of
    /// this type, or the segment cannot be used.
    pub fn get(&self) -> Result<Received<'_, T>, GetError> {
        self.get_block(Until::Forever).and_then(|held| Received::checked(&self.shared, held))
    }

    /// Takes the oldest message, if there is one at this instant.
    ///
    /// # Errors
    /// [`GetError`]: the queue is empty, was shut down and is drained, the message is not one of
    /// this type, or the segment cannot be used.
    pub fn try_get(&self) -> Result<Received<'_, T>, GetError> {
        self.get_block(Until::Now).and_then(|held| Received::checked(&self.shared, held))
    }

    /// The same as [`try_get`](Self::try_get), by its name in Python.
    ///
    /// # Errors
    /// [`GetError`]: the queue is empty, was shut down and is drained, the message is not one of
    /// this type, or the segment cannot be used.
    pub fn get_nowait(&self) -> Result<Received<'_, T>, GetError> {
        self.try_get()
    }

    /// Takes the oldest message, blocking for up to `timeout` while the queue is empty.
    ///
    /// # Errors
    /// [`GetError`]: the queue is empty, was shut down and is drained, the message is not one of
    /// this type, or the segment cannot be used.
    pub fn get_timeout(&self, timeout: Duration) -> Result<Received<'_, T>, GetError> {
        self.get_block(Until::after(timeout)).and_then(|held| Received::checked(&self.shared, held))
    }

    /// Takes the oldest message, blocking until `deadline` while the queue is empty.
    ///
    /// # Errors
    /// [`GetError`]: the queue is empty, was shut down and is drained, the message is not one of
    /// this type, or the segment cannot be used.
    pub fn get_deadline(&self, deadline: Instant) -> Result<Received<'_, T>, GetError> {
        self.get_block(Until::At(deadline.into()))
            .and_then(|held| Received::checked(&self.shared, held))
    }

    /// Takes the oldest message, blocking while the queue is empty, without checking its bytes.
    ///
    /// # Safety
    /// Every participant puts only whole values of `T` as this program archives it: none uses
    /// `put_bytes` or `loan` on this queue for anything else, and none writes to the segment by
    /// other means.
    ///
    /// # Errors
    /// [`GetError`]: the queue is empty, was shut down and is drained, the message is not one of
    /// this type, or the segment cannot be used.
    pub unsafe fn get_unchecked(&self) -> Result<Received<'_, T>, GetError> {
        let block = self.get_block(Until::Forever)?;
        // SAFETY: the caller vouches for what was put.
        unsafe { Received::unchecked(&self.shared, block) }
    }

    /// Iterates over messages until the queue is shut down and drained, blocking for each. A
    /// [`SegmentError`](crate::SegmentError) is the last item.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { queue: self, ended: false }
    }

    #[inline]
    pub(super) fn encode(
        &self,
        value: &T,
        until: Until,
    ) -> Result<(OwnedBlock<'_>, Inside<'_>), Stop> {
        let Shared { channel, last_size, is_nested, .. } = &*self.shared;
        let mut inside = channel.attachment().enter()?;
        let least = size_of::<T::Archived>();
        let guess = last_size.load(Relaxed); // a guess
        let guessed = (guess > least).then(|| self.shared.take(inside, guess, Until::Now));
        let guessed = guessed.and_then(Result::ok);
        let mut taken = guessed.map_or_else(|| self.shared.take(inside, least, until), Ok);
        loop {
            let mut block = taken?;
            let place = block.room();
            let available = place.len();
            let needed = message::encode(value, place, *is_nested).map_err(Stop::Encode)?;
            inside = channel.attachment().enter()?; // the value's own code may have forked
            if needed <= available && needed as u64 <= self.max_message() {
                block.set_length(needed);
                if needed != guess {
                    last_size.store(needed, Relaxed); // a guess
                }
                return Ok((block, inside));
            }
            drop(block);
            taken = self.shared.take(inside, needed, until);
        }
    }
}
