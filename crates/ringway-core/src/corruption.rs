//! Words of a segment that lie.

use core::fmt;

/// A word of the segment that no correct process can have written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corruption {
    /// What it belongs to.
    pub part: Part,
    /// Which word.
    pub word: &'static str,
    /// The position, block, class or entry that it belongs to; 0 where there is only one.
    pub at: u64,
    /// What was found there.
    pub found: u64,
}

/// A part of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The ring of messages.
    Messages,
    /// The ring of messages that were put back.
    Returned,
    /// The ring of free blocks of a class.
    FreeBlocks {
        /// The size class, 0 for the smallest blocks.
        class: u8,
    },
    /// What is kept about the blocks of a class.
    Blocks {
        /// The size class, 0 for the smallest blocks.
        class: u8,
    },
    /// The words that concern the whole queue.
    Control,
    /// The word of a lock.
    Lock,
    /// The directory of objects.
    Directory,
    /// The participant table.
    Participants,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Messages => write!(f, "the ring of messages"),
            Self::Returned => write!(f, "the ring of returned messages"),
            Self::FreeBlocks { class } => write!(f, "the ring of free blocks of class {class}"),
            Self::Blocks { class } => write!(f, "the blocks of class {class}"),
            Self::Control => write!(f, "the control words"),
            Self::Lock => write!(f, "the lock"),
            Self::Directory => write!(f, "the directory of objects"),
            Self::Participants => write!(f, "the participant table"),
        }
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, word, at, found } = self;
        write!(f, "damaged: the {word} at {at} in {part} is {found:#x}")
    }
}
