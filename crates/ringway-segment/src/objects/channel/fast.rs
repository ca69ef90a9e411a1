//! The ways that nearly every put, get and release goes: no edge, no other thread in between, and a
//! block at hand. Where one ends, the caller takes the way of [`Channel`] that looks closer.

use ringway_core::owned::Owned;
use ringway_core::store;

use super::{Channel, OwnedBlock, owned_block};
use crate::attachment::Inside;

impl Channel {
    /// A free block of a class from those that this process has at hand.
    #[inline(always)]
    pub fn take_at_hand(&self, _inside: Inside<'_>, class: u8) -> Option<OwnedBlock<'_>> {
        let parts = self.parts.class_parts(class);
        Some(OwnedBlock::new(self, parts.local.take()?))
    }

    /// Puts bytes by the way that nearly every put goes: a block is at hand, and there is a place.
    ///
    /// # Errors
    /// When a closer look is needed; with the block that holds the message, if there is one.
    #[inline(always)]
    pub fn put_fast(
        &self,
        inside: Inside<'_>,
        message: &[u8],
    ) -> Result<(), Option<OwnedBlock<'_>>> {
        let ring = self.ring();
        let opening = ring.opening(&self.hints).ok_or(None)?;
        let parts = self.parts.class_parts(self.class_for(message.len()).ok_or(None)?);
        let owned = parts.local.take().ok_or(None)?;
        // SAFETY: a block of this class, which is ours. Nothing refers to its bytes yet.
        let place = unsafe { parts.place_of_own(&owned) };
        // SAFETY: as above.
        unsafe { owned_block::write(place, message) };
        match ring.push_into(opening, inside.me(), owned, &place.0.state, &self.hints) {
            Ok(()) => {
                self.not_empty().announce(1);
                Ok(())
            }
            Err(owned) => Err(Some(OwnedBlock::new(self, owned))),
        }
    }

    /// Publishes a block by the way that nearly every put goes.
    ///
    /// # Errors
    /// The block, when [`push`](Self::push) has to look closer.
    #[inline(always)]
    pub fn push_fast<'c>(
        &'c self,
        inside: Inside<'_>,
        held: OwnedBlock<'c>,
    ) -> Result<(), OwnedBlock<'c>> {
        let pushed = self.ring().push_fast(inside.me(), held.into_owned(), &self.hints);
        match pushed {
            Ok(()) => {
                self.not_empty().announce(1);
                Ok(())
            }
            Err(owned) => Err(OwnedBlock::new(self, owned)),
        }
    }

    /// Claims the oldest message by the way that nearly every get goes, if
    /// [`is_plain`](Self::is_plain). `None` says that [`claim`](Self::claim) has to look closer.
    #[inline(always)]
    pub fn claim_fast(&self, inside: Inside<'_>) -> Option<OwnedBlock<'_>> {
        let owned = self.ring().claim_fast(inside.me(), &self.hints)?;
        self.not_full().announce(1);
        Some(OwnedBlock::new(self, owned))
    }

    /// Gives a block back that a user had. Not inlined, so that guards stay in registers.
    #[inline(never)]
    pub(super) fn take_back(&self, owned: Owned) {
        if self.lent.first_takes_back() {
            self.give_back(owned);
        } else {
            self.take_back_slowly(owned);
        }
    }

    #[inline(never)]
    fn take_back_slowly(&self, owned: Owned) {
        self.lent.take_back(1);
        self.give_back(owned);
    }

    /// Gives a block back. In a forked child, which has a copy of the handle, nothing is done: the
    /// block is its parent's.
    #[inline(always)]
    pub(super) fn give_back(&self, owned: Owned) {
        if let Ok(inside) = self.attachment().enter()
            && let Err(owned) = self.release_fast(inside, owned)
        {
            self.give_back_slowly(owned);
        }
    }

    #[inline(never)]
    fn give_back_slowly(&self, owned: Owned) {
        if let Ok(inside) = self.attachment().enter() {
            // A block that a damaged ring does not take stays ours until we leave.
            let _ = self.release(inside, owned);
        }
    }

    /// Gives a block back by the way that nearly every block goes: it stays at hand.
    ///
    /// # Errors
    /// The block, when [`release`](Self::release) has to do more.
    #[inline(always)]
    fn release_fast(&self, inside: Inside<'_>, owned: Owned) -> Result<(), Owned> {
        let parts = self.parts.class_of(owned.block());
        // SAFETY: a block of this queue, since its rings and stores are all that give blocks out.
        let (descriptor, ..) = unsafe { parts.place_of_own(&owned) };
        if !store::end_new_message(&descriptor.state, inside.me())
            || parts.freed().count().has_sleepers()
        {
            return Err(owned);
        }
        parts.local.keep_by_first(owned, parts.keep)
    }
}
