//! Messages of plain bytes, and memory to fill in place.

use std::time::{Duration, Instant};

use ringway_segment::attachment::Inside;
use ringway_segment::objects::channel::OwnedBlock;
use ringway_segment::waiting::Until;

use super::Queue;
use super::shared::Stop;
use crate::error::{GetError, PutError};
use crate::loan::Loan;
use crate::message::Payload;
use crate::received::ReceivedBytes;

/// Plain bytes. On a queue of a [`Message`](crate::Message) type they must be what rkyv makes of
/// one, or the getter refuses them.
impl<T: Payload + ?Sized> Queue<T> {
    /// Puts `bytes` as one message, blocking while the queue is full.
    ///
    /// A get wakes one blocked put, and so does the recovery of a dead participant. When this
    /// returns the message is in shared memory, and outlives this process. To pass on an error that
    /// borrows the bytes, see [`PutError::without_value`].
    ///
    /// # Errors
    /// [`PutError`] with the bytes in it: the queue is full or was shut down, the message is too
    /// large, no block is free, or the segment cannot be used.
    pub fn put_bytes<B: AsRef<[u8]>>(&self, bytes: B) -> Result<(), PutError<B>> {
        self.put_bytes_until(bytes, Until::Forever)
    }

    /// Puts `bytes` as one message if the queue is not full at this instant.
    ///
    /// # Errors
    /// [`PutError`] with the bytes in it: the queue is full or was shut down, the message is too
    /// large, no block is free, or the segment cannot be used.
    pub fn try_put_bytes<B: AsRef<[u8]>>(&self, bytes: B) -> Result<(), PutError<B>> {
        self.put_bytes_until(bytes, Until::Now)
    }

    /// Puts `bytes` as one message, blocking for up to `timeout` while the queue is full.
    ///
    /// # Errors
    /// [`PutError`] with the bytes in it: the queue is full or was shut down, the message is too
    /// large, no block is free, or the segment cannot be used.
    pub fn put_bytes_timeout<B: AsRef<[u8]>>(
        &self,
        bytes: B,
        timeout: Duration,
    ) -> Result<(), PutError<B>> {
        self.put_bytes_until(bytes, Until::after(timeout))
    }

    /// Puts `bytes` as one message, blocking until `deadline` while the queue is full.
    ///
    /// # Errors
    /// [`PutError`] with the bytes in it: the queue is full or was shut down, the message is too
    /// large, no block is free, or the segment cannot be used.
    pub fn put_bytes_deadline<B: AsRef<[u8]>>(
        &self,
        bytes: B,
        deadline: Instant,
    ) -> Result<(), PutError<B>> {
        self.put_bytes_until(bytes, Until::At(deadline.into()))
    }

    #[inline]
    fn put_bytes_until<B: AsRef<[u8]>>(&self, bytes: B, until: Until) -> Result<(), PutError<B>> {
        let message = bytes.as_ref(); // its code may fork, and so comes first
        match self.shared.put_fast(message) {
            Ok(()) => Ok(()),
            Err(held) => match self.send_slowly(held, message, until) {
                Ok(()) => Ok(()),
                Err(stop) => Err(self.shared.give_back(stop, bytes)),
            },
        }
    }

