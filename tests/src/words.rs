//! Words of a queue that is alone in its segment, to be read and written over behind its back.

use core::mem::{offset_of, size_of};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;

use ringway::{Payload, Queue};
use ringway_core::block::Block;
use ringway_segment::layout::{
    FRAME_AT, Frame, FrameWords, Measures, PARTICIPANTS_AT, Participant,
};
use ringway_segment::objects::channel::layout::{
    ChannelMeasures, ChannelWords, ClassWords, Descriptor, Geometry,
};

/// Flags of the segment.
pub const FLAGS: u64 = FRAME_AT + offset_of!(FrameWords, flags) as u64;

/// When a process last looked for the dead, monotonic nanoseconds.
pub const WATCH: u64 = FRAME_AT + offset_of!(FrameWords, watch) as u64;

/// The life of a participant.
pub const fn life(index: u64) -> u64 {
    PARTICIPANTS_AT + index * size_of::<Participant>() as u64
}

/// No words of earlier lives of a participant are left.
const fn clean(index: u64) -> u64 {
    life(index) + offset_of!(Participant, clean) as u64
}

/// The low bits of a life say whether a participant has the entry; zero says that none has.
const STATE_BITS: u32 = 8;
const STATE: u64 = (1 << STATE_BITS) - 1;

/// Where the body of an object begins that is alone in a segment for that many participants.
#[must_use]
pub const fn body(participants: u32) -> u64 {
    Frame::new(Measures { objects: 1, participants, space: 0 }).bodies_at
}

/// The words of one queue, and where they are in its file.
#[derive(Debug)]
pub struct Words {
    file: File,
    body: u64,
    geometry: Geometry,
}

/// Where everything is in the body of a queue.
///
/// # Panics
/// When the queue cannot be looked at.
pub fn geometry<T: Payload + ?Sized>(queue: &Queue<T>) -> Geometry {
    let seen = queue.snapshot().expect("a queue that is whole");
    Geometry::new(ChannelMeasures {
        maxsize: seen.maxsize,
        max_message: seen.max_message,
        loans: seen.loans,
        participants: seen.participants_max,
        schema_bytes: seen.schema.len() as u64,
        returns: false,
    })
}

impl Words {
    /// Of the segment of a queue.
    ///
    /// # Panics
    /// When the queue has no file.
    pub fn of<T: Payload + ?Sized>(queue: &Queue<T>) -> Self {
        let file = File::from(queue.inheritable_fd().expect("the file of the queue"));
        let geometry = geometry(queue);
        let participants = geometry.measures.participants;
        let frame = Frame::new(Measures { objects: 1, participants, space: geometry.total_bytes });
        Self { file, body: frame.bodies_at, geometry }
    }

    /// Head of the ring of messages.
    pub fn head(&self) -> u64 {
        self.body + offset_of!(ChannelWords, head) as u64
    }
    /// Tail of the ring of messages.
    pub fn tail(&self) -> u64 {
        self.body + offset_of!(ChannelWords, tail) as u64
    }
    /// Event count of callers that wait for a message.
    pub fn not_empty(&self) -> u64 {
        self.body + offset_of!(ChannelWords, not_empty) as u64
    }
    /// Event count of callers that wait for a place.
    pub fn not_full(&self) -> u64 {
        self.body + offset_of!(ChannelWords, not_full) as u64
    }
    /// Flags of the queue.
    pub fn flags(&self) -> u64 {
        self.body + offset_of!(ChannelWords, flags) as u64
    }
    /// The slot of message number `message`, before the ring of messages was gone round.
    pub fn slot(&self, message: u64) -> u64 {
        self.body + self.geometry.slots_at + message * size_of::<u64>() as u64
    }
    /// Tail of the ring of free blocks of a class.
    pub fn free_tail(&self, class: usize) -> u64 {
        self.class(class) + offset_of!(ClassWords, tail) as u64
    }
    /// A slot of the ring of free blocks of a class.
    pub fn free_slot(&self, class: usize, index: u64) -> u64 {
        self.body + self.geometry.classes[class].slots_at + index * size_of::<u64>() as u64
    }
    /// The state word of a block.
    pub fn state(&self, class: usize, block: u64) -> u64 {
        let descriptor = block * size_of::<Descriptor>() as u64;
        self.body + self.geometry.classes[class].descriptors_at + descriptor
    }
    /// Number of blocks of a class that have memory behind them.
    pub fn backed(&self, class: usize) -> u64 {
        self.class(class) + offset_of!(ClassWords, backed) as u64
    }
    /// The lowest block of a class that was perhaps never used.
    pub fn fresh(&self, class: usize) -> u64 {
        self.class(class) + offset_of!(ClassWords, fresh) as u64
    }
    fn class(&self, class: usize) -> u64 {
        let words = offset_of!(ChannelWords, classes) + class * size_of::<ClassWords>();
        self.body + words as u64
    }

    /// Number of size classes.
    pub fn classes(&self) -> usize {
        self.geometry.classes.len()
    }
    /// Number of blocks of a class.
    pub fn blocks(&self, class: usize) -> u64 {
        self.geometry.classes[class].store.blocks
    }
    /// What a slot holds that names the last block of its class instead of its own.
    pub fn naming_the_last_block(&self, slot: u64) -> u64 {
        let class = Block::from_bits(slot as u32).class();
        slot & !0xff_ffff | (self.blocks(class.into()) - 1)
    }

    /// Ends the life of a participant, as if it had left and given nothing back.
    ///
    /// # Panics
    /// When there is no such entry.
    pub fn end_life(&self, index: u8) {
        let at = life(index.into());
        self.write(at, self.read(at) & !STATE);
    }

    /// Moves a free entry on, as after this number of lives of participants that left nothing.
    ///
    /// # Panics
    /// When the entry is not free.
    pub fn pass_lives(&self, index: u8, lives: u64) {
        let (life, clean) = (life(index.into()), clean(index.into()));
        let last = self.read(life) + (lives << STATE_BITS);
        assert_eq!(last & STATE, 0, "no participant has it");
        self.write(life, last);
        self.write(clean, (last >> STATE_BITS) + 1);
    }

    /// The word at an offset.
    ///
    /// # Panics
    /// When there is none.
    pub fn read(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, at).expect("a word");
        u64::from_le_bytes(bytes)
    }

    /// Writes the word at an offset over, and returns what stood there.
    ///
    /// # Panics
    /// When there is none.
    pub fn write(&self, at: u64, value: u64) -> u64 {
        let before = self.read(at);
        self.file.write_all_at(&value.to_le_bytes(), at).expect("a word");
        before
    }
}

impl AsFd for Words {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
