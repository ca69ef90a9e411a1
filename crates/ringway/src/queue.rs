//! The queue.

use core::borrow::Borrow;
use core::fmt;
use core::marker::PhantomData;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringway_core::attachment::Attachment;
use ringway_core::census;
use ringway_core::error::{CreateError, Fault, OpenError};
use ringway_core::packed::Block;
use ringway_core::recovery::Recovered;

use crate::batch::{BATCH_MAX, Batch, Outgoing};
use crate::error::{GetError, Name, PutError, PutManyError};
use crate::loan::Loan;
use crate::message::{self, Message, Payload};
use crate::options::QueueOptions;
use crate::received::{Received, ReceivedBytes};
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
/// queue.remove();
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
    /// [`Fault`].
    pub fn len(&self) -> Result<u64, Fault> {
        self.shared.at.check_process()?;
        self.shared.at.size()
    }

    /// Whether it was empty at one instant of the call.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn is_empty(&self) -> Result<bool, Fault> {
        Ok(self.len()? == 0)
    }

    /// Whether it held `maxsize` messages at one instant of the call.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn is_full(&self) -> Result<bool, Fault> {
        Ok(self.len()? >= self.maxsize())
    }

    /// Shuts the queue down for everybody: later puts fail, gets take what is left and then fail. All sleepers wake.
    /// With `immediate`, what is left is dropped.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn shutdown(&self, immediate: bool) -> Result<(), Fault> {
        self.shared.at.shut_down(immediate)
    }

    /// Whether it was shut down.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn is_shut_down(&self) -> Result<bool, Fault> {
        self.shared.at.check_process()?;
        self.shared.at.is_shut_down()
    }

    /// Takes back what dead participants held. Whoever waits, opens the queue or finds no block does so anyway.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn recover(&self) -> Result<Recovered, Fault> {
        self.shared.at.recover()
    }

    /// Removes its name. Those who have it open go on using it. Answers whether the name still stood for this queue.
    /// A forked child does nothing.
    pub fn remove(&self) -> bool {
        self.shared.at.check_process().is_ok() && census::remove(self.shared.at.segment())
    }

    /// What there is to see of it.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn snapshot(&self) -> Result<census::Snapshot, Fault> {
        self.shared.at.check_process()?;
        census::snapshot(self.shared.at.segment())
    }

    /// A descriptor of the segment that child processes inherit, to be opened there by
    /// [`QueueOptions::open_fd`]. Close it when the children have been started.
    ///
    /// # Errors
    /// When there is none (a queue on the heap), no more descriptors, or in a forked child.
    pub fn inheritable_fd(&self) -> io::Result<OwnedFd> {
        self.shared.at.check_process().map_err(io::Error::other)?;
        self.shared.at.inheritable_fd()
    }
}

/// Plain bytes. On a queue of a [`Message`] type they must be what rkyv makes of one, or the getter refuses them.
impl<T: Payload + ?Sized> Queue<T> {
    /// Puts a message of bytes, waiting for a place.
    ///
    /// # Errors
    /// [`PutError`] with the bytes in it.
    pub fn put_bytes<B: AsRef<[u8]>>(&self, bytes: B) -> Result<(), PutError<B>> {
        self.put_bytes_until(bytes, Until::Forever)
    }

    /// Puts a message of bytes if there is a place.
    ///
    /// # Errors
    /// [`PutError`] with the bytes in it.
    pub fn try_put_bytes<B: AsRef<[u8]>>(&self, bytes: B) -> Result<(), PutError<B>> {
        self.put_bytes_until(bytes, Until::Now)
    }

    /// Puts a message of bytes, waiting for a place at most so long.
    ///
    /// # Errors
    /// [`PutError`] with the bytes in it.
    pub fn put_bytes_timeout<B: AsRef<[u8]>>(&self, bytes: B, timeout: Duration) -> Result<(), PutError<B>> {
        self.put_bytes_until(bytes, Until::after(timeout))
    }