    #[inline(never)]
    fn send_slowly<'s>(
        &'s self,
        held: Option<OwnedBlock<'s>>,
        message: &[u8],
        until: Until,
    ) -> Result<(), Stop> {
        let held = match held {
            Some(held) => held,
            None => {
                let inside = self.shared.may_put(until)?;
                let held = self.fill(inside, message, until)?;
                match self.shared.channel.push_fast(inside, held) {
                    Ok(()) => return Ok(()),
                    Err(held) => held,
                }
            }
        };
        let again = &mut |inside| self.fill(inside, message, until);
        self.shared.put_slowly(held, until, again)
    }

    /// Takes the oldest message as bytes, blocking while the queue is empty. A put wakes one
    /// blocked get.
    ///
    /// # Errors
    /// [`GetError`]: the queue is empty, was shut down and is drained, or the segment cannot be
    /// used.
    pub fn get_bytes(&self) -> Result<ReceivedBytes<'_>, GetError> {
        self.get_block(Until::Forever).map(ReceivedBytes::new)
    }

    /// Takes the oldest message as bytes, if there is one at this instant.
    ///
    /// # Errors
    /// [`GetError`]: the queue is empty, was shut down and is drained, or the segment cannot be
    /// used.
    pub fn try_get_bytes(&self) -> Result<ReceivedBytes<'_>, GetError> {
        self.get_block(Until::Now).map(ReceivedBytes::new)
    }

    /// Takes the oldest message as bytes, blocking for up to `timeout` while the queue is empty.
    ///
    /// # Errors
    /// [`GetError`]: the queue is empty, was shut down and is drained, or the segment cannot be
    /// used.
    pub fn get_bytes_timeout(&self, timeout: Duration) -> Result<ReceivedBytes<'_>, GetError> {
        self.get_block(Until::after(timeout)).map(ReceivedBytes::new)
    }

    /// Takes the oldest message as bytes, blocking until `deadline` while the queue is empty.
    ///
    /// # Errors
    /// [`GetError`]: the queue is empty, was shut down and is drained, or the segment cannot be
    /// used.
    pub fn get_bytes_deadline(&self, deadline: Instant) -> Result<ReceivedBytes<'_>, GetError> {
        self.get_block(Until::At(deadline.into())).map(ReceivedBytes::new)
    }

    /// Borrows a block of `bytes` bytes to fill in place and send. Its initial contents are
    /// unspecified.
    ///
    /// Blocks while there is no free block; there are more blocks than places, so a full queue
    /// still lends. A release by any participant wakes one blocked loan.
    ///
    /// # Errors
    /// [`PutError`]: too large, shut down, or no free block.
    pub fn loan(&self, bytes: usize) -> Result<Loan<'_>, PutError<()>> {
        self.loan_until(bytes, Until::Forever)
    }

    /// Borrows a block of `bytes` bytes, if one is free at this instant. See [`loan`](Self::loan).
    ///
    /// # Errors
    /// As of [`loan`](Self::loan).
    pub fn try_loan(&self, bytes: usize) -> Result<Loan<'_>, PutError<()>> {
        self.loan_until(bytes, Until::Now)
    }

    /// Borrows a block of `bytes` bytes, blocking for up to `timeout` while none is free. See
    /// [`loan`](Self::loan).
    ///
    /// # Errors
    /// As of [`loan`](Self::loan).
    pub fn loan_timeout(&self, bytes: usize, timeout: Duration) -> Result<Loan<'_>, PutError<()>> {
        self.loan_until(bytes, Until::after(timeout))
    }

    /// Borrows a block of `bytes` bytes, blocking until `deadline` while none is free. See
    /// [`loan`](Self::loan).
    ///
    /// # Errors
    /// As of [`loan`](Self::loan).
    pub fn loan_deadline(&self, bytes: usize, deadline: Instant) -> Result<Loan<'_>, PutError<()>> {
        self.loan_until(bytes, Until::At(deadline.into()))
    }

    fn loan_until(&self, bytes: usize, until: Until) -> Result<Loan<'_>, PutError<()>> {
        match self.may_loan().and_then(|inside| self.shared.take(inside, bytes, until)) {
            Ok(held) => Ok(Loan::new(&self.shared, held, bytes)),
            Err(stop) => Err(self.shared.give_back(stop, ())),
        }
    }

    /// A caller that learns it only from `send` has filled the loan for nothing.
    fn may_loan(&self) -> Result<Inside<'_>, Stop> {
        let channel = &self.shared.channel;
        let inside = channel.attachment().enter()?;
        if channel.seems_shut_down()? { Err(Stop::ShutDown) } else { Ok(inside) }
    }

    #[inline(always)]
    pub(super) fn fill(
        &self,
        inside: Inside<'_>,
        bytes: &[u8],
        until: Until,
    ) -> Result<OwnedBlock<'_>, Stop> {
        let mut block = self.shared.take(inside, bytes.len(), until)?;
        block.write(bytes);
        Ok(block)
    }
}
