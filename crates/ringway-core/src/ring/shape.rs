//! The measures of a ring, and its slot words.

use crate::block::{BLOCK_BITS, Block};
use crate::position::{POSITION_BITS, Position};

/// The measures of a ring.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    slots_log2: u32,
    index_mask: u64,
    turn_mask: u64,
    limit: u64,
}

impl Shape {
    /// A ring for at most `limit` blocks, in at least `spare` slots more than that (1 leaves room
    /// for the mark of `shutdown`) and at least `slots_min` in all.
    pub const fn new(limit: u64, spare: u64, slots_min: u64) -> Self {
        let wanted = if limit + spare > slots_min { limit + spare } else { slots_min };
        let slots_log2 = wanted.next_power_of_two().trailing_zeros();
        let turns = POSITION_BITS - slots_log2;
        let room = 64 - BLOCK_BITS;
        let turn_mask = (1 << if turns < room { turns } else { room }) - 1;
        Self { slots_log2, index_mask: (1 << slots_log2) - 1, turn_mask, limit }
    }
    /// Number of slots, a power of two.
    #[inline(always)]
    pub const fn slots(self) -> u64 {
        self.index_mask + 1
    }
    /// How many blocks may be queued at once.
    #[inline(always)]
    pub const fn limit(self) -> u64 {
        self.limit
    }
    /// What slot `index` holds before its first use, in a ring whose first position is `first`.
    /// Zero for `first` 0.
    pub fn initial_slot(self, index: u64, first: Position) -> u64 {
        let offset = index.wrapping_sub(first.number()) & self.index_mask;
        Slot::pack(self.turn(first.plus(offset)).wrapping_sub(1) & self.turn_mask, 0)
    }

    #[inline(always)]
    pub(crate) const fn turn(self, position: Position) -> u64 {
        ((position.number() >> self.slots_log2) + 1) & self.turn_mask
    }
    #[inline(always)]
    pub(crate) const fn index(self, position: Position) -> usize {
        (position.number() & self.index_mask) as usize
    }
    /// Whether `slot` says that `position` has not been filled.
    #[inline(always)]
    pub(crate) fn is_free(self, slot: Slot, position: Position) -> bool {
        // The turn before.
        slot.turn().wrapping_sub(self.turn(position).wrapping_sub(1)) & self.turn_mask == 0
    }
    /// What `slot` says about `position`.
    #[inline(always)]
    pub(crate) fn read(self, slot: Slot, position: Position) -> Filled {
        let lead = slot.turn().wrapping_sub(self.turn(position)) & self.turn_mask;
        if lead == 0 {
            Filled::With(slot.block())
        } else if lead == self.turn_mask {
            Filled::Free
        } else if lead <= self.turn_mask / 2 {
            Filled::Overtaken
        } else {
            Filled::Impossible
        }
    }
}

/// A slot word: {turn: 36, block: 28}.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) u64);

impl Slot {
    #[inline(always)]
    pub(crate) const fn pack(turn: u64, block: u32) -> u64 {
        turn << BLOCK_BITS | block as u64
    }
    #[inline(always)]
    pub(crate) const fn turn(self) -> u64 {
        self.0 >> BLOCK_BITS
    }
    #[inline(always)]
    pub(crate) const fn block(self) -> Block {
        let bits = self.0 as u32 & ((1 << BLOCK_BITS) - 1);
        Block::new((bits >> 24) as u8, bits)
    }
}

/// Whether a position has been filled.
pub(crate) enum Filled {
    Free,
    With(Block),
    /// Filled, taken, and the slot used again since.
    Overtaken,
    /// A turn that no writer can have left here.
    Impossible,
}
