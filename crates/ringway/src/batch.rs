//! Many messages at once.

use core::fmt;
use core::marker::PhantomData;

use ringway_segment::core::owned;
use ringway_segment::objects::channel::{Guard, GuardMany, OwnedBlocks};

use crate::error::GetError;
use crate::message::{Message, Payload};
use crate::queue::shared::Shared;
use crate::received::{Received, ReceivedBytes};

/// Most messages that one ring operation moves.
pub const BATCH_MAX: usize = owned::BATCH_MAX;

/// Messages that were taken together, oldest first: an iterator over them. What is not iterated
/// over is dropped with it.
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
    taken: GuardMany<'q>,
    payload: PhantomData<fn() -> Box<T>>,
}

impl<'q, T: Payload + ?Sized> Batch<'q, T> {
    /// Of the first `count` blocks, which this process owns.
    pub(crate) fn new(shared: &'q Shared, taken: OwnedBlocks<'q>) -> Self {
        Self { shared, taken: GuardMany::new(taken), payload: PhantomData }
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        self.taken.len()
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
    fn next_block(&mut self) -> Option<Guard<'q>> {
        self.taken.pop_front()
    }
}

impl<'q, T: Message> Iterator for Batch<'q, T> {
    type Item = Result<Received<'q, T>, GetError>;
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.next_block().map(|held| Received::checked(self.shared, held))
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

impl<T: Payload + ?Sized> fmt::Debug for Batch<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} messages of {})", self.len(), self.shared.label())
    }
}
