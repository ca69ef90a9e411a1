//! Messages one after the other.

use core::iter::FusedIterator;

use super::Queue;
use crate::error::{GetError, GetErrorKind};
use crate::message::Payload;
use crate::received::Received;

impl<T: Payload + ?Sized> Queue<T> {
    /// Iterates over messages until the queue is shut down and drained, blocking for each. A
    /// [`SegmentError`](crate::SegmentError) is the last item.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<u32>::options().create(Place::Heap)?;
    /// queue.put_many(&[1, 2])?;
    /// queue.shutdown()?;
    /// let mut sum = 0;
    /// for message in &queue {
    ///     sum += message?.to_native();
    /// }
    /// assert_eq!(sum, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { queue: self, ended: false }
    }

    /// Iterates over the messages that are there, without blocking, until the queue is empty.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<[u8]>::options().create(Place::Heap)?;
    /// queue.put_many(&["a", "b"])?;
    /// assert_eq!(queue.try_iter().count(), 2);
    /// assert_eq!(queue.try_iter().count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { queue: self, ended: false }
    }
}

/// Messages until the queue is shut down. See [`Queue::iter`].
#[derive(Debug)]
pub struct Iter<'q, T: Payload + ?Sized> {
    queue: &'q Queue<T>,
    ended: bool,
}

/// Messages until the queue is empty. See [`Queue::try_iter`].
#[derive(Debug)]
pub struct TryIter<'q, T: Payload + ?Sized> {
    queue: &'q Queue<T>,
    ended: bool,
}

/// Messages until the queue is shut down, each with a handle of its own: what a `for` over a queue
/// by value gives.
///
/// ```
/// # use ringway::{Place, Queue};
/// let queue = Queue::<u32>::options().create(Place::Heap)?;
/// queue.put_many(&[1, 2])?;
/// queue.shutdown()?;
/// let messages = queue.into_iter().collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(*messages[1], 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct IntoIter<T: Payload + ?Sized> {
    queue: Queue<T>,
    ended: bool,
}

/// What an iterator makes of a message that was taken, or not.
fn item<M>(taken: Result<M, GetError>, ended: &mut bool) -> Option<Result<M, GetError>> {
    match taken {
        Err(error) => match error.kind {
            GetErrorKind::Empty | GetErrorKind::ShutDown => {
                *ended = true;
                None
            }
            GetErrorKind::Invalid { .. } => Some(Err(error)),
            GetErrorKind::Segment(_) => {
                *ended = true;
                Some(Err(error))
            }
        },
        taken => Some(taken),
    }
}

impl<'q, T: Payload + ?Sized> Iterator for Iter<'q, T> {
    type Item = Result<Received<'q, T>, GetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended { None } else { item(self.queue.get(), &mut self.ended) }
    }
}

impl<'q, T: Payload + ?Sized> Iterator for TryIter<'q, T> {
    type Item = Result<Received<'q, T>, GetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended { None } else { item(self.queue.try_get(), &mut self.ended) }
    }
}

impl<T: Payload + ?Sized> Iterator for IntoIter<T> {
    type Item = Result<Received<'static, T>, GetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let taken = || self.queue.get().map(Received::into_owned);
        if self.ended { None } else { item(taken(), &mut self.ended) }
    }
}

impl<T: Payload + ?Sized> FusedIterator for Iter<'_, T> {}
impl<T: Payload + ?Sized> FusedIterator for TryIter<'_, T> {}
impl<T: Payload + ?Sized> FusedIterator for IntoIter<T> {}

impl<'q, T: Payload + ?Sized> IntoIterator for &'q Queue<T> {
    type Item = Result<Received<'q, T>, GetError>;
    type IntoIter = Iter<'q, T>;

    fn into_iter(self) -> Iter<'q, T> {
        self.iter()
    }
}

impl<T: Payload + ?Sized> IntoIterator for Queue<T> {
    type Item = Result<Received<'static, T>, GetError>;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { queue: self, ended: false }
    }
}
