//! Who owns a block or holds a lock: a participant in one of its lives.

/// A participant of a segment in one of its lives: {generation: 8, index: 8}.
///
/// Matched in full. A table entry that is used again has another generation, so no participant
/// inherits a dead owner's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Owner(u16);

impl Owner {
    /// The participant at `index` of the table, in its life number `generation`.
    #[inline(always)]
    pub const fn new(index: u8, generation: u8) -> Self {
        Self((generation as u16) << 8 | index as u16)
    }
    /// The entry of the participant table.
    #[inline(always)]
    pub const fn index(self) -> u8 {
        self.0 as u8
    }
    /// Which life of that entry.
    #[inline(always)]
    pub const fn generation(self) -> u8 {
        (self.0 >> 8) as u8
    }
    /// Both in one number.
    #[inline(always)]
    pub const fn bits(self) -> u16 {
        self.0
    }
    /// From [`Owner::bits`].
    #[inline(always)]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_round_trips() {
        let owner = Owner::new(7, 200);
        assert_eq!((owner.index(), owner.generation()), (7, 200));
        assert_eq!(Owner::from_bits(owner.bits()), owner);
    }
}
