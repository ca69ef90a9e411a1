//! The ring: a bounded, lock-free, many-to-many FIFO of block references that survives the death of
//! any user.
//!
//! The shape is that of Nikolaev's NCQ (helped CAS on cycle-tagged slots; "A Scalable, Portable,
//! and Memory-Efficient Lock-Free FIFO Queue", DISC 2019), with two changes: a message is taken by
//! claiming the *block*, whose state word names its owner, so a death leaves nothing unowned; and
//! `maxsize` is exact. `shm-layout.md` has the proof.
//!
//! Position `p` uses slot `p mod n`, in turn `p / n + 1`. A slot whose turn is one less than that
//! of `p` is free for `p`; with that turn or a later one, `p` has been filled. `head` and `tail`
//! are hints that everybody helps on: they never run ahead of the truth, may lag by a stride as a
//! rule, and by any number when helpers die. Each process also remembers where it was last
//! ([`Hints`]), so that a lone putter or getter seldom looks at the shared hints.
//!
//! Ordering pairs, by name:
//!
//! * `publish`: the CAS of a slot is Release (SeqCst), each load of a slot is Acquire. It carries
//!   the message and the state word that was stored before.
//! * `advance`: the CAS of head or tail is Release, each load of it Acquire. Who sees a tail sees
//!   the slots before it filled; who sees a head sees the blocks before it claimed.
//! * `own`: each store or CAS of a state word is Release (the claim: SeqCst), each load Acquire.
//!   The algorithm itself would stand with Relaxed; recovery, which walks the states, reads what an
//!   owner did before it died.
//! * `hint`: what a process remembers is stored Release and recalled Acquire: a thread that starts
//!   where another one was has seen what that one saw. Else it could take an old slot for a
//!   corrupted one.
//! * `edge`: publish and claim are SeqCst, as is the look at the sleepers that follows them; see
//!   [`crate::event_count`].

mod claim;
mod close;
mod ends;
mod fuel;
mod hints;
mod look;
mod push;
mod shape;

pub use self::hints::Hints;
pub use self::push::Opening;
pub use self::shape::Shape;
use crate::block::Block;
pub use crate::corruption::{Corruption, Part};
use crate::state::Lane;
use crate::word::Word;

/// The words that a ring lives in.
pub trait Cells {
    /// The kind of word.
    type Word: Word;
    /// Where the oldest message is, or before.
    fn head(&self) -> &Self::Word;
    /// Where the next message goes, or before.
    fn tail(&self) -> &Self::Word;
    /// Slot `index`, which is below the number of slots.
    fn slot(&self, index: usize) -> &Self::Word;
    /// The state word of a block that a slot names; `None` if the segment has no such block.
    fn state(&self, block: Block) -> Option<&Self::Word>;
    /// The state word of a block that the caller owns.
    #[inline(always)]
    fn state_of_own(&self, block: Block) -> Option<&Self::Word> {
        self.state(block)
    }
    /// What the ring is in its segment, for errors.
    fn part(&self) -> Part {
        Part::Messages
    }
    /// The block will be claimed from that lane soon.
    #[inline(always)]
    fn prefetch(&self, _lane: Lane, _block: Block) {}
    /// The message in the block will be read next.
    #[inline(always)]
    fn prefetch_message(&self, _block: Block) {}
}

/// Why blocks could not be pushed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PushError {
    /// The limit was reached at some instant of the call.
    Full,
    /// The ring was closed.
    Closed,
    /// A word is not what it can be.
    Corrupt(Corruption),
}

impl From<Corruption> for PushError {
    fn from(corruption: Corruption) -> Self {
        Self::Corrupt(corruption)
    }
}

/// Why a claim ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClaimEnd {
    /// There may be more.
    More,
    /// Empty at some instant of the call.
    Empty,
    /// Everything up to the mark of `close` has been claimed.
    Closed,
}

/// A ring over some cells.
#[derive(Clone, Copy, Debug)]
pub struct Ring<C> {
    cells: C,
    lane: Lane,
    shape: Shape,
}

impl<C: Cells> Ring<C> {
    /// The ring `lane` in `cells`, with measures `shape`.
    #[inline(always)]
    pub const fn new(cells: C, lane: Lane, shape: Shape) -> Self {
        Self { cells, lane, shape }
    }

    /// Its cells.
    #[inline(always)]
    pub const fn cells(&self) -> &C {
        &self.cells
    }

    /// Its measures.
    #[inline(always)]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    #[cold]
    fn corruption(&self, word: &'static str, at: u64, found: u64) -> Corruption {
        Corruption { part: self.cells.part(), word, at, found }
    }

    #[cold]
    fn corrupt(&self, word: &'static str, at: u64, found: u64) -> PushError {
        PushError::Corrupt(self.corruption(word, at, found))
    }
}
