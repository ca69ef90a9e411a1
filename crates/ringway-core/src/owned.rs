//! Blocks as values: what you own, you hold.
//!
//! An [`Owned`] stands for the ownership that the state word of its block records. It cannot be
//! copied or made up, so a block that was pushed or released cannot be used again by mistake.

use crate::block::Block;

/// A block that this participant owns.
///
/// It has no `Drop`, since giving a block back needs its store: one that is dropped stays its
/// owner's until the owner leaves.
#[must_use = "a block that is dropped stays its owner's until the owner leaves"]
#[derive(PartialEq, Eq, Debug)]
pub struct Owned(Block);

impl Owned {
    #[inline(always)]
    pub(crate) const fn new(block: Block) -> Self {
        Self(block)
    }

    /// Which block it is.
    #[inline(always)]
    pub const fn block(&self) -> Block {
        self.0
    }
}

/// Most blocks in a [`Batch`].
pub const BATCH_MAX: usize = 32;

/// Up to [`BATCH_MAX`] owned blocks, first in, first out.
#[must_use = "blocks that are dropped stay their owner's until the owner leaves"]
#[derive(Debug)]
pub struct Batch {
    list: [Block; BATCH_MAX],
    first: usize,
    end: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl Batch {
    /// An empty batch.
    #[inline]
    pub const fn new() -> Self {
        Self { list: [Block::CLOSED; BATCH_MAX], first: 0, end: 0 }
    }

    /// Number of blocks.
    #[inline]
    pub const fn len(&self) -> usize {
        self.end - self.first
    }

    /// Whether there are none.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a block at the end.
    ///
    /// # Errors
    /// The block, when [`BATCH_MAX`] have been put in.
    #[inline]
    pub fn push_back(&mut self, owned: Owned) -> Result<(), Owned> {
        let Some(place) = self.list.get_mut(self.end) else { return Err(owned) };
        *place = owned.0;
        self.end += 1;
        Ok(())
    }

    /// Takes the first block out.
    #[inline]
    pub fn pop_front(&mut self) -> Option<Owned> {
        if self.is_empty() {
            return None;
        }
        let block = self.list.get(self.first).copied()?;
        self.first += 1;
        Some(Owned(block))
    }

    /// The blocks in order, without giving them away.
    #[inline]
    pub fn blocks(&self) -> &[Block] {
        &self.list[self.first..self.end]
    }

    /// The first `count` blocks belong to others now.
    #[inline]
    pub(crate) fn given_away(&mut self, count: usize) {
        self.first += count;
    }

    /// A block that was just claimed. There is room for it.
    #[inline(always)]
    pub(crate) fn came(&mut self, block: Block) {
        self.list[self.end] = block;
        self.end += 1;
    }

    /// Blocks that came from a stock. There is room for them.
    #[inline(always)]
    pub(crate) fn all_came(&mut self, blocks: impl Iterator<Item = Block>) {
        let mut end = self.end;
        for (place, block) in self.list[end..].iter_mut().zip(blocks) {
            *place = block;
            end += 1;
        }
        self.end = end;
    }

    /// How many can still be put in.
    #[inline]
    pub(crate) const fn room(&self) -> usize {
        BATCH_MAX - self.end
    }
}
