//! Reclaiming: blocks whose owner is gone go back to the ring of free blocks.
//!
//! Each step is one CAS of a state word, so a reclaimer may die anywhere, and two at once share the
//! work block by block. The words are those that a [`Judge`](crate::membership::Judge) condemned:
//! no living owner can have written them again.

use super::{Store, StoreCells};
use crate::block::Block;
use crate::corruption::Corruption;
use crate::owned::Owned;
use crate::owner::Owner;
use crate::position::Position;
use crate::state::{Lane, State};
use crate::word::{
    Ordering::{AcqRel, Acquire},
    Word,
};

impl<C: StoreCells> Store<'_, C> {
    /// Gives back all blocks whose state `condemn` returns, as a word of an owner who is gone;
    /// returns how many went back. `is_queued` tells whether the ring of a lane other than the free
    /// one names a block at a position. `lost` is called for each block that held a message which
    /// was taken and not released, and `again` for each one that was on its way back to the ring of
    /// returned messages: it is ours now, and to be pushed there.
    ///
    /// # Errors
    /// [`Corruption`] of the ring of free blocks. The rest of the blocks stays with the gone.
    pub fn reclaim(
        &self,
        condemn: impl Fn(&C::Word) -> Option<u64>,
        is_queued: impl Fn(Lane, Position, Block) -> bool,
        mut lost: impl FnMut(Block),
        mut again: impl FnMut(Owned) -> Result<(), Corruption>,
    ) -> Result<u64, Corruption> {
        let mut blocks = 0;
        for index in 0..self.backed() {
            let block = self.block(index);
            let Some(state) = self.ring.cells().state_of_own(block) else { continue };
            let Some(word) = condemn(state) else { continue };
            let (position, was_taken) = match State::unpack(word) {
                Some(State::Held { lane, position, .. }) => (position, lane != Lane::Free),
                // The state was read before the slot. If the slot names the block it is published;
                // if not, and the word still stands at the CAS, then it never was, and its owner
                // cannot do it any more. This arm and the next.
                //
                // Here it holds a message that was being put back. The word stays that of one on
                // its way, so that nothing is lost if we die here, too. The position stays as
                // well: it is known that its slot does not name the block.
                Some(State::Queued { lane: Lane::Returned, position, .. }) => {
                    if !is_queued(Lane::Returned, position, block) {
                        let owner = self.me;
                        let mine = State::Queued { lane: Lane::Returned, owner, position }.pack();
                        let is_ours = word == mine || {
                            // own: as below
                            state.compare_exchange(word, mine, AcqRel, Acquire).is_ok()
                        };
                        if is_ours {
                            again(Owned::new(block))?;
                            blocks += 1;
                        }
                    }
                    continue;
                }
                Some(State::Queued { lane, position, .. })
                    if !self.names(lane, position, block, &is_queued) =>
                {
                    (position, false)
                }
                _ => continue,
            };
            let mine = State::Held { lane: Lane::Free, owner: self.me, position }.pack();
            // own: from here on the block is ours, and a second reclaimer lets it be.
            if word != mine && state.compare_exchange(word, mine, AcqRel, Acquire).is_err() {
                continue;
            }
            if was_taken {
                lost(block);
            }
            self.give_back(Owned::new(block))?;
            blocks += 1;
        }
        Ok(blocks)
    }

    /// Gives back all blocks that this participant still owns, of handles that are gone: guards and
    /// loans that were forgotten. `lost` and `again` are called as in
    /// [`reclaim`](Self::reclaim).
    ///
    /// # Errors
    /// As of [`reclaim`](Self::reclaim).
    pub fn give_up(
        &self,
        is_queued: impl Fn(Lane, Position, Block) -> bool,
        lost: impl FnMut(Block),
        again: impl FnMut(Owned) -> Result<(), Corruption>,
    ) -> Result<u64, Corruption> {
        let own = |state: &C::Word| {
            let word = state.load(Acquire); // ours, or compared only
            (owner_of(word) == Some(self.me)).then_some(word)
        };
        self.reclaim(own, is_queued, lost, again)
    }

    fn names(
        &self,
        lane: Lane,
        position: Position,
        block: Block,
        is_queued: impl Fn(Lane, Position, Block) -> bool,
    ) -> bool {
        match lane {
            Lane::Free => self.ring.is_published(position, block),
            other => is_queued(other, position, block),
        }
    }
}

/// The owner that a state word names.
#[inline]
pub fn owner_of(word: u64) -> Option<Owner> {
    match State::unpack(word)? {
        State::Fresh => None,
        State::Held { owner, .. } | State::Queued { owner, .. } => Some(owner),
    }
}
