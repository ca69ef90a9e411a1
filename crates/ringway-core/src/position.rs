//! Positions: where in a ring's endless sequence a message stands. 44 bits, wrapping.

/// Bits of a position.
pub const POSITION_BITS: u32 = 44;
/// A word with every bit of a position set.
pub const POSITION_MASK: u64 = (1 << POSITION_BITS) - 1;

/// A place in the endless sequence of a ring, modulo 2^44 (ten days at 20 million messages a
/// second).
///
/// Positions are compared by their distance, which is right as long as two of them that meet are
/// less than 2^43 apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position(u64);

impl Position {
    /// The position with this number, modulo 2^44.
    #[inline(always)]
    pub const fn new(number: u64) -> Self {
        Self(number & POSITION_MASK)
    }

    /// A position whose number was kept in memory of this process.
    #[inline(always)]
    pub(crate) const fn kept(number: u64) -> Self {
        debug_assert!(number <= POSITION_MASK);
        Self(number)
    }

    /// The number, below 2^44.
    #[inline(always)]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The position `steps` further on.
    #[inline(always)]
    #[must_use]
    pub const fn plus(self, steps: u64) -> Self {
        Self::new(self.0.wrapping_add(steps))
    }

    /// The position `steps` before.
    #[inline(always)]
    #[must_use]
    pub const fn minus(self, steps: u64) -> Self {
        Self::new(self.0.wrapping_sub(steps))
    }

    /// How far this position is ahead of `other`; negative when it is behind.
    #[inline(always)]
    pub const fn ahead_of(self, other: Self) -> i64 {
        const UNUSED: u32 = 64 - POSITION_BITS;
        ((self.0.wrapping_sub(other.0) << UNUSED) as i64) >> UNUSED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_survives_the_wrap() {
        let last = Position::new(POSITION_MASK);
        assert_eq!(last.plus(1).number(), 0);
        assert_eq!(last.plus(1).minus(1), last);
        assert_eq!(last.plus(3).ahead_of(last), 3);
        assert_eq!(last.ahead_of(last.plus(3)), -3);
        assert_eq!(last.ahead_of(last), 0);
    }
}
