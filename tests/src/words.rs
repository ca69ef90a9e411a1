//! Words of a live segment, to be read and written over behind its back.

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
    ChannelMeasures, ChannelWords, ClassWords, Geometry,
};

/// Participants of the queues whose words are used; their body begins behind the frame.
pub const PARTICIPANTS: u32 = 128;

/// Where the body of a queue begins that is alone in its segment.
pub const fn body(participants: u32) -> u64 {
    Frame::new(Measures { objects: 1, participants, space: 0 }).bodies_at
}

const BODY: u64 = body(PARTICIPANTS);

/// Head of the ring of messages.
pub const HEAD: u64 = BODY + offset_of!(ChannelWords, head) as u64;
/// Tail of the ring of messages.
pub const TAIL: u64 = BODY + offset_of!(ChannelWords, tail) as u64;
/// Event count of callers that wait for a message.
pub const NOT_EMPTY: u64 = BODY + offset_of!(ChannelWords, not_empty) as u64;
/// Event count of callers that wait for a place.
pub const NOT_FULL: u64 = BODY + offset_of!(ChannelWords, not_full) as u64;
/// Flags of the segment.
pub const FLAGS: u64 = FRAME_AT + offset_of!(FrameWords, flags) as u64;
/// Flags of the queue.
pub const QUEUE_FLAGS: u64 = BODY + offset_of!(ChannelWords, flags) as u64;

/// When a process last looked for the dead, monotonic nanoseconds.
pub const WATCH: u64 = FRAME_AT + offset_of!(FrameWords, watch) as u64;

/// Tail of the ring of free blocks of a class.
pub const fn free_tail(class: u64) -> u64 {
    class_at(class) + offset_of!(ClassWords, tail) as u64
}

/// Number of blocks of a class that have memory behind them.
pub const fn backed(class: u64) -> u64 {
    class_at(class) + offset_of!(ClassWords, backed) as u64
}

/// The lowest block of a class that was perhaps never used.
pub const fn fresh(class: u64) -> u64 {
    class_at(class) + offset_of!(ClassWords, fresh) as u64
}

const fn class_at(class: u64) -> u64 {
    BODY + offset_of!(ChannelWords, classes) as u64 + class * size_of::<ClassWords>() as u64
}

/// The slot of message number `message`, before the ring of messages was gone round.
pub fn slot(measures: ChannelMeasures, message: u64) -> u64 {
    body(measures.participants)
        + Geometry::new(measures).slots_at
        + message * size_of::<u64>() as u64
}

/// What a slot holds that names the last block of its class instead of its own.
pub fn naming_the_last_block(measures: ChannelMeasures, slot: u64) -> u64 {
    let class = Block::new((slot >> 24) as u8, 0).class();
    let last = Geometry::new(measures).classes[usize::from(class)].store.blocks - 1;
    slot & !0xff_ffff | last
}

/// The life of a participant.
pub const fn life(index: u64) -> u64 {
    PARTICIPANTS_AT + index * size_of::<Participant>() as u64
}

/// The words of one segment.
#[derive(Debug)]
pub struct Words(File);

impl Words {
    /// Of the segment of a queue.
    ///
    /// # Panics
    /// When the queue has no file.
    pub fn of<T: Payload + ?Sized>(queue: &Queue<T>) -> Self {
        Self(File::from(queue.inheritable_fd().expect("the file of the queue")))
    }

    /// The word at an offset.
    ///
    /// # Panics
    /// When there is none.
    pub fn read(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, at).expect("a word");
        u64::from_le_bytes(bytes)
    }

    /// Writes the word at an offset over, and answers what stood there.
    ///
    /// # Panics
    /// When there is none.
    pub fn write(&self, at: u64, value: u64) -> u64 {
        let before = self.read(at);
        self.0.write_all_at(&value.to_le_bytes(), at).expect("a word");
        before
    }
}

impl AsFd for Words {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
