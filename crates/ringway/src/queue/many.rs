//! Many messages at once.

use std::time::{Duration, Instant};

use ringway_segment::objects::channel::OwnedBlocks;
use ringway_segment::waiting::Until;

use super::Queue;
use super::fill::IntoBlock;
use super::shared::{Share, Stop};
use crate::as_message::AsMessage;
use crate::batch::{BATCH_MAX, Batch};
use crate::error::{GetError, GetErrorKind, PutManyError};
use crate::message::Payload;

/// Many messages at once, with fewer ring operations than messages.
impl<T: Payload + ?Sized> Queue<T> {
    /// Puts values in order, blocking for each while the queue is full.
    ///
    /// ```
    /// # use ringway::{Place, Queue};
    /// let queue = Queue::<u32>::options().create(Place::Heap)?;
    /// queue.put_many(&[1, 2, 3])?;
    /// let taken: Result<Vec<u32>, _> = queue.get_many(10)?.map(|message| message?.deserialize()).collect();
    /// assert_eq!(taken?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PutManyError`], which says how many went in.
    pub fn put_many<V: AsMessage<T>>(&self, values: &[V]) -> Result<(), PutManyError> {
        self.put_many_until(values, Until::Forever)
    }

    /// Puts as many of the values as there are places for.
    ///
    /// # Errors
    /// [`PutManyError`], which says how many went in.
    pub fn try_put_many<V: AsMessage<T>>(&self, values: &[V]) -> Result<(), PutManyError> {
        self.put_many_until(values, Until::Now)
    }

    /// As [`put_many`](Self::put_many), blocking for up to `timeout` in all while the queue is
    /// full.
    ///
    /// # Errors
    /// [`PutManyError`], which says how many went in.
    pub fn put_many_timeout<V: AsMessage<T>>(
        &self,
        values: &[V],
        timeout: Duration,
    ) -> Result<(), PutManyError> {
        self.put_many_until(values, Until::after(timeout))
    }

    /// As [`put_many`](Self::put_many), blocking until `deadline` while the queue is full.
    ///
    /// # Errors
    /// [`PutManyError`], which says how many went in.
    pub fn put_many_deadline<V: AsMessage<T>>(
        &self,
        values: &[V],
        deadline: Instant,
    ) -> Result<(), PutManyError> {
        self.put_many_until(values, Until::At(deadline.into()))
    }

    /// Takes the oldest messages at once: at least one, waiting for it, and at most `max`, which is
    /// cut to [`BATCH_MAX`]. `max` 0 takes none.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_many(&self, max: usize) -> Result<Batch<'_, T>, GetError> {
        self.get_many_until(max, Until::Forever)
    }

    /// Takes the oldest messages at once if there are any: at most `max`, which is cut to
    /// [`BATCH_MAX`].
    ///
    /// # Errors
    /// [`GetError`].
    pub fn try_get_many(&self, max: usize) -> Result<Batch<'_, T>, GetError> {
        self.get_many_until(max, Until::Now)
    }

    /// As [`get_many`](Self::get_many), blocking for up to `timeout` for the first.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_many_timeout(
        &self,
        max: usize,
        timeout: Duration,
    ) -> Result<Batch<'_, T>, GetError> {
        self.get_many_until(max, Until::after(timeout))
    }

    /// As [`get_many`](Self::get_many), blocking until `deadline` for the first.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn get_many_deadline(
        &self,
        max: usize,
        deadline: Instant,
    ) -> Result<Batch<'_, T>, GetError> {
        self.get_many_until(max, Until::At(deadline.into()))
    }

    fn get_many_until(&self, max: usize, until: Until) -> Result<Batch<'_, T>, GetError> {
        let channel = &self.shared.channel;
        let entered = channel.attachment().enter();
        entered.map_err(|error| self.shared.no_message(GetErrorKind::Segment(error)))?;
        let taken = match max.min(BATCH_MAX) {
            0 => OwnedBlocks::new(channel),
            max => self.shared.receive(max, until)?,
        };
        Ok(Batch::new(&self.shared, taken))
    }

    fn put_many_until<V: AsMessage<T>>(
        &self,
        values: &[V],
        until: Until,
    ) -> Result<(), PutManyError> {
        let mut put = 0;
        let entered = self.shared.channel.attachment().enter();
        let mut result = entered.map(|_| ()).map_err(Stop::from);
        while result.is_ok() && put < values.len() {
            let sent;
            (sent, result) = self.put_batch(&values[put..], until);
            put += sent;
            if matches!(result, Err(Stop::Crowded)) {
                result = self.shared.wait_for_room(until);
            }
        }
        result.map_err(|stop| PutManyError { put, error: self.shared.give_back(stop, ()) })
    }

    /// Puts the first of `values` by one ring operation; returns how many went in.
    fn put_batch<V: AsMessage<T>>(&self, values: &[V], until: Until) -> (usize, Result<(), Stop>) {
        if let Err(stop) = self.shared.may_put(until) {
            return (0, Err(stop));
        }
        let mut batch = OwnedBlocks::new(&self.shared.channel);
        let mut result = Ok(());
        for value in values.iter().take(BATCH_MAX) {
            let until = if batch.is_empty() { until } else { Until::Now };
            match value.write(IntoBlock { shared: &self.shared, until }) {
                Ok((held, _)) => {
                    let _ = batch.push_back(held); // there is room for BATCH_MAX
                }
                Err(stop) => {
                    result = Err(stop);
                    break;
                }
            }
        }
        // What is ready goes first; the next batch meets the lack of blocks again, and waits.
        if !batch.is_empty() && result.as_ref().is_err_and(Stop::is_for_now) {
            result = Ok(());
        }
        let filled = batch.len();
        if filled == 0 {
            return (0, result);
        }
        let outcome = self.shared.send(&mut batch, until, Share::InFlight);
        (filled - batch.len(), outcome.and(result))
    }
}