    /// Puts a message of bytes, waiting for a place until then.
    ///
    /// # Errors
    /// [`PutError`] with the bytes in it.
    pub fn put_bytes_deadline<B: AsRef<[u8]>>(&self, bytes: B, deadline: Instant) -> Result<(), PutError<B>> {
        self.put_bytes_until(bytes, Until::At(deadline.into()))
    }

    #[inline]
    fn put_bytes_until<B: AsRef<[u8]>>(&self, bytes: B, until: Until) -> Result<(), PutError<B>> {
        let message = bytes.as_ref(); // its code may fork, and so comes first
        let filled = self.shared.may_put(until).and_then(|()| self.fill(message, until));
        self.send(filled, bytes, until)
    }

    /// Puts messages of bytes in order, each waiting for a place, with fewer ring operations than messages.
    ///
    /// # Errors
    /// [`PutManyError`], which says how many went in.
    pub fn put_many_bytes<B: AsRef<[u8]>>(&self, messages: &[B]) -> Result<(), PutManyError> {
        self.put_batches(messages, |bytes, until| {
            let message = bytes.as_ref();
            self.shared.at.check_process()?; // its code may have forked
            self.fill(message, until)
        })
    }

    /// Takes the oldest message as bytes, waiting for one.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_bytes(&self) -> Result<ReceivedBytes<'_>, GetError> {
        self.get_block(Until::Forever).map(ReceivedBytes::new)
    }

    /// Takes the oldest message as bytes, if there is one.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn try_get_bytes(&self) -> Result<ReceivedBytes<'_>, GetError> {
        self.get_block(Until::Now).map(ReceivedBytes::new)
    }

    /// Takes the oldest message as bytes, waiting for one at most so long.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_bytes_timeout(&self, timeout: Duration) -> Result<ReceivedBytes<'_>, GetError> {
        self.get_block(Until::after(timeout)).map(ReceivedBytes::new)
    }

    /// Takes the oldest message as bytes, waiting for one until then.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_bytes_deadline(&self, deadline: Instant) -> Result<ReceivedBytes<'_>, GetError> {
        self.get_block(Until::At(deadline.into())).map(ReceivedBytes::new)
    }

    /// Takes the oldest messages at once: at least one, waiting for it, and at most `max`, which is cut to
    /// [`BATCH_MAX`]. `max` 0 takes none.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_many(&self, max: usize) -> Result<Batch<'_, T>, GetError> {
        self.get_many_until(max, Until::Forever)
    }

    /// Takes the oldest messages at once if there are any: at most `max`, which is cut to [`BATCH_MAX`].
    ///
    /// # Errors
    /// [`GetError`].
    pub fn try_get_many(&self, max: usize) -> Result<Batch<'_, T>, GetError> {
        self.get_many_until(max, Until::Now)
    }

    /// As [`get_many`](Self::get_many), waiting for the first at most so long.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_many_timeout(&self, max: usize, timeout: Duration) -> Result<Batch<'_, T>, GetError> {
        self.get_many_until(max, Until::after(timeout))
    }

    fn get_many_until(&self, max: usize, until: Until) -> Result<Batch<'_, T>, GetError> {
        self.shared.at.check_process().map_err(|fault| GetError::Fault { queue: self.name(), fault })?;
        let mut blocks = [Block::CLOSED; BATCH_MAX];
        let count = match max.min(BATCH_MAX) {
            0 => 0,
            max => self.shared.receive(&mut blocks[..max], until)?,
        };
        Ok(Batch::new(&self.shared, blocks, count))
    }

    /// Memory for a message of so many bytes, zeroed, to be filled and sent.
    ///
    /// # Errors
    /// [`PutError`]: too large, or no free block.
    pub fn loan(&self, bytes: usize) -> Result<Loan<'_>, PutError<()>> {
        self.loan_until(bytes, Until::Forever)
    }

    /// Memory for a message of so many bytes, if there is a free block.
    ///
    /// # Errors
    /// [`PutError`].
    pub fn try_loan(&self, bytes: usize) -> Result<Loan<'_>, PutError<()>> {
        self.loan_until(bytes, Until::Now)
    }

    fn loan_until(&self, bytes: usize, until: Until) -> Result<Loan<'_>, PutError<()>> {
        let taken = self.shared.at.check_process().map_err(Stop::from).and_then(|()| self.shared.take(bytes, until));
        match taken {
            Ok(block) => Ok(Loan::new(OwnedBlock::new(&self.shared, block), bytes)),
            Err(stop) => Err(self.shared.give_back(stop, ())),
        }
    }

    #[inline]
    fn fill(&self, bytes: &[u8], until: Until) -> Result<OwnedBlock<'_>, Stop> {
        let mut block = OwnedBlock::new(&self.shared, self.shared.take(bytes.len(), until)?);
        block.room()[..bytes.len()].write_copy_of_slice(bytes);
        block.set_length(bytes.len());
        Ok(block)
    }

    #[inline]
    fn send<V>(&self, filled: Result<OwnedBlock<'_>, Stop>, value: V, until: Until) -> Result<(), PutError<V>> {
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

    /// Fills and sends in batches. Only for the first message of a batch it waits for a block: who waits with others in
    /// hand could wait for somebody who does the same.
    fn put_batches<'q, V>(
        &'q self,
        values: &[V],
        mut fill: impl FnMut(&V, Until) -> Result<OwnedBlock<'q>, Stop>,
    ) -> Result<(), PutManyError> {
        let mut put = 0;
        let mut result = self.shared.may_put(Until::Forever);
        while result.is_ok() && put < values.len() {
            let mut batch = Outgoing::new(&self.shared);
            for value in values[put..].iter().take(BATCH_MAX) {
                let until = if batch.is_empty() { Until::Forever } else { Until::Now };
                match fill(value, until) {
                    Ok(block) => batch.push(block),
                    Err(Stop::Full | Stop::NoBlock) => break,
                    Err(stop) => {
                        result = Err(stop);
                        break;
                    }
                }
            }
            let (sent, outcome) = batch.send(Until::Forever);
            put += sent;
            result = outcome.and(result);
        }
        result.map_err(|stop| PutManyError { put, error: self.shared.give_back(stop, ()) })
    }

    #[inline]
    fn get_block(&self, until: Until) -> Result<OwnedBlock<'_>, GetError> {
        self.shared.receive_one(until).map(|block| OwnedBlock::new(&self.shared, block))
    }
}

