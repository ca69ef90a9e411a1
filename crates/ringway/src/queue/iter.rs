//! Messages one after the other, until the end.

use super::Queue;
use crate::error::{GetError, GetErrorKind};
use crate::message::Message;
use crate::received::Received;

/// Messages until the queue is shut down. See [`Queue::iter`].
///
/// ```
/// # use ringway::{Place, Queue};
/// let queue = Queue::<u32>::options().create(Place::Heap)?;
/// queue.put_many(&[1, 2])?;
/// queue.shutdown(false)?;
/// let mut sum = 0;
/// for message in &queue {
///     sum += message?.to_native();
/// }
/// assert_eq!(sum, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Iter<'q, T: Message> {
    pub(super) queue: &'q Queue<T>,
    pub(super) ended: bool,
}

impl<'q, T: Message> Iterator for Iter<'q, T> {
    type Item = Result<Received<'q, T>, GetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let taken = self.queue.get();
        let kind = taken.as_ref().err().map(|error| &error.kind);
        self.ended = matches!(kind, Some(GetErrorKind::ShutDown | GetErrorKind::Segment(_)));
        match taken {
            Err(error) if error.is_shut_down() => None,
            taken => Some(taken),
        }
    }
}

impl<'q, T: Message> IntoIterator for &'q Queue<T> {
    type Item = Result<Received<'q, T>, GetError>;
    type IntoIter = Iter<'q, T>;

    fn into_iter(self) -> Iter<'q, T> {
        self.iter()
    }
}
