//! Free blocks: from the stock at hand, from the ring of free blocks, or never used before.

use core::sync::atomic::{
    AtomicBool,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

use ringway_sys::shm::NoSpace;

use crate::attachment::Attachment;
use crate::error::Fault;
use crate::event;
use crate::layout::Descriptor;
use crate::packed::{Block, Lane, Owner, State};
use crate::position::Position;
use crate::prefetch;
use crate::ring::{Corruption, Hints, Part, PushError, Ring};
use crate::segment::SegmentCells;
use crate::stock::Stocks;
use crate::waking::{EVERYBODY, Event};

/// Why no block could be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoBlock {
    /// All are queued or held.
    AllHeld,
    /// Something is wrong.
    Fault(Fault),
}

/// What a process keeps for itself about a size class.
pub(crate) struct LocalClass {
    stocks: Stocks,
    hints: Hints,
    /// Most free blocks in a stock.
    keep: usize,
    /// Whether any block of the class, and so its ring, has memory behind it.
    backed: AtomicBool,
}

impl LocalClass {
    pub(crate) fn new(keep: usize) -> Self {
        Self {
            stocks: Stocks::new(),
            hints: Hints::default(),
            keep,
            backed: AtomicBool::new(false),
        }
    }
}

impl Attachment {
    /// A free block of a class, now ours.
    ///
    /// # Errors
    /// [`NoBlock`].
    #[inline(always)]
    pub fn take(&self, class: u8) -> Result<Block, NoBlock> {
        if let Some(mut stock) = self.classes[usize::from(class)].stocks.open()
            && let Some(block) = stock.pop()
        {
            self.fetch_ahead(stock.soon());
            return Ok(block);
        }
        self.take_from_ring(class)
    }

    #[inline(never)]
    fn take_from_ring(&self, class: u8) -> Result<Block, NoBlock> {
        let local = &self.classes[usize::from(class)];
        if let Some(mut stock) = local.stocks.open() {
            stock.refill(local.keep, |places| self.claim_free(class, places))?;
            if let Some(block) = stock.pop() {
                return Ok(block);
            }
        } else {
            let mut one = [Block::CLOSED];
            if self.claim_free(class, &mut one)? == 1 {
                return Ok(one[0]);
            }
        }
        self.claim_fresh(class)
    }

    /// Fetches the lines that a put will write soon; the getter that freed the block had them last.
    #[inline(always)]
    fn fetch_ahead(&self, soon: Option<Block>) {
        if let Some(block) = soon
            && let (Some(descriptor), Some((bytes, _))) =
                (self.segment.descriptor(block), self.segment.block_bytes(block))
        {
            prefetch::for_writing(descriptor);
            prefetch::for_writing(bytes.as_ptr());
        }
    }

    /// Gives back a block that we own.
    ///
    /// # Errors
    /// [`Fault`].
    ///
    /// # Safety
    /// The block came from `take` or `claim` of this attachment, was not given away since, and nobody reads or writes its
    /// bytes from here on.
    #[inline(always)]
    pub unsafe fn release(&self, block: Block) -> Result<(), Fault> {
        let Some(descriptor) = self.segment.descriptor(block) else { return Ok(()) };
        let local = &self.classes[usize::from(block.class())];
        let word = descriptor.state.load(Relaxed); // ours
        match State::unpack(word) {
            // own: it holds no message any more. The position stays, which keeps the word apart from earlier ones.
            Some(State::Held { lane: Lane::Messages, owner, position }) if owner == self.me => {
                descriptor
                    .state
                    .store(State::Held { lane: Lane::Free, owner, position }.pack(), Release);
            }
            Some(State::Held { lane: Lane::Free, owner, .. }) if owner == self.me => {}
            _ => return Err(self.not_ours(block, word)),
        }
        if !event::has_sleepers(self.word_of(Event::BlockFreed))
            && let Some(mut stock) = local.stocks.open()
            && stock.push(block, local.keep)
        {
            return Ok(());
        }
        self.release_to_ring(block)
    }

    #[cold]
    fn not_ours(&self, block: Block, found: u64) -> Fault {
        let part = Part::Blocks { class: block.class() };
        Fault::Corrupt(Corruption {
            part,
            word: "state of a held block",
            at: block.index().into(),
            found,
        })
    }

    /// For when enough are at hand, or somebody waits for a block.
    #[inline(never)]
    fn release_to_ring(&self, block: Block) -> Result<(), Fault> {
        let local = &self.classes[usize::from(block.class())];
        let spilled = local.stocks.open().map_or(Ok(()), |mut stock| {
            let kept = if event::has_sleepers(self.word_of(Event::BlockFreed)) {
                0
            } else {
                local.keep / 2
            };
            self.push_free(block.class(), stock.spill(kept))
        });
        self.return_to_ring(block).and(spilled)
    }

    /// Puts a block that we own into the ring of free blocks. It is no longer ours, even if that fails.
    pub(crate) fn return_to_ring(&self, block: Block) -> Result<(), Fault> {
        self.push_free(block.class(), &[block])
    }

