//! The measures of a ring, and its slot words.

use crate::block::{BLOCK_BITS, Block};
use crate::position::{POSITION_BITS, Position};

/// The measures of a ring.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    index_mask: u64,
    /// By how much a position is shifted so that the number of its lap stands where slots have
    /// their turn.
    turn_shift: u32,
    /// The bits of a slot that hold the turn.
    turn_field: u64,
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
        assert!(slots_log2 <= BLOCK_BITS, "no more slots than there can be blocks");
        let turn_shift = BLOCK_BITS - slots_log2;
        let index_mask = (1 << slots_log2) - 1;
        Self { index_mask, turn_shift, turn_field: turn_mask << BLOCK_BITS, limit }
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
        self.unfilled(first.plus(offset))
    }

    #[inline(always)]
    pub(crate) const fn index(self, position: Position) -> usize {
        (position.number() & self.index_mask) as usize
    }
    /// The slot that is `steps` after slot `index`.
    #[inline(always)]
    pub(crate) const fn index_after(self, index: usize, steps: u64) -> usize {
        ((index as u64 + steps) & self.index_mask) as usize
    }
    /// What the slot of `position` holds when it names a block, but for the block.
    #[inline(always)]
    pub(crate) const fn filled(self, position: Position) -> u64 {
        self.turn_after(self.unfilled(position))
    }
    /// What the slot of `position` holds when it names that block.
    #[inline(always)]
    pub(crate) const fn naming(self, position: Position, block: Block) -> u64 {
        self.filled(position) | block.bits() as u64
    }
    /// What a slot that now holds `seen` holds when it is filled next, but for the block.
    #[inline(always)]
    pub(crate) const fn turn_after(self, seen: u64) -> u64 {
        seen.wrapping_add(1 << BLOCK_BITS) & self.turn_field
    }
    /// What the slot of `position` holds before it is filled, but for the block before.
    #[inline(always)]
    pub(crate) const fn unfilled(self, position: Position) -> u64 {
        position.number() << self.turn_shift & self.turn_field // the turn before
    }
    /// The number of positions from `position` on that are of one turn, and so in consecutive
    /// slots.
    #[inline(always)]
    pub(crate) const fn left_of_turn(self, position: Position) -> u64 {
        self.slots() - self.index(position) as u64
    }
    /// What `slot` says about `position`.
    #[inline(always)]
    pub(crate) fn read(self, slot: Slot, position: Position) -> Filled {
        let lead = slot.0.wrapping_sub(self.filled(position)) & self.turn_field;
        if lead == 0 {
            Filled::With(slot.block())
        } else if lead == self.turn_field {
            Filled::Free
        } else if lead <= self.turn_field / 2 {
            Filled::Overtaken
        } else {
            Filled::Impossible
        }
    }
}

/// A slot word: {turn: 36, block: 28}.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slot(pub(crate) u64);

impl Slot {
    #[inline(always)]
    pub(crate) const fn block(self) -> Block {
        Block::from_bits(self.0 as u32)
    }
    /// The block, if the slot is in that turn (see [`Shape::filled`]).
    #[inline(always)]
    pub(crate) const fn block_in(self, filled: u64) -> Option<Block> {
        let bits = self.0 ^ filled;
        if bits >> BLOCK_BITS == 0 { Some(Block::kept(bits as u32)) } else { None }
    }
    /// Whether the slot is in that turn.
    #[inline(always)]
    pub(crate) const fn is_in(self, turn: u64) -> bool {
        (self.0 ^ turn) >> BLOCK_BITS == 0
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
