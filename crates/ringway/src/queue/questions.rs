//! Asking a queue, shutting it down, and taking back what the dead held.

use ringway_segment::attachment::Inside;
use ringway_segment::error::SegmentError;
use ringway_segment::inspect::{self, Snapshot};
use ringway_segment::objects::channel::Channel;
use ringway_segment::recovery::{self, Recovered};

use super::Queue;
use crate::error::Error;
use crate::message::Payload;

/// Asking and shutting down.
impl<T: Payload + ?Sized> Queue<T> {
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
