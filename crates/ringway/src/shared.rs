//! What all handles of a queue in one process share: the attachment and how to wait. Everything below typed messages.

use core::mem::MaybeUninit;
use core::ops::ControlFlow;
use core::sync::atomic::AtomicUsize;
use std::sync::Arc;

use ringway_core::attachment::Attachment;
use ringway_core::blocks::NoBlock;
use ringway_core::error::Fault;
use ringway_core::packed::Block;
use ringway_core::recovery::Search;
use ringway_core::ring::{Edge, PushError};
use ringway_core::waking::Event;

use crate::error::{GetError, Name, PutError};
use crate::wait::{Patience, Until, WaitStrategy, Waiter};

pub(crate) struct Shared {
    pub(crate) at: Attachment,
    pub(crate) strategy: WaitStrategy,
    put_patience: Patience,
    get_patience: Patience,
    name: Name,
    /// Bytes of the last value, which the next one will probably have as well.
    pub(crate) last_size: AtomicUsize,
}

/// Why a put stopped, before the value is given back.
pub(crate) enum Stop {
    Full,
    NoBlock,
    ShutDown,
    TooLarge { bytes: u64 },
    Encode(rkyv::rancor::Error),
    Fault(Box<Fault>),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl Shared {
    pub(crate) fn new(at: Attachment, strategy: WaitStrategy) -> Self {
        let name = Name(Arc::from(at.segment().label()));
        let maxsize = at.segment().geometry().measures.maxsize;
        Self {
            at,
            strategy,
            put_patience: Patience::new(maxsize),
            get_patience: Patience::new(maxsize),
            name,
            last_size: AtomicUsize::new(0),
        }
    }

    fn waiter(&self, event: Event, until: Until) -> Waiter<'_> {
        let patience =
            if event == Event::NotEmpty { &self.get_patience } else { &self.put_patience };
        Waiter { at: &self.at, strategy: self.strategy, patience, event, until }
    }

    pub(crate) fn name(&self) -> Name {
        self.name.clone()
    }

    pub(crate) fn maxsize(&self) -> u64 {
        self.at.segment().geometry().measures.maxsize
    }

    #[cold]
    pub(crate) fn give_back<V>(&self, stop: Stop, value: V) -> PutError<V> {
        let queue = self.name();
        let measures = self.at.segment().geometry().measures;
        match stop {
            Stop::Full => PutError::Full { value, queue, maxsize: measures.maxsize },
            Stop::NoBlock => PutError::NoBlock { value, queue, loans: measures.loans },
            Stop::ShutDown => PutError::ShutDown { value, queue },
            Stop::TooLarge { bytes } => {
                PutError::TooLarge { value, queue, bytes, limit: measures.max_message }
            }
            Stop::Encode(reason) => PutError::Encode { value, queue, reason },
            Stop::Fault(fault) => PutError::Fault { value, queue, fault: *fault },
        }
    }

    /// An owned block that holds `bytes` bytes.
    #[inline]
    pub(crate) fn take(&self, bytes: usize, until: Until) -> Result<Block, Stop> {
        let Some(class) = self.at.segment().geometry().class_for(bytes) else {
            return Err(Stop::TooLarge { bytes: bytes as u64 });
        };
        match self.at.take(class) {
            Ok(block) => Ok(block),
            Err(NoBlock::Fault(fault)) => Err(fault.into()),
            Err(NoBlock::AllHeld) => self.wait_for_block(class, until),
        }
    }

    #[cold]
    fn wait_for_block(&self, class: u8, until: Until) -> Result<Block, Stop> {
        self.at.search(Search::Thorough)?;
        let taken = self.waiter(Event::BlockFreed, until).wait(|| match self.at.take(class) {
            Ok(block) => Ok(ControlFlow::Break(Some(block))),
            Err(NoBlock::AllHeld) if self.at.is_shut_down()? => Ok(ControlFlow::Break(None)),
            Err(NoBlock::AllHeld) => Ok(ControlFlow::Continue(())),
            Err(NoBlock::Fault(fault)) => Err(fault),
        })?;
        match taken {
            Some(Some(block)) => Ok(block),
            Some(None) => Err(Stop::ShutDown),
            None if self.at.size()? >= self.maxsize() => Err(Stop::Full),
            None => Err(Stop::NoBlock),
        }
    }

    /// Whether a put may begin; answers at once when the queue is full and nobody wants to wait.
    #[inline]
    pub(crate) fn may_put(&self, until: Until) -> Result<(), Stop> {
        self.at.check_process()?;
        if matches!(until, Until::Now) {
            self.at.has_room().map_err(Self::stop)?;
        }
        Ok(())
    }

    fn stop(error: PushError) -> Stop {
        match error {
            PushError::Full => Stop::Full,
            PushError::Closed => Stop::ShutDown,
            PushError::Corrupt(corruption) => Fault::from(corruption).into(),
        }
    }

    /// Publishes a block, waiting for a place. If that fails, it still belongs to the caller.
    #[inline(always)]
    pub(crate) fn send_one(&self, block: Block, until: Until) -> Result<(), Stop> {
        // SAFETY: the caller's `OwnedBlock` is the only one of the block, and is forgotten when this succeeds.
        if unsafe { self.at.push_straight(block) } { Ok(()) } else { self.send(&[block], until).1 }
    }

