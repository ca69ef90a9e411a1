//! Borrowing memory of a queue of bytes, to fill in place and send.

use std::time::{Duration, Instant};

use ringway_segment::waiting::Until;

use super::Queue;
use super::shared::Stop;
use crate::error::PutError;
use crate::loan::Loan;

/// Borrowing memory of a queue of bytes, to fill in place and send.
impl Queue<[u8]> {
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
        let channel = &self.shared.channel;
        let block = || {
            let inside = channel.attachment().enter()?;
            // A caller that learns it only from `send` has filled the loan for nothing.
            if channel.seems_shut_down()? {
                return Err(Stop::ShutDown);
            }
            self.shared.take(inside, bytes, until)
        };
        match block() {
            Ok(held) => Ok(Loan::new(&self.shared, held, bytes)),
            Err(stop) => Err(self.shared.give_back(stop, ())),
        }
    }
}