    fn push_free(&self, class: u8, blocks: &[Block]) -> Result<(), Fault> {
        let local = &self.classes[usize::from(class)];
        let (pushed, result) = self.free_ring(class).push(self.me, blocks, &local.hints);
        if pushed != 0 {
            self.announce(Event::BlockFreed, EVERYBODY); // they wait for blocks of different classes
        }
        let Err(error) = result else { return Ok(()) };
        self.disown(&blocks[pushed..]);
        Err(Fault::Corrupt(match error {
            PushError::Corrupt(corruption) => corruption,
            // There are more slots than blocks, and nobody closes this ring.
            PushError::Full | PushError::Closed => {
                let found = self.segment.class_control(class).tail.word.load(Relaxed);
                Corruption { part: Part::FreeBlocks { class }, word: "tail", at: 0, found }
            }
        }))
    }

    /// Leaves blocks to nobody that a damaged ring does not take: in the name of our entry's last life. A recovery finds
    /// them, as it finds those of the dead, and tries again.
    #[cold]
    fn disown(&self, blocks: &[Block]) {
        let nobody = Owner::new(self.me.index(), self.me.generation().wrapping_sub(1));
        for &block in blocks {
            let Some(descriptor) = self.segment.descriptor(block) else { continue };
            if let Some(State::Held { position, .. }) =
                State::unpack(descriptor.state.load(Relaxed))
            {
                let left = State::Held { lane: Lane::Free, owner: nobody, position };
                descriptor.state.store(left.pack(), Release); // own
            }
        }
    }

    fn claim_free(&self, class: u8, places: &mut [Block]) -> Result<usize, NoBlock> {
        let local = &self.classes[usize::from(class)];
        if !local.backed.load(Relaxed) {
            if self.segment.class_control(class).backed.load(Acquire) == 0 {
                return Ok(0);
            }
            local.backed.store(true, Relaxed);
        }
        match self.free_ring(class).claim(self.me, places, &local.hints) {
            (0, Err(corruption)) => Err(NoBlock::Fault(corruption.into())),
            (claimed, _) => Ok(claimed),
        }
    }

    /// Claims a block that was never used, after reserving memory for it.
    #[cold]
    fn claim_fresh(&self, class: u8) -> Result<Block, NoBlock> {
        let words = self.segment.class_control(class);
        let measures = self.segment.class(class);
        loop {
            let index = words.fresh.load(Acquire);
            self.check_backed(class, index)?;
            if index >= measures.blocks {
                return Err(NoBlock::AllHeld);
            }
            if index >= words.backed.load(Acquire) {
                self.back_more(class, index)?;
            }
            let block = Block::new(class, index as u32);
            let held =
                State::Held { lane: Lane::Free, owner: self.me, position: Position::new(index) };
            let claimed = self.segment.descriptor(block).is_some_and(|descriptor| {
                descriptor
                    .state
                    .compare_exchange(State::Fresh.pack(), held.pack(), AcqRel, Acquire)
                    .is_ok() // own
            });
            let _ = words.fresh.compare_exchange(index, index + 1, Release, Relaxed);
            if claimed {
                return Ok(block);
            }
        }
    }

    /// Fresh blocks have memory, but for one step of them at most; unless all have.
    fn check_backed(&self, class: u8, fresh: u64) -> Result<(), NoBlock> {
        let (words, measures) = (self.segment.class_control(class), self.segment.class(class));
        let backed = words.backed.load(Acquire);
        let later = words.fresh.load(Acquire); // after `backed`, while `fresh` was read before it
        let (word, found) = if fresh > backed {
            ("number of the first fresh block", fresh)
        } else if backed != measures.blocks
            && (backed > later.saturating_add(measures.step()) || backed > measures.blocks)
        {
            ("number of blocks with memory", backed)
        } else {
            return Ok(());
        };
        let part = Part::Blocks { class };
        Err(NoBlock::Fault(Fault::Corrupt(Corruption { part, word, at: 0, found })))
    }

    /// Looks whether a ring of free blocks hides what is in it.
    pub(crate) fn check_free_rings(&self) -> Result<(), Fault> {
        for (class, local) in self.classes.iter().enumerate() {
            if self.segment.backed(class as u8) != 0 {
                self.free_ring(class as u8).check(&local.hints)?;
            }
        }
        Ok(())
    }

    /// Reserves memory for the blocks from `index` on, and for what belongs to them.
    fn back_more(&self, class: u8, index: u64) -> Result<(), NoBlock> {
        let measures = self.segment.class(class);
        let end = (index + measures.step()).min(measures.blocks);
        let reserve = |at, bytes| {
            self.segment.reserve(at, bytes).map_err(|NoSpace { needed, available, source }| {
                NoBlock::Fault(Fault::NoSpace { needed, available, source: (&source).into() })
            })
        };
        if index == 0 {
            reserve(measures.slots_at, measures.ring.slots() * 8)?;
        }
        let entry = size_of::<Descriptor>() as u64;
        reserve(measures.descriptors_at + index * entry, (end - index) * entry)?;
        reserve(
            measures.blocks_at + index * measures.block_bytes,
            (end - index) * measures.block_bytes,
        )?;
        // Release pairs with the Acquire of whoever finds the block backed.
        self.segment.class_control(class).backed.fetch_max(end, Release);
        Ok(())
    }

    #[inline(always)]
    fn free_ring(&self, class: u8) -> Ring<SegmentCells<'_>> {
        self.segment.free_blocks(class)
    }

    /// Whether a ring names `block` at `position`.
    pub(crate) fn names(&self, lane: Lane, position: Position, block: Block) -> bool {
        match lane {
            Lane::Messages => self.messages().names(position, block),
            Lane::Free => self.free_ring(block.class()).names(position, block),
        }
    }
}
