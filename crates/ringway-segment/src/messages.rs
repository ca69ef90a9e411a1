//! Putting blocks into the ring of messages and taking them out, with the wakes that belong to it.

use core::sync::atomic::Ordering::{Relaxed, SeqCst};

use crate::attachment::Attachment;
use crate::error::Fault;
use crate::layout::FLAG_IMMEDIATE;
use crate::packed::Block;
use crate::ring::{Corruption, Edge, Hints, Part, PushError, Ring};
use crate::segment::SegmentCells;
use crate::waking::Event;

impl Attachment {
    /// The ring of messages.
    #[inline(always)]
    pub(crate) fn messages(&self) -> Ring<SegmentCells<'_>> {
        self.segment.messages()
    }

    /// How many messages are queued: exact at one instant of the call.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn size(&self) -> Result<u64, Fault> {
        Ok(self.messages().len()?)
    }

    /// Whether the queue was shut down.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn is_shut_down(&self) -> Result<bool, Fault> {
        Ok(self.messages().is_closed()?)
    }

    /// Whether a put would find the queue shut down, as far as a quick look tells.
    ///
    /// # Errors
    /// [`Fault`].
    #[inline]
    pub fn seems_shut_down(&self) -> Result<bool, Fault> {
        Ok(self.messages().seems_closed(&self.message_hints)?)
    }

    /// Bytes of the message in a block, as its last owner says.
    #[inline(always)]
    pub fn length(&self, block: Block) -> u64 {
        // Written before publish, and read by whoever has claimed after it.
        self.segment.descriptor(block).map_or(0, |descriptor| descriptor.length.load(Relaxed))
    }

    /// Says how long the message in a block is. For the owner of the block; publish carries it.
    #[inline(always)]
    pub fn set_length(&self, block: Block, bytes: u64) {
        if let Some(descriptor) = self.segment.descriptor(block) {
            descriptor.length.store(bytes, Relaxed);
        }
    }

    /// What this process remembers of the ring of messages.
    pub fn message_hints(&self) -> &Hints {
        &self.message_hints
    }

    /// Whether there is a place, or was at some instant of the call.
    ///
    /// # Errors
    /// Full or closed.
    #[inline]
    pub fn has_room(&self) -> Result<(), PushError> {
        self.messages().has_room(&self.message_hints)
    }

    /// Whether who waits for that event would find half a queue of messages, or of places: about, and never wrong for
    /// long.
    pub fn has_batch(&self, event: Event) -> bool {
        let ring = self.messages();
        let (queued, limit) = (ring.about(), ring.shape().limit());
        if event == Event::NotEmpty {
            queued > limit / 2
        } else {
            limit.saturating_sub(queued) > limit / 2
        }
    }

    /// Publishes one block that we own by the straight way. `false` says that [`push`](Self::push) has to look closer.
    ///
    /// # Safety
    /// As of [`push`](Self::push).
    #[inline(always)]
    pub unsafe fn push_straight(&self, block: Block) -> bool {
        let pushed = self.messages().push_straight(self.me, block, &self.message_hints);
        if pushed {
            self.announce(Event::NotEmpty, 1);
        }
        pushed
    }

    /// Claims the oldest message by the straight way. `None` says that [`claim`](Self::claim) has to look closer.
    #[inline(always)]
    pub fn claim_straight(&self) -> Option<Block> {
        let block = self.messages().claim_straight(self.me, &self.message_hints)?;
        self.announce(Event::NotFull, 1);
        Some(block)
    }

    /// Publishes blocks that we own, in order, and wakes whoever waits for them. Answers how many got in.
    ///
    /// # Errors
    /// Besides the number, why it stopped.
    ///
    /// # Safety
    /// The blocks came from `take` or `claim` of this attachment, were not given away since, and nobody reads or writes
    /// their bytes from here on, but for those that did not get in.
    #[inline]
    pub unsafe fn push(&self, blocks: &[Block]) -> (usize, Result<(), PushError>) {
        let (pushed, result) = self.messages().push(self.me, blocks, &self.message_hints);
        if pushed != 0 {
            self.announce(Event::NotEmpty, pushed as u32);
        }
        (pushed, result)
    }

    /// Claims the oldest messages and wakes whoever waits for their places. Answers how many.
    ///
    /// # Errors
    /// Besides the number, why it stopped.
    #[inline]
    pub fn claim(&self, out: &mut [Block]) -> (usize, Result<Edge, Fault>) {
        let (claimed, result) = self.messages().claim(self.me, out, &self.message_hints);
        if claimed != 0 {
            self.announce(Event::NotFull, claimed as u32);
        }
        (claimed, result.map_err(Fault::from))
    }

    /// Closes the queue: later puts fail, gets take what is left. `immediate` drops what is left.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn shut_down(&self, immediate: bool) -> Result<(), Fault> {
        self.check_process()?;
        // The mark first: a death between the two leaves a plain shutdown.
        self.messages().close(&self.message_hints)?;
        if immediate {
            self.segment.control().flags.word.fetch_or(FLAG_IMMEDIATE, SeqCst);
        }
        self.wake_everybody();
        if immediate { self.drop_what_is_left() } else { Ok(()) }
    }

    /// Takes and drops all messages of a queue that was shut down at once. Every get does so, in case whoever shut it
    /// down died before it could.
    ///
    /// # Errors
    /// [`Fault`].
    #[cold]
    pub fn drop_what_is_left(&self) -> Result<(), Fault> {
        // The mark comes before the flag.
        if !self.is_shut_down()? {
            let (part, found) = (Part::Control, self.flags());
            return Err(Fault::Corrupt(Corruption { part, word: "flags", at: 0, found }));
        }
        let mut taken = [Block::CLOSED; 32];
        loop {
            let (count, edge) = self.claim(&mut taken);
            // All of them, even if one cannot be given back.
            // SAFETY: just claimed, and never looked into.
            let released = taken[..count]
                .iter()
                .map(|&block| unsafe { self.release(block) })
                .fold(Ok(()), Result::and);
            if released.and(edge)? != Edge::More {
                return Ok(());
            }
        }
    }

    /// Whether the queue was shut down at once, so that nothing is delivered any more.
    #[inline]
    pub fn is_immediate(&self) -> bool {
        self.flags() & FLAG_IMMEDIATE != 0
    }

    #[inline]
    pub(crate) fn flags(&self) -> u64 {
        self.segment.control().flags.word.load(SeqCst)
    }
}
