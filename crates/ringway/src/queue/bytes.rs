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

/// Plain bytes. On a queue of a [`Message`](crate::Message) type they must be what rkyv makes of one, or the getter refuses them.
impl<T: Payload + ?Sized> Queue<T> {
    /// Puts a message of bytes, waiting for a place. To pass an error on that borrows the bytes, see
    /// [`PutError::without_value`].
    ///
    /// # Errors
    /// [`PutError`] with the bytes in it.
    pub fn put_bytes<B: AsRef<[u8]>>(&self, bytes: B) -> Result<(), PutError<B>> {
        self.put_bytes_until(bytes, Until::Forever)
    }

    /// Puts a message of bytes if there is a place.
    ///
    /// # Errors
    /// [`PutError`] with the bytes in it.
    pub fn try_put_bytes<B: AsRef<[u8]>>(&self, bytes: B) -> Result<(), PutError<B>> {
        self.put_bytes_until(bytes, Until::Now)
    }

    /// Puts a message of bytes, waiting for a place at most so long.
    ///
    /// # Errors
    /// [`PutError`] with the bytes in it.
    pub fn put_bytes_timeout<B: AsRef<[u8]>>(
        &self,
        bytes: B,
        timeout: Duration,
    ) -> Result<(), PutError<B>> {
        self.put_bytes_until(bytes, Until::after(timeout))
    }

    /// Puts a message of bytes, waiting for a place until then.
    ///
    /// # Errors
    /// [`PutError`] with the bytes in it.
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
        match self.send_bytes(message, until) {
            Ok(()) => Ok(()),
            Err(stop) => Err(self.shared.give_back(stop, bytes)),
        }
    }

    #[inline(always)]
    fn send_bytes(&self, message: &[u8], until: Until) -> Result<(), Stop> {
        let inside = self.shared.may_put(until)?;
        let held = self.fill(inside, message, until)?;
        match self.shared.channel.push_fast(inside, held) {
            Ok(()) => Ok(()),
            Err(held) => {
                let again = &mut |inside| self.fill(inside, message, until);
                self.shared.put_slowly(held, until, again)
            }
        }
    }

    /// Takes the oldest message as bytes, waiting for one.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_bytes(&self) -> Result<ReceivedBytes<'_>, GetError> {
        self.get_block(Until::Forever).map(ReceivedBytes::new)
    }

    /// Takes the oldest message as bytes, if there is one.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn try_get_bytes(&self) -> Result<ReceivedBytes<'_>, GetError> {
        self.get_block(Until::Now).map(ReceivedBytes::new)
    }

    /// Takes the oldest message as bytes, waiting for one at most so long.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_bytes_timeout(&self, timeout: Duration) -> Result<ReceivedBytes<'_>, GetError> {
        self.get_block(Until::after(timeout)).map(ReceivedBytes::new)
    }

    /// Takes the oldest message as bytes, waiting for one until then.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_bytes_deadline(&self, deadline: Instant) -> Result<ReceivedBytes<'_>, GetError> {
        self.get_block(Until::At(deadline.into())).map(ReceivedBytes::new)
    }

    /// Memory for a message of so many bytes, to be written and sent. What is in it at first is left over.
    ///
    /// It waits for a free block, not for a place; there are more blocks than places.
    ///
    /// # Errors
    /// [`PutError`]: too large, shut down, or no free block.
    pub fn loan(&self, bytes: usize) -> Result<Loan<'_>, PutError<()>> {
        self.loan_until(bytes, Until::Forever)
    }

    /// Memory for a message of so many bytes, if there is a free block.
    ///
    /// # Errors
    /// [`PutError`].
    pub fn try_loan(&self, bytes: usize) -> Result<Loan<'_>, PutError<()>> {
        self.loan_until(bytes, Until::Now)
    }

    /// Memory for a message of so many bytes, waiting for a free block at most so long.
    ///
    /// # Errors
    /// [`PutError`].
    pub fn loan_timeout(&self, bytes: usize, timeout: Duration) -> Result<Loan<'_>, PutError<()>> {
        self.loan_until(bytes, Until::after(timeout))
    }

    /// Memory for a message of so many bytes, waiting for a free block until then.
    ///
    /// # Errors
    /// [`PutError`].
    pub fn loan_deadline(&self, bytes: usize, deadline: Instant) -> Result<Loan<'_>, PutError<()>> {
        self.loan_until(bytes, Until::At(deadline.into()))
    }

    fn loan_until(&self, bytes: usize, until: Until) -> Result<Loan<'_>, PutError<()>> {
        match self.may_loan().and_then(|inside| self.shared.take(inside, bytes, until)) {
            Ok(held) => Ok(Loan::new(&self.shared, held, bytes)),
            Err(stop) => Err(self.shared.give_back(stop, ())),
        }
    }

    /// Who is told only by `send` has filled it for nothing.
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
