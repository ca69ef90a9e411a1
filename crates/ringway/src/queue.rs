//! The queue.

mod bytes;
mod iter;
mod many;
mod typed;

use core::fmt;
use core::marker::PhantomData;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use ringway_core::attachment::Attachment;
use ringway_core::census;
use ringway_core::error::{CreateError, Fault, OpenError, RemoveError};
use ringway_core::recovery::Recovered;
use ringway_core::removal;

pub use self::iter::Iter;
use crate::error::{GetError, Name, PutError, QueueError};
use crate::message::Payload;
use crate::options::QueueOptions;
use crate::shared::{OwnedBlock, Shared, Stop};
use crate::wait::{Until, WaitStrategy};

/// A first-in first-out queue between processes, for any number of putters and getters.
///
/// A handle can be cloned, sent and shared between threads; all handles of one `open` count as one participant.
/// Operations are not for signal handlers. After a fork the child must open the queue anew: its copy of a handle
/// answers [`Fault::Forked`].
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
        write!(f, "Queue({}, maxsize {})", self.name(), self.maxsize())
    }
}

/// Creating, opening and asking.
impl<T: Payload + ?Sized> Queue<T> {
    pub(crate) fn from_attachment(at: Attachment, strategy: WaitStrategy) -> Self {
        Self { shared: Arc::new(Shared::new(at, strategy)), payload: PhantomData }
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

    /// What errors call it.
    pub fn name(&self) -> Name {
        self.shared.name()
    }

    /// How many messages it holds at most.
    pub fn maxsize(&self) -> u64 {
        self.shared.maxsize()
    }

    /// Bytes of the largest message.
    pub fn max_message(&self) -> u64 {
        self.shared.at.segment().geometry().measures.max_message
    }

    /// How many messages are in it: exact at one instant of the call.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn len(&self) -> Result<u64, QueueError> {
        self.ask(Attachment::size)
    }

    /// Whether it was empty at one instant of the call.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn is_empty(&self) -> Result<bool, QueueError> {
        Ok(self.len()? == 0)
    }

    /// Whether it held `maxsize` messages at one instant of the call.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn is_full(&self) -> Result<bool, QueueError> {
        Ok(self.len()? >= self.maxsize())
    }

    /// Shuts the queue down for everybody: later puts fail, gets take what is left and then fail. All sleepers wake.
    /// With `immediate`, what is left is dropped.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn shutdown(&self, immediate: bool) -> Result<(), QueueError> {
        self.ask(|at| at.shut_down(immediate))
    }

    /// Whether it was shut down.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn is_shut_down(&self) -> Result<bool, QueueError> {
        self.ask(Attachment::is_shut_down)
    }

    /// Takes back what dead participants held. Whoever waits, opens the queue or finds no block does so anyway.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn recover(&self) -> Result<Recovered, QueueError> {
        self.ask(Attachment::recover)
    }

    /// Removes its name. Those who have it open go on using it. Answers whether the name still stood for this queue.
    ///
    /// # Errors
    /// [`RemoveError`] when the system refuses, and in a forked child: then nothing has changed.
    pub fn remove(&self) -> Result<bool, RemoveError> {
        let segment = self.shared.at.segment();
        self.shared.at.check_process().map_err(|fault| RemoveError {
            path: segment.path().unwrap_or(Path::new("a queue without a name")).to_owned(),
            owner: None,
            source: io::Error::other(fault),
        })?;
        removal::remove(segment)
    }

    /// What there is to see of it.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn snapshot(&self) -> Result<census::Snapshot, QueueError> {
        self.ask(|at| census::snapshot(at.segment()))
    }

    /// A descriptor of the segment that child processes inherit, to be opened there by
    /// [`QueueOptions::open_fd`]. Close it when the children have been started.
    ///
    /// # Errors
    /// When there is none (a queue on the heap), no more descriptors, or in a forked child.
    pub fn inheritable_fd(&self) -> io::Result<OwnedFd> {
        let at = self.ask(Ok).map_err(io::Error::other)?;
        if at.segment().file().is_none() {
            let text = format!(
                "{} is of this process alone; create it at `Place::Unnamed` to hand it on",
                self.name()
            );
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        at.inheritable_fd().map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("{}: cannot make a descriptor to inherit: {error}", self.name()),
            )
        })
    }

    fn ask<'q, R>(
        &'q self,
        question: impl FnOnce(&'q Attachment) -> Result<R, Fault>,
    ) -> Result<R, QueueError> {
        let at = &self.shared.at;
        let answer = at.check_process().and_then(|()| question(at));
        answer.map_err(|fault| QueueError { queue: self.name(), fault })
    }
}

// One message out, one message in.
impl<T: Payload + ?Sized> Queue<T> {
    #[inline]
    fn send<V>(
        &self,
        filled: Result<OwnedBlock<'_>, Stop>,
        value: V,
        until: Until,
    ) -> Result<(), PutError<V>> {
        let stop = match filled {
            Ok(block) => match self.shared.send_one(block.block(), until) {
                Ok(()) => {
                    block.forget();
                    return Ok(());
                }
                Err(stop) => stop,
            },
            Err(stop) => stop,
        };
        Err(self.shared.give_back(stop, value))
    }

    #[inline]
    fn get_block(&self, until: Until) -> Result<OwnedBlock<'_>, GetError> {
        self.shared.receive_one(until).map(|block| OwnedBlock::new(&self.shared, block))
    }
}

const _: () = {
    const fn is_shareable<Q: Send + Sync + Clone>() {}
    is_shareable::<Queue<u8>>();
    is_shareable::<Queue<[u8]>>();
};
