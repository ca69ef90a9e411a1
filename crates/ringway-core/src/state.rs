//! The state word of a block: who owns it, or where it is queued.

use crate::owner::Owner;
use crate::position::{POSITION_BITS, POSITION_MASK, Position};

/// Which kind of ring a state word speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Lane {
    /// The ring of messages.
    Messages = 0,
    /// The ring of free blocks of the block's own class.
    Free = 1,
    /// The ring of messages that were taken and put back.
    Returned = 2,
}

/// The state of a block, in one word: {kind: 2, lane: 2, owner: 16, position: 44}.
///
/// The word is the ownership: the atomic instruction that moves it moves the block. Zero is
/// [`State::Fresh`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Never used; anybody may claim it.
    Fresh,
    /// Owned by one participant. With [`Lane::Messages`] or [`Lane::Returned`] it holds a message
    /// taken at `position` of that ring and not released yet; with [`Lane::Free`] it is spare or
    /// being filled. The position keeps every such word unique for ever.
    Held {
        /// What is in it: a message that was taken, or nothing yet.
        lane: Lane,
        /// Who owns it.
        owner: Owner,
        /// Where it was last taken from or last offered to.
        position: Position,
    },
    /// In ring `lane` at `position`, if that slot names it; else still being put there by `owner`.
    Queued {
        /// The ring.
        lane: Lane,
        /// Who put it there.
        owner: Owner,
        /// The place.
        position: Position,
    },
}

const KIND_SHIFT: u32 = 62;
const LANE_SHIFT: u32 = 60;
const OWNER_SHIFT: u32 = POSITION_BITS;
const HELD: u64 = 1;
const QUEUED: u64 = 2;

impl State {
    /// The word for this state.
    #[inline(always)]
    pub const fn pack(self) -> u64 {
        let (kind, lane, owner, position) = match self {
            Self::Fresh => return 0,
            Self::Held { lane, owner, position } => (HELD, lane, owner, position),
            Self::Queued { lane, owner, position } => (QUEUED, lane, owner, position),
        };
        kind << KIND_SHIFT
            | (lane as u64) << LANE_SHIFT
            | (owner.bits() as u64) << OWNER_SHIFT
            | position.number()
    }

    /// The state that a word stands for; `None` for a word that nobody writes.
    #[inline(always)]
    pub const fn unpack(word: u64) -> Option<Self> {
        if word == 0 {
            return Some(Self::Fresh);
        }
        let lane = match word >> LANE_SHIFT & 3 {
            0 => Lane::Messages,
            1 => Lane::Free,
            2 => Lane::Returned,
            _ => return None,
        };
        let owner = Owner::from_bits((word >> OWNER_SHIFT) as u16);
        let position = Position::new(word & POSITION_MASK);
        match word >> KIND_SHIFT {
            HELD => Some(Self::Held { lane, owner, position }),
            QUEUED => Some(Self::Queued { lane, owner, position }),
            _ => None,
        }
    }

    /// What the word of a block that `me` owns becomes when the block holds no message any more:
    /// the same position in the free lane. `None` if it is not the word of such a block.
    #[inline(always)]
    pub(crate) const fn without_message(word: u64, me: Owner) -> Option<u64> {
        const LANE_MASK: u64 = 3 << LANE_SHIFT;
        let not_ours = word & !LANE_MASK ^ (HELD << KIND_SHIFT | (me.bits() as u64) << OWNER_SHIFT);
        if not_ours > POSITION_MASK || word & LANE_MASK > (Lane::Returned as u64) << LANE_SHIFT {
            return None;
        }
        Some(word & !LANE_MASK | (Lane::Free as u64) << LANE_SHIFT)
    }

    /// The same, but only for a message that was taken for the first time.
    #[inline(always)]
    pub(crate) const fn without_new_message(word: u64, me: Owner) -> Option<u64> {
        let taken = HELD << (KIND_SHIFT - OWNER_SHIFT) | me.bits() as u64; // lane 0
        if word >> OWNER_SHIFT != taken {
            return None;
        }
        Some(word | (Lane::Free as u64) << LANE_SHIFT)
    }

    /// Whether the word says "queued in `lane` at `position`", by whomever.
    #[inline(always)]
    pub(crate) const fn is_queued_at(word: u64, lane: Lane, position: Position) -> bool {
        const OWNER_MASK: u64 = 0xffff << OWNER_SHIFT;
        word & !OWNER_MASK == QUEUED << KIND_SHIFT | (lane as u64) << LANE_SHIFT | position.number()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_words_round_trip() {
        let owner = Owner::new(255, 254);
        let position = Position::new(POSITION_MASK - 1);
        for lane in [Lane::Messages, Lane::Free, Lane::Returned] {
            for state in [
                State::Held { lane, owner, position },
                State::Queued { lane, owner, position },
                State::Fresh,
            ] {
                assert_eq!(State::unpack(state.pack()), Some(state));
            }
            let queued = State::Queued { lane, owner, position }.pack();
            assert!(State::is_queued_at(queued, lane, position));
            assert!(!State::is_queued_at(queued, lane, position.plus(1)));
            assert!(!State::is_queued_at(
                State::Held { lane, owner, position }.pack(),
                lane,
                position
            ));
        }
    }

    #[test]
    fn only_a_block_of_ones_own_loses_its_message() {
        let (me, position) = (Owner::new(3, 200), Position::new(POSITION_MASK));
        let free = State::Held { lane: Lane::Free, owner: me, position }.pack();
        let message = State::Held { lane: Lane::Messages, owner: me, position }.pack();
        assert_eq!(State::without_message(message, me), Some(free));
        assert_eq!(State::without_message(free, me), Some(free));
        assert_eq!(State::without_message(message, Owner::new(3, 201)), None);
        let queued = State::Queued { lane: Lane::Messages, owner: me, position }.pack();
        assert_eq!(State::without_message(queued, me), None);
        let returned = State::Held { lane: Lane::Returned, owner: me, position }.pack();
        assert_eq!(State::without_message(returned, me), Some(free));
        assert_eq!(State::without_message(message | 3 << LANE_SHIFT, me), None);
        assert_eq!(State::without_message(0, Owner::new(0, 0)), None);
        assert_eq!(State::without_new_message(message, me), Some(free));
        assert_eq!(State::without_new_message(message, Owner::new(3, 201)), None);
        for other in [free, queued, returned, message | 3 << LANE_SHIFT, 0] {
            assert_eq!(State::without_new_message(other, me), None);
        }
    }

    #[test]
    fn words_that_nobody_writes_are_refused() {
        assert_eq!(State::unpack(3 << KIND_SHIFT), None);
        assert_eq!(State::unpack(1), None);
        assert_eq!(State::unpack(HELD << KIND_SHIFT | 3 << LANE_SHIFT), None);
    }
}
