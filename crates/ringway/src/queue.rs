//! The queue.

mod get;
mod iter;
mod loan;
mod many;
mod put;
pub(crate) mod shared;

use core::fmt;
use core::marker::PhantomData;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use ringway_segment::attachment::Inside;
use ringway_segment::error::SegmentError;
use ringway_segment::inspect::{self, Snapshot};
use ringway_segment::objects::channel::Channel;
use ringway_segment::recovery::{self, Recovered};

pub use self::iter::{IntoIter, Iter, TryIter};
use self::shared::Shared;
use crate::error::Error;
use crate::handle::object_methods;
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
///   [`SegmentError::Forked`]. Operations are not for signal handlers.
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

object_methods! {
    [T: Payload + ?Sized] Queue<T>,
    "queue", "Queue::<u32>";
    [maxsize: u64 = "3"];
    |queue| queue.shared.channel.object()
}

/// Asking and shutting down.
impl<T: Payload + ?Sized> Queue<T> {
    pub(crate) fn over(shared: Arc<Shared>) -> Self {
        Self { shared, payload: PhantomData }
    }

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

    /// How many messages it holds at most.
    #[doc(alias = "capacity")]
    pub fn maxsize(&self) -> u64 {
        self.shared.maxsize()
    }

    /// Whether messages that were taken can be put back.
    pub fn returns(&self) -> bool {
        self.shared.channel.returns()
    }

    /// Bytes of the largest message.
    pub fn max_message(&self) -> u64 {
        self.shared.channel.measures().max_message
    }

    /// How many messages are in it: exact at one instant of the call. Those that were put back
    /// count, and are looked at a moment later.
    ///
    /// # Errors
    /// [`Error`].
    #[doc(alias = "qsize")]
    pub fn len(&self) -> Result<u64, Error> {
        self.ask(|channel, _| channel.size())
    }

    /// Whether it was empty at one instant of the call.
    ///
    /// # Errors
    /// [`Error`].
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len()? == 0)
    }

    /// Whether it held `maxsize` messages at one instant of the call, but for those that were put
    /// back.
    ///
    /// # Errors
    /// [`Error`].
    pub fn is_full(&self) -> Result<bool, Error> {
        self.ask(|channel, _| channel.is_full())
    }

    /// Shuts the queue down for all processes: later puts fail, gets take what is left and then
    /// fail. All that wait wake up. A queue that was shut down stays so.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<u32>::options().create(Place::Heap)?;
    /// queue.put(1)?;
    /// queue.shutdown()?;
    /// assert!(queue.put(2).unwrap_err().is_shut_down());
    /// assert_eq!(queue.get_value()?, 1);
    /// assert!(queue.get().unwrap_err().is_shut_down());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error`].
    #[doc(alias = "close")]
    pub fn shutdown(&self) -> Result<(), Error> {
        self.ask(|channel, inside| channel.shut_down(inside, false))
    }

    /// As [`shutdown`](Self::shutdown), and drops the messages that are left.
    ///
    /// # Errors
    /// [`Error`].
    pub fn shutdown_now(&self) -> Result<(), Error> {
        self.ask(|channel, inside| channel.shut_down(inside, true))
    }

    /// Whether it was shut down.
    ///
    /// # Errors
    /// [`Error`].
    pub fn is_shut_down(&self) -> Result<bool, Error> {
        self.ask(|channel, _| channel.is_shut_down())
    }

    /// Takes back what dead participants held. A caller that waits, opens the queue or finds no
    /// free block does so anyway.
    ///
    /// # Errors
    /// [`Error`].
    pub fn reclaim(&self) -> Result<Recovered, Error> {
        self.ask(|_, inside| recovery::recover(inside.attachment()))
    }

    /// Returns a snapshot: size, totals, participants, waiters.
    ///
    /// # Errors
    /// [`Error`] in a forked child, or when a word is damaged.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        self.ask(|channel, inside| {
            let segment = inside.attachment().segment();
            inspect::snapshot(segment, &channel.object().info()?)
        })
    }

    fn ask<R>(
        &self,
        question: impl FnOnce(&Channel, Inside<'_>) -> Result<R, SegmentError>,
    ) -> Result<R, Error> {
        let channel = &self.shared.channel;
        let inside = channel.attachment().enter();
        let answer = inside.and_then(|inside| question(channel, inside));
        answer.map_err(|kind| Error { object: self.label(), kind })
    }
}

impl<T: Payload + ?Sized> UnwindSafe for Queue<T> {}
impl<T: Payload + ?Sized> RefUnwindSafe for Queue<T> {}

const _: () = {
    const fn is_shareable<Q: Send + Sync + Clone + UnwindSafe>() {}
    is_shareable::<Queue<u8>>();
    is_shareable::<Queue<[u8]>>();
};
