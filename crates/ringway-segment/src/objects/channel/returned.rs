//! Messages that were taken and put back: a ring of their own, which every get looks at first.
//!
//! A queue has it by an option at creation. It has a slot for each block, so it is never full, and
//! what is in it takes no place of `maxsize`. It is never closed: a queue that was shut down is
//! drained when the ring of messages is closed and this one is empty.

use core::sync::atomic::Ordering::SeqCst;

use ringway_core::corruption::Corruption;
use ringway_core::lanes::Returned;
use ringway_core::ring::ClaimEnd;

use super::layout::FLAG_RETURNED;
use super::{Channel, OwnedBlock, OwnedBlocks};
use crate::attachment::Inside;
use crate::error::SegmentError;

/// Why a message could not be put back; it is still the caller's.
#[derive(Debug)]
pub enum Unreturned {
    /// The queue was made without that.
    NotMade,
    /// A word is damaged, or there is no memory for the ring.
    Segment(SegmentError),
}

impl Channel {
    /// Whether there may be a returned message, by one look at a word, and one at a slot if a
    /// message was ever put back.
    #[inline(never)]
    pub(super) fn may_have_returned(&self) -> bool {
        // Damage is met by the claim.
        self.parts
            .returned(self.segment())
            .is_some_and(|ring| !ring.seems_empty(&self.returned_hints).unwrap_or(false))
    }

    /// Claims the message that came back first, or else the oldest new one.
    #[inline(never)]
    pub(super) fn claim_one_of_both(
        &self,
        inside: Inside<'_>,
    ) -> Result<Result<OwnedBlock<'_>, ClaimEnd>, SegmentError> {
        let mut one = OwnedBlocks::new(self);
        let end = self.claim_of_both(inside, &mut one, 1)?;
        Ok(one.pop_front().ok_or(end))
    }

    /// Claims messages that came back, and then new ones; at most `max` in all. That there are none
    /// was true at one instant.
    #[inline(never)]
    pub(super) fn claim_of_both(
        &self,
        inside: Inside<'_>,
        batch: &mut OwnedBlocks<'_>,
        max: usize,
    ) -> Result<ClaimEnd, SegmentError> {
        let returned =
            Returned { ring: || self.parts.returned(self.segment()), hints: &*self.returned_hints };
        returned.claim_both(inside.me(), batch.owned(), max, |batch, max| {
            self.claim_new(inside, batch, max)
        })
    }

    /// Claims returned messages, at most `max`; returns how many.
    pub(super) fn claim_returned(
        &self,
        inside: Inside<'_>,
        batch: &mut OwnedBlocks<'_>,
        max: usize,
    ) -> Result<usize, SegmentError> {
        let Some(ring) = self.parts.returned(self.segment()) else { return Ok(0) };
        let before = batch.len();
        ring.claim(inside.me(), batch.owned(), max, &self.returned_hints)?;
        Ok(batch.len() - before)
    }

    /// Puts a message back that was taken, and wakes a caller that waits for one. If the queue was
    /// shut down at once, it is dropped.
    ///
    /// # Errors
    /// The message, and why.
    pub fn put_back<'c>(
        &'c self,
        inside: Inside<'_>,
        held: OwnedBlock<'c>,
    ) -> Result<(), (OwnedBlock<'c>, Unreturned)> {
        let ring = match self.parts.returned_to_push(self.segment()) {
            Ok(Some(ring)) => ring,
            Ok(None) => return Err((held, Unreturned::NotMade)),
            Err(error) => return Err((held, Unreturned::Segment(error))),
        };
        // Getters look at this ring once the flag is there. One that saw no flag before this was
        // there before the message.
        if self.flags() & FLAG_RETURNED == 0 {
            self.words().flags.word.fetch_or(FLAG_RETURNED, SeqCst); // flags
        }
        let mut one = OwnedBlocks::new(self);
        let _ = one.push_back(held); // an empty batch has room
        let pushed = ring.push_all(inside.me(), one.owned(), &self.returned_hints);
        if let (Err(corruption), Some(held)) = (pushed, one.pop_front()) {
            return Err((held, unreturned(corruption)));
        }
        self.not_empty().announce(1);
        if self.is_immediate() {
            // It came after the others were dropped. If that fails, the next get does it.
            let _ = self.drop_what_is_left(inside);
        }
        Ok(())
    }

    /// Whether messages can be put back.
    #[inline(always)]
    pub fn returns(&self) -> bool {
        self.measures().returns
    }
}

#[cold]
fn unreturned(corruption: Corruption) -> Unreturned {
    Unreturned::Segment(corruption.into())
}