    /// Publishes blocks in order, waiting for places. Answers how many went in; the rest still belong to the caller.
    #[inline(never)]
    pub(crate) fn send(&self, blocks: &[Block], until: Until) -> (usize, Result<(), Stop>) {
        if let Err(fault) = self.at.check_process() {
            return (0, Err(fault.into())); // the code of a value may have forked while others were ready
        }
        let mut sent = 0;
        let result = self.waiter(Event::NotFull, until).wait(|| {
            // SAFETY: as in `send_one`, for each block.
            let (pushed, result) = unsafe { self.at.push(&blocks[sent..]) };
            sent += pushed;
            match result {
                Ok(()) => Ok(ControlFlow::Break(Ok(()))),
                Err(PushError::Full) => Ok(ControlFlow::Continue(())),
                Err(error) => Ok(ControlFlow::Break(Err(Self::stop(error)))),
            }
        });
        let result = match result {
            Ok(Some(result)) => result,
            Ok(None) => Err(Stop::Full),
            Err(fault) => Err(fault.into()),
        };
        (sent, result)
    }

    /// Takes the oldest message, waiting for it.
    #[inline(always)]
    pub(crate) fn receive_one(&self, until: Until) -> Result<Block, GetError> {
        if self.at.check_process().is_ok()
            && !self.at.is_immediate()
            && let Some(block) = self.at.claim_straight()
        {
            return Ok(block);
        }
        let mut one = [Block::CLOSED];
        self.receive(&mut one, until).map(|_| one[0])
    }

    /// Takes the oldest messages, at least one, waiting for it. Answers how many.
    #[inline(never)]
    pub(crate) fn receive(&self, out: &mut [Block], until: Until) -> Result<usize, GetError> {
        let fault = |fault| GetError::Fault { queue: self.name(), fault };
        self.at.check_process().map_err(fault)?;
        let received = self.waiter(Event::NotEmpty, until).wait(|| {
            if self.at.is_immediate() {
                self.at.drop_what_is_left()?;
                return Ok(ControlFlow::Break(None));
            }
            match self.at.claim(out) {
                (0, Ok(Edge::Closed)) => Ok(ControlFlow::Break(None)),
                (0, Ok(_)) => Ok(ControlFlow::Continue(())),
                (0, Err(fault)) => Err(fault),
                (count, _) => Ok(ControlFlow::Break(Some(count))),
            }
        });
        match received.map_err(fault)? {
            Some(Some(count)) => Ok(count),
            Some(None) => Err(GetError::ShutDown { queue: self.name() }),
            None => Err(GetError::Empty { queue: self.name() }),
        }
    }
}

/// A block that this process owns and gives back when it is dropped.
pub(crate) struct OwnedBlock<'q> {
    shared: &'q Shared,
    block: Block,
}

impl<'q> OwnedBlock<'q> {
    /// Takes charge of a block that this process owns.
    #[inline]
    pub(crate) fn new(shared: &'q Shared, block: Block) -> Self {
        Self { shared, block }
    }
    #[inline]
    pub(crate) fn shared(&self) -> &'q Shared {
        self.shared
    }
    #[inline]
    pub(crate) fn block(&self) -> Block {
        self.block
    }
    /// All its bytes, to be filled.
    #[inline]
    pub(crate) fn room(&mut self) -> &mut [MaybeUninit<u8>] {
        match self.shared.at.segment().block_bytes(self.block) {
            // SAFETY: the block lies within the mapping and has `bytes` bytes. Its state word says that it is ours, so
            // no correct participant touches it; within this process there is one `OwnedBlock` of it, borrowed here.
            Some((base, bytes)) => unsafe {
                core::slice::from_raw_parts_mut(base.as_ptr().cast(), bytes)
            },
            None => &mut [],
        }
    }
    /// The message in it. A length that cannot be is cut to the block.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        let at = &self.shared.at;
        match at.segment().block_bytes(self.block) {
            Some((base, bytes)) => {
                let length = at.length(self.block).min(bytes as u64) as usize;
                // SAFETY: as in `room`; memory of a shared mapping is initialised.
                unsafe { core::slice::from_raw_parts(base.as_ptr(), length) }
            }
            None => &[],
        }
    }
    /// Sets the length of the message in it.
    #[inline]
    pub(crate) fn set_length(&self, bytes: usize) {
        self.shared.at.set_length(self.block, bytes as u64);
    }
    /// It belongs to somebody else now.
    #[inline]
    pub(crate) fn forget(self) {
        core::mem::forget(self);
    }
}

impl Drop for OwnedBlock<'_> {
    #[inline]
    fn drop(&mut self) {
        // A forked child has a copy of the handle, but the block is its parent's. A damaged ring keeps the block.
        if self.shared.at.check_process().is_ok() {
            // SAFETY: this is the only `OwnedBlock` of the block, and what borrowed from it has ended.
            let _ = unsafe { self.shared.at.release(self.block) };
        }
    }
}
