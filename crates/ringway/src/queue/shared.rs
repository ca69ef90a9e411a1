//! What all handles of a queue in one process share, below typed messages: putting and getting
//! blocks, with the waiting that belongs to them.

use core::ops::ControlFlow;
use core::sync::atomic::AtomicUsize;
use std::sync::Arc;

use ringway_segment::attachment::Inside;
use ringway_segment::core::ring::{ClaimEnd, PushError};
use ringway_segment::core::store::NoBlock;
use ringway_segment::error::SegmentError;
use ringway_segment::objects::channel::{Channel, OwnedBlock, OwnedBlocks, Side};
use ringway_segment::waiting::{Until, WaitStrategy, Waiter};

use super::fill::{IntoBlock, NextPlace};
use crate::as_message::AsMessage;
use crate::error::{GetError, GetErrorKind, Label, PutError, PutErrorKind, Reason};
use crate::message::Payload;

pub struct Shared {
    pub(crate) channel: Channel,
    pub(crate) strategy: WaitStrategy,
    /// Bytes of the last value, which the next one will probably have as well.
    pub(crate) last_size: AtomicUsize,
    /// Whether the type of the messages contains itself.
    pub(crate) is_nested: bool,
}

/// Why a put stopped, before the value is given back.
#[derive(Debug)]
pub enum Stop {
    Full,
    NoBlock,
    ShutDown,
    TooLarge {
        bytes: u64,
    },
    Encode(Reason),
    Segment(Box<SegmentError>),
    /// Too many callers of this process sleep with blocks; this one gave its own back.
    Crowded,
}

impl Stop {
    #[cold]
    pub(crate) fn encode(reason: rkyv::rancor::BoxedError) -> Self {
        Self::Encode(Reason::new(&reason))
    }

    /// Whether a later attempt may succeed.
    pub(crate) fn is_for_now(&self) -> bool {
        matches!(self, Self::Full | Self::NoBlock | Self::Crowded)
    }
}

impl From<SegmentError> for Stop {
    fn from(error: SegmentError) -> Self {
        Self::Segment(Box::new(error))
    }
}

impl Shared {
    pub(crate) fn new(channel: Channel, strategy: WaitStrategy, is_nested: bool) -> Self {
        Self { channel, strategy, last_size: AtomicUsize::new(0), is_nested }
    }