/// Typed messages. A put takes the value or a reference to it, and gives back in the error what it took.
impl<T: Message> Queue<T> {
    /// Puts a value, waiting for a place.
    ///
    /// # Errors
    /// [`PutError`] with the value in it.
    pub fn put<V: Borrow<T>>(&self, value: V) -> Result<(), PutError<V>> {
        self.put_until(value, Until::Forever)
    }

    /// Puts a value if there is a place.
    ///
    /// # Errors
    /// [`PutError`] with the value in it.
    pub fn try_put<V: Borrow<T>>(&self, value: V) -> Result<(), PutError<V>> {
        self.put_until(value, Until::Now)
    }

    /// The same as [`try_put`](Self::try_put), by its name in Python.
    ///
    /// # Errors
    /// [`PutError`] with the value in it.
    pub fn put_nowait<V: Borrow<T>>(&self, value: V) -> Result<(), PutError<V>> {
        self.try_put(value)
    }

    /// Puts a value, waiting for a place at most so long.
    ///
    /// # Errors
    /// [`PutError`] with the value in it.
    pub fn put_timeout<V: Borrow<T>>(&self, value: V, timeout: Duration) -> Result<(), PutError<V>> {
        self.put_until(value, Until::after(timeout))
    }

    /// Puts a value, waiting for a place until then.
    ///
    /// # Errors
    /// [`PutError`] with the value in it.
    pub fn put_deadline<V: Borrow<T>>(&self, value: V, deadline: Instant) -> Result<(), PutError<V>> {
        self.put_until(value, Until::At(deadline.into()))
    }

