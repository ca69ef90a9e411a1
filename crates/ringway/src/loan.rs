//! A loan: memory of the queue that the caller fills and then sends, without a copy.

use core::fmt;
use core::ops::{Deref, DerefMut};
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringway_segment::objects::channel::{Guard, OwnedBlock};
use ringway_segment::waiting::Until;

use crate::error::PutError;
use crate::maybe_owned::MaybeOwned;
use crate::queue::shared::Shared;

/// A message that is being made in place. Dropping it gives the memory back; [`Loan::send`] puts it
/// into the queue.
///
/// Its bytes are at first what earlier messages of this queue left there, so that large loans cost
/// no more than small ones: write them all, or [`truncate`](Loan::truncate) it to those that were
/// written, or `fill(0)` it.
///
/// A participant may hold as many loans and received messages at once as the queue's option `loans`
/// says without delaying anybody. A loan whose owner dies is given back; it was never sent.
///
/// ```
/// # use ringway::{Place, Queue};
/// let queue = Queue::<[u8]>::options().maxsize(4).create(Place::Heap)?;
/// let mut loan = queue.loan(3)?;
/// loan.copy_from_slice(b"abc");
/// loan.send()?;
/// assert_eq!(&*queue.get()?, b"abc");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a loan that is dropped sends nothing"]
pub struct Loan<'q> {
    block: Guard<'q>, // dropped before what keeps its queue
    shared: MaybeOwned<'q, Arc<Shared>>,
    length: usize,
}

impl UnwindSafe for Loan<'_> {}
impl RefUnwindSafe for Loan<'_> {}

impl<'q> Loan<'q> {
    pub(crate) fn new(shared: &'q Arc<Shared>, mut block: OwnedBlock<'q>, length: usize) -> Self {
        block.set_length(length);
        Self { block: Guard::new(block), shared: MaybeOwned::Borrowed(shared), length }
    }

    /// The same loan with a handle of its own, which keeps the queue open: to be stored beside the
    /// queue, or moved into a thread or task.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<[u8]>::options().create(Place::Heap)?;
    /// let mut loan = queue.loan(1)?.into_owned();
    /// std::thread::spawn(move || {
    ///     loan[0] = 7;
    ///     loan.send()
    /// })
    /// .join()
    /// .unwrap()?;
    /// assert_eq!(*queue.get()?, [7]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_owned(self) -> Loan<'static> {
        let Self { block, shared, length } = self;
        let shared = shared.into_owned();
        // SAFETY: the handle keeps the queue for as long as the guard, which is dropped before it.
        Loan { block: unsafe { block.outlive() }, shared, length }
    }

    /// Makes the message shorter. A longer one than was asked for is cut to that.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
        self.block.set_length(self.length);
    }

    /// Puts the message, blocking while the queue is full.
    ///
    /// # Errors
    /// [`PutError`] with the loan in it.
    pub fn send(self) -> Result<(), PutError<Loan<'static>>> {
        self.send_until(Until::Forever)
    }

    /// Puts the message if the queue is not full at this instant.
    ///
    /// # Errors
    /// [`PutError`] with the loan in it.
    pub fn try_send(self) -> Result<(), PutError<Loan<'static>>> {
        self.send_until(Until::Now)
    }

    /// Puts the message, blocking for up to `timeout` while the queue is full.
    ///
    /// # Errors
    /// [`PutError`] with the loan in it.
    pub fn send_timeout(self, timeout: Duration) -> Result<(), PutError<Loan<'static>>> {
        self.send_until(Until::after(timeout))
    }

    /// Puts the message, blocking until `deadline` while the queue is full.
    ///
    /// # Errors
    /// [`PutError`] with the loan in it.
    pub fn send_deadline(self, deadline: Instant) -> Result<(), PutError<Loan<'static>>> {
        self.send_until(Until::At(deadline.into()))
    }

    fn send_until(self, until: Until) -> Result<(), PutError<Loan<'static>>> {
        let Self { block, shared, length } = self;
        match shared.send_loan(block.into_held(), until) {
            Ok(()) => Ok(()),
            Err((held, stop)) => {
                let block = Guard::new(held);
                let error = shared.give_back(stop, ());
                Err(error.with_value(Self { block, shared, length }.into_owned()))
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
