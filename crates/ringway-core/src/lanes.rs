//! Two rings that are read as one: what was put back comes first, then what is new.

use crate::corruption::Corruption;
use crate::owned::Batch;
use crate::owner::Owner;
use crate::position::Position;
use crate::ring::{Cells, ClaimEnd, Hints, Ring};

/// A ring of returned messages that may not be there yet: it gets its memory with the first message
/// that is put back.
pub struct Returned<'r, C: Cells, F: Fn() -> Option<Ring<C>>> {
    /// Looks for it.
    pub ring: F,
    /// What this process remembers of it.
    pub hints: &'r Hints<C::Word>,
}

/// Where a ring of returned messages had nothing to claim.
enum EmptyAt {
    /// It was not there.
    NoRing,
    /// This position was not filled, and all before it were claimed.
    Position(Position),
}

impl<C: Cells, F: Fn() -> Option<Ring<C>>> Returned<'_, C, F> {
    /// Claims messages that came back, and then new ones, at most `max` in all. `claim_new` claims
    /// new ones, at most as many as it is told, and returns why it stopped.
    ///
    /// That there are none was true at one instant: no message was returned, then there was no new
    /// one, and then the same position of the ring of returned ones was still not filled. Positions
    /// only grow, so it was not filled when there was no new one. It has to be the same position: a
    /// later one may be free because another thread has taken what came back meanwhile.
    ///
    /// # Errors
    /// [`Corruption`], and those of `claim_new`; what was claimed before is in the batch.
    #[inline]
    pub fn claim_both<E: From<Corruption>>(
        &self,
        me: Owner,
        batch: &mut Batch,
        max: usize,
        mut claim_new: impl FnMut(&mut Batch, usize) -> Result<ClaimEnd, E>,
    ) -> Result<ClaimEnd, E> {
        loop {
            let before = batch.len();
            let empty_at = self.claim(me, batch, max)?;
            let end = claim_new(batch, max - (batch.len() - before))?;
            if max == 0 || !batch.is_empty() || self.is_still_empty(empty_at) {
                return Ok(end);
            }
        }
    }

    /// Claims messages that came back; returns where there was none, if that is where it stopped.
    fn claim(
        &self,
        me: Owner,
        batch: &mut Batch,
        max: usize,
    ) -> Result<Option<EmptyAt>, Corruption> {
        let Some(ring) = (self.ring)() else { return Ok(Some(EmptyAt::NoRing)) };
        match ring.claim(me, batch, max, self.hints)? {
            ClaimEnd::More => Ok(None),
            _ => Ok(ring.empty_at(self.hints)?.map(EmptyAt::Position)),
        }
    }

    fn is_still_empty(&self, empty_at: Option<EmptyAt>) -> bool {
        match (empty_at, (self.ring)()) {
            (Some(EmptyAt::NoRing), ring) => ring.is_none(),
            (Some(EmptyAt::Position(position)), Some(ring)) => ring.is_free(position),
            _ => false,
        }
    }
}