    #[inline]
    fn put_until<V: Borrow<T>>(&self, value: V, until: Until) -> Result<(), PutError<V>> {
        let message = value.borrow(); // its code may fork, and so comes first
        let filled = self.shared.may_put(until).and_then(|()| self.encode(message, until));
        self.send(filled, value, until)
    }

    /// Puts values in order, each waiting for a place, with fewer ring operations than messages.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<u32>::options().create(Place::Heap)?;
    /// queue.put_many(&[1, 2, 3])?;
    /// let taken: Result<Vec<u32>, _> = queue.get_many(10)?.map(|message| message.map(|m| m.to_native())).collect();
    /// assert_eq!(taken?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PutManyError`], which says how many went in.
    pub fn put_many<V: Borrow<T>>(&self, values: &[V]) -> Result<(), PutManyError> {
        self.put_batches(values, |value, until| {
            let message = value.borrow();
            self.shared.at.check_process()?; // its code may have forked
            self.encode(message, until)
        })
    }

    /// Takes the oldest message, waiting for one. It is checked, and read where it lies.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get(&self) -> Result<Received<'_, T>, GetError> {
        self.get_block(Until::Forever).and_then(Received::checked)
    }

    /// Takes the oldest message, if there is one.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn try_get(&self) -> Result<Received<'_, T>, GetError> {
        self.get_block(Until::Now).and_then(Received::checked)
    }

    /// The same as [`try_get`](Self::try_get), by its name in Python.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_nowait(&self) -> Result<Received<'_, T>, GetError> {
        self.try_get()
    }

    /// Takes the oldest message, waiting for one at most so long.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_timeout(&self, timeout: Duration) -> Result<Received<'_, T>, GetError> {
        self.get_block(Until::after(timeout)).and_then(Received::checked)
    }

    /// Takes the oldest message, waiting for one until then.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_deadline(&self, deadline: Instant) -> Result<Received<'_, T>, GetError> {
        self.get_block(Until::At(deadline.into())).and_then(Received::checked)
    }

    /// Takes the oldest message, waiting for one, without checking its bytes.
    ///
    /// # Safety
    /// Every participant puts only whole values of `T` as this program archives it: none uses `put_bytes` or `loan` on
    /// this queue for anything else, and none writes to the segment by other means.
    ///
    /// # Errors
    /// [`GetError`].
    pub unsafe fn get_unchecked(&self) -> Result<Received<'_, T>, GetError> {
        let block = self.get_block(Until::Forever)?;
        // SAFETY: the caller vouches for what was put.
        unsafe { Received::unchecked(block) }
    }

    /// Messages until the queue is shut down and drained, waiting for each. A [`Fault`] is the last item.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { queue: self, ended: false }
    }

    #[inline]
    fn encode(&self, value: &T, until: Until) -> Result<OwnedBlock<'_>, Stop> {
        let mut room = size_of::<T::Archived>();
        loop {
            let mut block = OwnedBlock::new(&self.shared, self.shared.take(room, until)?);
            let place = block.room();
            let available = place.len();
            let needed = message::encode(value, place).map_err(Stop::Encode)?;
            self.shared.at.check_process()?; // the value's own code may have forked
            if needed <= available && needed as u64 <= self.max_message() {
                block.set_length(needed);
                return Ok(block);
            }
            room = needed;
        }
    }
}

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
    queue: &'q Queue<T>,
    ended: bool,
}

impl<'q, T: Message> Iterator for Iter<'q, T> {
    type Item = Result<Received<'q, T>, GetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let taken = self.queue.get();
        self.ended = matches!(taken, Err(GetError::ShutDown { .. } | GetError::Fault { .. }));
        match taken {
            Err(GetError::ShutDown { .. }) => None,
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

const _: () = {
    const fn is_shareable<Q: Send + Sync + Clone>() {}
    is_shareable::<Queue<u8>>();
    is_shareable::<Queue<[u8]>>();
};
