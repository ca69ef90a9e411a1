//! Many messages at once.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use ringway_segment::core::owned;
use ringway_segment::objects::channel::{GuardMany, OwnedBlocks};

use crate::error::GetError;
use crate::maybe_owned::MaybeOwned;
use crate::message::{Message, Payload};
use crate::queue::shared::Shared;
use crate::received::Received;

/// Most messages that one ring operation moves.
pub const BATCH_MAX: usize = owned::BATCH_MAX;

/// Messages that were taken together, oldest first: an iterator over them. What is not iterated
/// over is dropped with it.
///
/// ```
/// # use ringway::{Place, Queue};
/// let queue = Queue::<[u8]>::options().create(Place::Heap)?;
/// queue.put_many(&["a", "bc", "def"])?;
/// let lengths: Vec<usize> = queue.get_many(2)?.map(|message| message.len()).collect();
/// assert_eq!(lengths, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the messages have been taken from the queue"]
pub struct Batch<'q, T: Payload + ?Sized> {
    taken: GuardMany<'q>, // dropped before what keeps its queue
    shared: MaybeOwned<'q, Arc<Shared>>,
    payload: PhantomData<fn() -> Box<T>>,
}

impl<T: Payload + ?Sized> UnwindSafe for Batch<'_, T> {}
impl<T: Payload + ?Sized> RefUnwindSafe for Batch<'_, T> {}

impl<'q, T: Payload + ?Sized> Batch<'q, T> {
    pub(crate) fn new(shared: &'q Arc<Shared>, taken: OwnedBlocks<'q>) -> Self {
        let shared = MaybeOwned::Borrowed(shared);
        Self { taken: GuardMany::new(taken), shared, payload: PhantomData }
    }

    /// The same messages with a handle of their own, which keeps the queue open. See
    /// [`Received::into_owned`].
    pub fn into_owned(self) -> Batch<'static, T> {
        let Self { taken, shared, payload } = self;
        let shared = shared.into_owned();
        // SAFETY: the handle keeps the queue for as long as the guard, which is dropped before it;
        // each message that is taken out gets a handle of its own.
        Batch { taken: unsafe { taken.outlive() }, shared, payload }
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        self.taken.len()
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Each message is checked when its turn comes: one that is not valid is an error of its own.
impl<'q, T: Message> Iterator for Batch<'q, T> {
    type Item = Result<Received<'q, T>, GetError>;
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let block = self.taken.pop_front()?;
        Some(Received::checked(self.shared.clone(), block))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

/// Bytes are always valid.
impl<'q> Iterator for Batch<'q, [u8]> {
    type Item = Received<'q, [u8]>;
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let block = self.taken.pop_front()?;
        Some(Received::plain(self.shared.clone(), block))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl<T: Message> ExactSizeIterator for Batch<'_, T> {}
impl<T: Message> FusedIterator for Batch<'_, T> {}
impl ExactSizeIterator for Batch<'_, [u8]> {}
impl FusedIterator for Batch<'_, [u8]> {}

impl<T: Payload + ?Sized> fmt::Debug for Batch<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} messages of {})", self.len(), self.shared.label())
    }
}
