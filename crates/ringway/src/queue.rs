//! The queue.

use core::fmt;
use core::marker::PhantomData;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

pub use self::iter::{IntoIter, Iter, TryIter};
use self::shared::Shared;
use crate::message::Payload;

/// A first-in first-out queue between processes, for any number of putters and getters.
///
/// * **Handles** can be cloned, sent and shared between threads; all handles of one `open` count as
///   one participant.
/// * **Order.** Messages are taken in the order in which their puts took effect, one order for all
///   processes. No order among blocked callers is promised.
/// * **Death of a peer.** A message whose put returned is never lost. One that is being put is
///   wholly in or out. What a dead process had taken and not released is counted as lost, and its
///   memory comes back within about 100 ms if any process waits, or when one opens the queue.
/// * **Happens-before.** What a putter did before its put is seen by the getter of the message.
/// * **Fork.** The child must open the queue anew: its copy of a handle returns
///   [`SegmentError::Forked`](crate::SegmentError::Forked). Operations are not for signal handlers.
///
/// *Soundness*: messages are read in place, so opening a queue is a promise that no process with
/// access to its file writes to it by other means.
///
/// ```
/// # use ringway::Queue;
/// # let name = &format!("doc-queue-{}", std::process::id());
/// let queue = Queue::<String>::create(name, 3)?;
/// queue.put("hello".to_owned())?;
/// // ... and in any other process:
/// let same = Queue::<String>::open(name)?;
/// assert_eq!(&*same.get()?, "hello");
/// queue.remove()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Queue<T: Payload + ?Sized> {
    shared: Arc<Shared>,
    payload: PhantomData<fn(Box<T>) -> Box<T>>,
}

impl<T: Payload + ?Sized> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), payload: PhantomData }
    }
}

impl<T: Payload + ?Sized> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queue({}, maxsize {})", self.label(), self.maxsize())
    }
}

impl<T: Payload + ?Sized> Queue<T> {
    pub(crate) fn over(shared: Arc<Shared>) -> Self {
        Self { shared, payload: PhantomData }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl<T: Payload + ?Sized> UnwindSafe for Queue<T> {}
impl<T: Payload + ?Sized> RefUnwindSafe for Queue<T> {}

const _: () = {
    const fn is_shareable<Q: Send + Sync + Clone + UnwindSafe>() {}
    is_shareable::<Queue<u8>>();
    is_shareable::<Queue<[u8]>>();
};

mod fill;
pub(crate) mod shared;

// The documentation has the calls in this order.
mod create;

mod put;

mod get;

mod iter;

mod questions;

mod many;

mod loan;

mod bytes;
