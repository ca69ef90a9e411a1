//! Many messages at once.

use core::fmt;
use core::marker::PhantomData;

use ringway_core::packed::Block;

use crate::error::GetError;
use crate::message::{Message, Payload};
use crate::received::{Received, ReceivedBytes};
use crate::shared::{OwnedBlock, Shared, Stop};
use crate::wait::Until;

/// Most messages that one ring operation moves.
pub const BATCH_MAX: usize = 32;

/// Messages that were taken together, oldest first: an iterator over them. What is not iterated over is dropped with it.
///
/// ```
/// # use ringway::{Place, Queue};
/// let queue = Queue::<[u8]>::options().create(Place::Heap)?;
/// queue.put_many_bytes(&["a", "bc", "def"])?;
/// let lengths: Vec<usize> = queue.get_many(2)?.map(|message| message.len()).collect();
/// assert_eq!(lengths, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the messages have been taken from the queue"]
pub struct Batch<'q, T: Payload + ?Sized> {
    shared: &'q Shared,
    blocks: [Block; BATCH_MAX],
    next: usize,
    end: usize,
    payload: PhantomData<fn() -> Box<T>>,
}

impl<'q, T: Payload + ?Sized> Batch<'q, T> {
    /// Of the first `count` blocks, which this process owns.
    pub(crate) fn new(shared: &'q Shared, blocks: [Block; BATCH_MAX], count: usize) -> Self {
        Self { shared, blocks, next: 0, end: count, payload: PhantomData }
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        self.end - self.next
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next message as bytes.
    #[inline]
    pub fn next_bytes(&mut self) -> Option<ReceivedBytes<'q>> {
        self.next_block().map(ReceivedBytes::new)
    }

    #[inline]
    fn next_block(&mut self) -> Option<OwnedBlock<'q>> {
        let block = *self.blocks[..self.end].get(self.next)?;
        self.next += 1;
        Some(OwnedBlock::new(self.shared, block))
    }
}

impl<'q, T: Message> Iterator for Batch<'q, T> {
    type Item = Result<Received<'q, T>, GetError>;
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.next_block().map(Received::checked)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl<'q> Iterator for Batch<'q, [u8]> {
    type Item = ReceivedBytes<'q>;
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.next_bytes()
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl<T: Payload + ?Sized> Drop for Batch<'_, T> {
    fn drop(&mut self) {
        while self.next_block().is_some() {}
    }
}

impl<T: Payload + ?Sized> fmt::Debug for Batch<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} messages of {})", self.len(), self.shared.name())
    }
}

/// Filled blocks on their way into the queue. Those that do not get there are given back.
pub(crate) struct Outgoing<'q> {
    shared: &'q Shared,
    blocks: [Block; BATCH_MAX],
    sent: usize,
    end: usize,
}

impl<'q> Outgoing<'q> {
    pub(crate) fn new(shared: &'q Shared) -> Self {
        Self { shared, blocks: [Block::CLOSED; BATCH_MAX], sent: 0, end: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// Adds one; there is room for [`BATCH_MAX`].
    pub(crate) fn push(&mut self, block: OwnedBlock<'q>) {
        self.blocks[self.end] = block.block();
        self.end += 1;
        block.forget();
    }

    /// Publishes them in order; answers how many went in.
    pub(crate) fn send(mut self, until: Until) -> (usize, Result<(), Stop>) {
        if self.is_empty() {
            return (0, Ok(()));
        }
        let (sent, result) = self.shared.send(&self.blocks[..self.end], until);
        self.sent = sent;
        (sent, result)
    }
}

impl Drop for Outgoing<'_> {
    fn drop(&mut self) {
        for &block in &self.blocks[self.sent..self.end] {
            drop(OwnedBlock::new(self.shared, block));
        }
    }
}
