//! The queue.

mod bytes;
mod iter;
mod many;
pub(crate) mod shared;
mod typed;

use core::fmt;
use core::marker::PhantomData;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use ringway_segment::attachment::Inside;
use ringway_segment::error::{CreateError, OpenError, RemoveError, SegmentError};
use ringway_segment::inspect::{self, Snapshot};
use ringway_segment::objects::channel::{Channel, Guard};
use ringway_segment::recovery::{self, Recovered};
use ringway_segment::waiting::Until;

pub use self::iter::Iter;
use self::shared::Shared;
use crate::context::Context;
use crate::error::{Error, GetError, Label};
use crate::handle;
use crate::message::Payload;
use crate::options::QueueOptions;

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

/// Creating, opening and asking.
impl<T: Payload + ?Sized> Queue<T> {
    pub(crate) fn over(shared: Arc<Shared>) -> Self {
        Self { shared, payload: PhantomData }
    }

    /// More ways to create and open.
    pub fn options() -> QueueOptions<T> {
        QueueOptions::new()
    }

    /// Creates a queue under a name.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn create(name: &str, maxsize: u64) -> Result<Self, CreateError> {
        Self::options().maxsize(maxsize).create(name)
    }

    /// Opens the queue of that name.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(name: &str) -> Result<Self, OpenError> {
        Self::options().open(name)
    }

    /// Creates a queue beside the other objects of a context.
    ///
    /// # Errors
    /// [`CreateError::AlreadyExists`], [`CreateError::ContextFull`].
    pub fn create_in(context: &Context, name: &str, maxsize: u64) -> Result<Self, CreateError> {
        Self::options().maxsize(maxsize).create_in(context, name)
    }

    /// Opens a queue of a context.
    ///
    /// # Errors
    /// [`OpenError::NotFound`], [`OpenError::Refused`] if the name stands for another kind, or the
    /// messages of the queue are of another type.
    pub fn open_in(context: &Context, name: &str) -> Result<Self, OpenError> {
        Self::options().open_in(context, name)
    }

    /// What errors call it.
    #[must_use]
    pub fn label(&self) -> Label {
        self.shared.label()
    }

    /// How many messages it holds at most.
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

    /// Shuts the queue down for everybody: later puts fail, gets take what is left and then fail.
    /// All sleepers wake. With `immediate`, what is left is dropped.
    ///
    /// # Errors
    /// [`Error`].
    pub fn shutdown(&self, immediate: bool) -> Result<(), Error> {
        self.ask(|channel, inside| channel.shut_down(inside, immediate))
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
    pub fn recover(&self) -> Result<Recovered, Error> {
        self.ask(|_, inside| recovery::recover(inside.attachment()))
    }

    /// Removes its name. Processes that have it open go on using it. Returns whether the name still
    /// stood for this queue.
    ///
    /// # Errors
    /// [`RemoveError`] when the system refuses, and in a forked child: then nothing has changed.
    pub fn remove(&self) -> Result<bool, RemoveError> {
        handle::remove(self.shared.channel.object())
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

    /// A descriptor of the segment that child processes inherit, to be opened there by
    /// [`QueueOptions::open_fd`]. Close it when the children have been started.
    ///
    /// # Errors
    /// When there is none (a queue on the heap), no more descriptors, or in a forked child.
    pub fn inheritable_fd(&self) -> io::Result<OwnedFd> {
        handle::inheritable_fd(self.shared.channel.object())
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

    #[inline(always)]
    fn get_block(&self, until: Until) -> Result<Guard<'_>, GetError> {
        match self.shared.receive_fast() {
            Some(held) => Ok(Guard::new(held)),
            None => self.shared.receive_one_slowly(until).map(Guard::new),
        }
    }
}

const _: () = {
    const fn is_shareable<Q: Send + Sync + Clone>() {}
    is_shareable::<Queue<u8>>();
    is_shareable::<Queue<[u8]>>();
};