    fn waiter<'s>(&'s self, awaited: Side<'s>, until: Until) -> Waiter<'s, Side<'s>> {
        let attachment = self.channel.attachment();
        let strategy = self.strategy;
        Waiter { attachment, awaited, strategy, until, is_interruptible: false }
    }

    pub(crate) fn label(&self) -> Label {
        Label(Arc::clone(self.channel.object().label()))
    }

    pub(crate) fn maxsize(&self) -> u64 {
        self.channel.measures().maxsize
    }

    #[cold]
    pub(crate) fn give_back<V>(&self, stop: Stop, value: V) -> PutError<V> {
        let measures = self.channel.measures();
        let kind = match stop {
            Stop::Full | Stop::Crowded => PutErrorKind::Full { maxsize: measures.maxsize },
            Stop::NoBlock => PutErrorKind::NoBlock { loans: measures.loans },
            Stop::ShutDown => PutErrorKind::ShutDown,
            Stop::TooLarge { bytes } => {
                PutErrorKind::TooLarge { bytes, limit: measures.max_message }
            }
            Stop::Encode(reason) => PutErrorKind::Encode(reason),
            Stop::Segment(error) => PutErrorKind::Segment(*error),
        };
        PutError { value, queue: self.label(), kind }
    }

    /// A block that holds `bytes` bytes.
    #[inline(always)]
    pub(crate) fn take(
        &self,
        inside: Inside<'_>,
        bytes: usize,
        until: Until,
    ) -> Result<OwnedBlock<'_>, Stop> {
        let Some(class) = self.channel.class_for(bytes) else {
            return Err(match self.channel.may_put() {
                true => Stop::TooLarge { bytes: bytes as u64 },
                false => SegmentError::NotPutter.into(),
            });
        };
        match self.channel.take_at_hand(inside, class) {
            Some(held) => Ok(held),
            None => self.take_from_ring(inside, class, until),
        }
    }

    #[inline(never)]
    fn take_from_ring(
        &self,
        inside: Inside<'_>,
        class: u8,
        until: Until,
    ) -> Result<OwnedBlock<'_>, Stop> {
        match self.channel.take(inside, class) {
            Ok(held) => Ok(held),
            Err(NoBlock::AllHeld) => self.wait_for_block(class, until),
            Err(error) => Err(Self::no_block(error).into()),
        }
    }

    fn no_block(error: NoBlock<SegmentError>) -> SegmentError {
        match error {
            NoBlock::Corrupt(corruption) => corruption.into(),
            NoBlock::NoMemory(error) => error,
            NoBlock::AllHeld => unreachable!("every caller waits for it"),
        }
    }

    #[cold]
    fn wait_for_block(&self, class: u8, until: Until) -> Result<OwnedBlock<'_>, Stop> {
        // What the dead hold comes back first.
        ringway_segment::recovery::recover(self.channel.attachment())?;
        let attempt = || {
            let inside = self.channel.attachment().enter()?;
            match self.channel.take(inside, class) {
                Ok(held) => Ok(ControlFlow::Break(Some(held))),
                Err(NoBlock::AllHeld) if self.channel.is_shut_down()? => {
                    Ok(ControlFlow::Break(None))
                }
                Err(NoBlock::AllHeld) => Ok(ControlFlow::Continue(())),
                Err(error) => Err(Self::no_block(error)),
            }
        };
        match self.waiter(Side::BlockFreed(&self.channel, class), until).wait(attempt)? {
            Some(Some(held)) => Ok(held),
            Some(None) => Err(Stop::ShutDown),
            None if self.channel.is_full()? => Err(Stop::Full),
            None => Err(Stop::NoBlock),
        }
    }

    /// Puts a message.
    #[inline(always)]
    pub(crate) fn put<T: Payload + ?Sized, V: AsMessage<T>>(
        &self,
        value: &V,
        until: Until,
    ) -> Result<(), Stop> {
        match value.write(NextPlace(self)) {
            Ok(()) => Ok(()),
            Err(held) => self.put_with_care(value, held, until),
        }
    }

    #[inline(never)]
    fn put_with_care<'s, T: Payload + ?Sized, V: AsMessage<T>>(
        &'s self,
        value: &V,
        held: Option<OwnedBlock<'s>>,
        until: Until,
    ) -> Result<(), Stop> {
        let held = match held {
            Some(held) => held,
            None => {
                self.may_put(until)?;
                let (held, inside) = value.write(IntoBlock { shared: self, until })?;
                match self.channel.push_fast(inside, held) {
                    Ok(()) => return Ok(()),
                    Err(held) => held,
                }
            }
        };
        self.put_slowly(held, until, &mut || Ok(value.write(IntoBlock { shared: self, until })?.0))
    }

    /// Looks whether a put may begin: a caller that does not want to wait learns at once that the
    /// queue is full.
    #[inline]
    pub(crate) fn may_put(&self, until: Until) -> Result<(), Stop> {
        if matches!(until, Until::Now) {
            self.channel.attachment().enter()?;
            self.channel.has_room().map_err(Self::stop)?;
        }
        Ok(())
    }

    #[inline]
    fn stop(error: PushError) -> Stop {
        match error {
            PushError::Full => Stop::Full,
            PushError::Closed => Stop::ShutDown,
            PushError::Corrupt(corruption) => SegmentError::from(corruption).into(),
        }
    }

    /// Puts a message for whose block the fast way was no way. While the caller waits for a place
    /// it may have to give the block back; then `fill` makes it anew.
    #[inline(never)]
    pub(crate) fn put_slowly<'s>(
        &'s self,
        mut held: OwnedBlock<'s>,
        until: Until,
        fill: &mut dyn FnMut() -> Result<OwnedBlock<'s>, Stop>,
    ) -> Result<(), Stop> {
        loop {
            let mut one = OwnedBlocks::new(&self.channel);
            let _ = one.push_back(held); // an empty batch has room
            match self.send(&mut one, until, Share::InFlight) {
                Err(Stop::Crowded) => drop(one),
                sent => return sent,
            }
            self.wait_for_room(until)?;
            match fill() {
                Ok(again) => held = again,
                Err(stop) => {
                    self.channel.pass_place_on(); // the place that we were woken for
                    return Err(stop);
                }
            }
        }
    }

    /// Waits until there is a place, without any block.
    #[cold]
    pub(crate) fn wait_for_room(&self, until: Until) -> Result<(), Stop> {
        let attempt = || match self.channel.has_room() {
            Ok(()) => Ok(ControlFlow::Break(None)),
            Err(PushError::Full) => Ok(ControlFlow::Continue(())),
            Err(error) => Ok(ControlFlow::Break(Some(error))),
        };
        match self.waiter(Side::Room(&self.channel), until).wait(attempt)? {
            Some(None) => Ok(()),
            Some(Some(error)) => Err(Self::stop(error)),
            None => Err(Stop::Full),
        }
    }

    /// Sends one block that counts as a loan.
    #[inline]
    pub(crate) fn send_loan<'c>(
        &self,
        held: OwnedBlock<'c>,
        until: Until,
    ) -> Result<(), (OwnedBlock<'c>, Stop)> {
        let channel = held.channel(); // ours, for as long as the block
        let inside = match channel.attachment().enter() {
            Ok(inside) => inside,
            Err(error) => return Err((held, error.into())),
        };
        let held = match channel.push_fast(inside, held) {
            Ok(()) => return Ok(()),
            Err(held) => held,
        };
        let mut one = OwnedBlocks::new(channel);
        if let Err(held) = one.push_back(held) {
            return Err((held, Stop::Crowded)); // an empty batch has room
        }
        match (self.send(&mut one, until, Share::Loan), one.pop_front()) {
            (Err(stop), Some(held)) => Err((held, stop)),
            _ => Ok(()),
        }
    }

    /// Publishes blocks in order, waiting for places. Those that went in leave the batch.
    #[inline(never)]
    pub(crate) fn send(
        &self,
        blocks: &mut OwnedBlocks<'_>,
        until: Until,
        share: Share,
    ) -> Result<(), Stop> {
        let inside = self.channel.attachment().enter()?; // the code of a value may have forked
        let waiting = core::cell::Cell::new(blocks.len());
        let mut attempt = || {
            let pushed = self.channel.push(inside, blocks);
            waiting.set(blocks.len());
            match pushed {
                Ok(()) => Ok(ControlFlow::Break(Ok(()))),
                Err(PushError::Full) => Ok(ControlFlow::Continue(())),
                Err(error) => Ok(ControlFlow::Break(Err(Self::stop(error)))),
            }
        };
        let mut asleep = None;
        let before_sleep = |_: &mut _| {
            if share == Share::InFlight {
                asleep = self.channel.sleep_with(waiting.get());
                if asleep.is_none() {
                    return Ok(ControlFlow::Break(Err(Stop::Crowded)));
                }
            }
            Ok(ControlFlow::Continue(()))
        };
        let waiter = self.waiter(Side::NotFull(&self.channel), until);
        match waiter.wait_in_two(&mut attempt, before_sleep)? {
            Some(result) => result,
            None => Err(Stop::Full),
        }
    }

    /// Takes the oldest message by the way that nearly every get goes.
    #[inline(always)]
    pub(crate) fn receive_fast(&self) -> Option<OwnedBlock<'_>> {
        let inside = self.channel.attachment().enter().ok()?;
        if self.channel.is_plain() { self.channel.claim_fast(inside) } else { None }
    }

    /// Takes the oldest message, waiting for it.
    #[inline(never)]
    pub(crate) fn receive_one_slowly(&self, until: Until) -> Result<OwnedBlock<'_>, GetError> {
        let failed = |error| self.no_message(GetErrorKind::Segment(error));
        let inside = self.channel.attachment().enter().map_err(failed)?;
        let attempt = || {
            if self.channel.is_immediate() {
                self.channel.drop_what_is_left(inside)?;
                return Ok(ControlFlow::Break(None));
            }
            match self.channel.claim_one(inside)? {
                Ok(held) => Ok(ControlFlow::Break(Some(held))),
                Err(ClaimEnd::Closed) => Ok(ControlFlow::Break(None)),
                Err(_) => Ok(ControlFlow::Continue(())),
            }
        };
        let received = self.waiter(Side::NotEmpty(&self.channel), until).wait(attempt);
        match received.map_err(failed)? {
            Some(Some(held)) => Ok(held),
            Some(None) => Err(self.no_message(GetErrorKind::ShutDown)),
            None => Err(self.no_message(GetErrorKind::Empty)),
        }
    }

    /// Takes the oldest messages, at most `max` and at least one, waiting for it.
    #[inline(never)]
    pub(crate) fn receive(&self, max: usize, until: Until) -> Result<OwnedBlocks<'_>, GetError> {
        let failed = |error| self.no_message(GetErrorKind::Segment(error));
        let inside = self.channel.attachment().enter().map_err(failed)?;
        let mut taken = OwnedBlocks::new(&self.channel);
        let attempt = || {
            if self.channel.is_immediate() {
                self.channel.drop_what_is_left(inside)?;
                return Ok(ControlFlow::Break(false));
            }
            match self.channel.claim(inside, &mut taken, max) {
                _ if !taken.is_empty() => Ok(ControlFlow::Break(true)),
                Ok(ClaimEnd::Closed) => Ok(ControlFlow::Break(false)),
                Ok(_) => Ok(ControlFlow::Continue(())),
                Err(error) => Err(error),
            }
        };
        let received = self.waiter(Side::NotEmpty(&self.channel), until).wait(attempt);
        match received.map_err(failed)? {
            Some(true) => Ok(taken),
            Some(false) => Err(self.no_message(GetErrorKind::ShutDown)),
            None => Err(self.no_message(GetErrorKind::Empty)),
        }
    }

    #[cold]
    pub(crate) fn no_message(&self, kind: GetErrorKind) -> GetError {
        GetError { queue: self.label(), kind }
    }
}

/// What the blocks of a caller that waits for a place are counted as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// Blocks in the middle of a put, of which a process has a few.
    InFlight,
    /// A loan.
    Loan,
}
