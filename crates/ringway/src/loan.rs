//! A loan: memory of the queue that the caller fills and then sends, without a copy.

use core::fmt;
use core::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use ringway_segment::objects::channel::{Guard, OwnedBlock};
use ringway_segment::waiting::Until;

use crate::error::PutError;
use crate::queue::shared::Shared;

/// A message that is being made in place. Dropping it gives the memory back; [`Loan::send`] puts it
/// into the queue.
///
/// Its bytes are at first what earlier messages of this queue left there, so that large loans cost
/// no more than small ones: write them all, or [`truncate`](Loan::truncate) it to those that were
/// written, or `fill(0)` it.
///
/// A participant may hold as many loans and received messages at once as the queue's option `loans`
/// says without delaying anybody.
///
/// ```
/// # use ringway::{Place, PutError, Queue};
/// let queue = Queue::<[u8]>::options().maxsize(4).create(Place::Heap)?;
/// let mut loan = queue.loan(3)?;
/// loan.copy_from_slice(b"abc");
/// loan.send().map_err(PutError::without_value)?;
/// assert_eq!(&*queue.get_bytes()?, b"abc");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a loan that is dropped sends nothing"]
pub struct Loan<'q> {
    shared: &'q Shared,
    block: Guard<'q>,
    length: usize,
}

impl<'q> Loan<'q> {
    pub(crate) fn new(shared: &'q Shared, mut block: OwnedBlock<'q>, length: usize) -> Self {
        block.set_length(length);
        Self { shared, block: Guard::new(block), length }
    }

    /// Makes the message shorter. A longer one than was asked for is cut to that.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
        self.block.set_length(self.length);
    }

    /// Puts the message, waiting for a place.
    ///
    /// # Errors
    /// [`PutError`] with the loan in it.
    pub fn send(self) -> Result<(), PutError<Self>> {
        self.send_until(Until::Forever)
    }

    /// Puts the message if there is a place.
    ///
    /// # Errors
    /// [`PutError`] with the loan in it.
    pub fn try_send(self) -> Result<(), PutError<Self>> {
        self.send_until(Until::Now)
    }

    /// Sends the message, blocking for up to `timeout` while the queue is full.
    ///
    /// # Errors
    /// [`PutError`] with the loan in it.
    pub fn send_timeout(self, timeout: Duration) -> Result<(), PutError<Self>> {
        self.send_until(Until::after(timeout))
    }

    /// Puts the message, waiting for a place until then.
    ///
    /// # Errors
    /// [`PutError`] with the loan in it.
    pub fn send_deadline(self, deadline: Instant) -> Result<(), PutError<Self>> {
        self.send_until(Until::At(deadline.into()))
    }

    fn send_until(self, until: Until) -> Result<(), PutError<Self>> {
        let Self { shared, block, length } = self;
        match shared.send_loan(block.into_held(), until) {
            Ok(()) => Ok(()),
            Err((held, stop)) => {
                let block = Guard::new(held);
                Err(shared.give_back(stop, Self { shared, block, length }))
            }
        }
    }
}

impl Deref for Loan<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.block.bytes()
    }
}

impl DerefMut for Loan<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.block.filled(self.length)
    }
}

impl fmt::Debug for Loan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loan({} bytes of {})", self.length, self.shared.label())
    }
}
