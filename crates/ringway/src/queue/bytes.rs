//! A queue as one of bytes.

use std::sync::Arc;

use super::Queue;
use crate::message::Payload;

/// The messages as bytes.
impl<T: Payload + ?Sized> Queue<T> {
    /// Returns a handle of the same queue that puts and gets the messages as the bytes that they
    /// are: to move them on without reading them, for instance. Bytes that are put must be what
    /// rkyv makes of a `T`, or the getter refuses them.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let inbox = Queue::<String>::options().create(Place::Heap)?;
    /// let outbox = Queue::<String>::options().create(Place::Heap)?;
    /// inbox.put("hello")?;
    /// outbox.as_bytes().put(&inbox.as_bytes().get()?)?;
    /// assert_eq!(outbox.get_value()?, "hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn as_bytes(&self) -> Queue<[u8]> {
        Queue::over(Arc::clone(&self.shared))
    }
}
