//! References to blocks.

/// A block of the segment: {class: 4, index within the class: 24}.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Block(u32);

/// Bits of a block reference.
pub const BLOCK_BITS: u32 = 28;
const INDEX_BITS: u32 = 24;

impl Block {
    /// Not a block: the mark that `shutdown` leaves in the ring.
    pub const CLOSED: Self = Self((1 << BLOCK_BITS) - 1);

    /// Block number `index` (below 2^24) of size class `class` (below 16).
    #[inline(always)]
    pub const fn new(class: u8, index: u32) -> Self {
        Self(((class as u32) & 0xf) << INDEX_BITS | index & ((1 << INDEX_BITS) - 1))
    }
    /// The size class.
    #[inline(always)]
    pub const fn class(self) -> u8 {
        (self.0 >> INDEX_BITS) as u8
    }
    /// The number within its class.
    #[inline(always)]
    pub const fn index(self) -> u32 {
        self.0 & ((1 << INDEX_BITS) - 1)
    }
    /// Both in one number.
    #[inline(always)]
    pub const fn bits(self) -> u32 {
        self.0
    }
    /// A block whose bits were kept in memory of this process.
    #[inline(always)]
    pub(crate) const fn kept(bits: u32) -> Self {
        debug_assert!(bits < 1 << BLOCK_BITS);
        Self(bits)
    }
    /// From [`Block::bits`].
    #[inline(always)]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & ((1 << BLOCK_BITS) - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_round_trips() {
        let block = Block::new(15, 0xab_cdef);
        assert_eq!((block.class(), block.index()), (15, 0xab_cdef));
    }
}
