//! An attachment: a segment that this process takes part in.
//!
//! It is the only way to move blocks. Every operation first notices, by one load, whether the process was forked since:
//! a child that used its copy of the stock would own blocks twice.

use core::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crossbeam_utils::CachePadded;
use ringway_sys::clock::Monotonic;
use ringway_sys::{fork, futex};

use crate::error::{CreateError, Fault, OpenError};
use crate::event::{self, Ticket};
use crate::layout::{Descriptor, FLAG_IMMEDIATE, FLAG_REMOVED};
use crate::names::Place;
use crate::packed::{Block, Lane, Owner, State};
use crate::participant::{self, Life};
use crate::position::Position;
use crate::prefetch;
use crate::recovery::{self, Recovered, Search};
use crate::ring::{Edge, Hints, PushError, Ring};
use crate::segment::{Segment, SegmentCells, Spec};
use crate::stock::Stocks;

/// How often somebody who waits looks for dead participants.
const WATCH_NANOS: u64 = 50_000_000;
/// Memory that is reserved at once when blocks are used for the first time, in bytes.
const RESERVE_BYTES: u64 = 256 << 10;

/// More sleepers than there can be.
const EVERYBODY: u32 = i32::MAX as u32;

/// What a sleeper waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// A message.
    NotEmpty,
    /// A place in the queue.
    NotFull,
    /// A free block.
    BlockFreed,
}

/// Why no block could be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoBlock {
    /// All are queued or held.
    AllHeld,
    /// Something is wrong.
    Fault(Fault),
}

/// A participant's hold on a segment. Shared by the threads of the process.
pub struct Attachment {
    segment: Segment,
    index: u8,
    life: Life,
    me: Owner,
    epoch: u64,
    message_hints: CachePadded<Hints>,
    classes: Vec<CachePadded<LocalClass>>,
}

/// What a process keeps for itself about a size class.
struct LocalClass {
    stocks: Stocks,
    hints: Hints,
    /// Most free blocks in a stock.
    keep: usize,
    /// Whether any block of the class, and so its ring, has memory behind it.
    backed: AtomicBool,
}

impl Attachment {
    /// Creates a segment and takes part in it. It appears whole or not at all.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn create(place: &Place, spec: &Spec) -> Result<Self, CreateError> {
        let mut unpublished = Segment::build(place, spec)?;
        let failed = |source| CreateError::Io { name: place.label(), action: "attach", source };
        let epoch = fork::enter().map_err(failed)?;
        let (index, life) = participant::enter(unpublished.segment())
            .and_then(|entered| entered.ok_or_else(|| std::io::Error::other("a new participant table is full")))
            .map_err(failed)?;
        unpublished.publish()?;
        Ok(Self::new(unpublished.into_segment(), index, life, epoch))
    }

    /// Opens a segment and takes part in it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(place: &Place) -> Result<Self, OpenError> {
        Self::join(Segment::open(place)?)
    }

    /// Opens the segment behind a descriptor, for instance one that was inherited.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_descriptor(fd: BorrowedFd<'_>) -> Result<Self, OpenError> {
        Self::join(Segment::open_descriptor(fd)?)
    }

    fn join(segment: Segment) -> Result<Self, OpenError> {
        let name = || segment.label().to_owned();
        let failed = |source| OpenError::Io { name: name(), action: "attach", source };
        let epoch = fork::enter().map_err(failed)?;
        let Some((index, life)) = participant::enter(&segment).map_err(failed)? else {
            return Err(OpenError::TableFull { name: name(), limit: segment.geometry().measures.participants });
        };
        let attachment = Self::new(segment, index, life, epoch);
        if attachment.flags() & FLAG_REMOVED != 0 {
            attachment.segment.unlink(); // if whoever marked it died before it could
            return Err(OpenError::Removed { name: attachment.segment.label().to_owned() });
        }
        // What is damaged is found by those who use it; opening must still be possible to look.
        let _ = attachment.recover();
        Ok(attachment)
    }

    fn new(segment: Segment, index: u8, life: Life, epoch: u64) -> Self {
        let local =
            |keep| LocalClass { stocks: Stocks::new(), hints: Hints::default(), keep, backed: AtomicBool::new(false) };
        let classes = segment.geometry().classes.iter().map(|class| CachePadded::new(local(class.keep))).collect();
        let me = life.owner(index);
        Self { segment, index, life, me, epoch, message_hints: CachePadded::new(Hints::default()), classes }
    }

    /// The segment.
    #[inline]
    pub fn segment(&self) -> &Segment {
        &self.segment
    }
    /// Who we are in it.
    #[inline]
    pub fn me(&self) -> Owner {
        self.me
    }

    /// Whether this is still the process that attached.
    ///
    /// # Errors
    /// [`Fault::Forked`] if not.
    #[inline(always)]
    pub fn check_process(&self) -> Result<(), Fault> {
        if fork::epoch() == self.epoch { Ok(()) } else { Err(Fault::Forked) }
    }

    /// A descriptor of the segment that children inherit.
    ///
    /// # Errors
    /// When there is none.
    pub fn inheritable_fd(&self) -> std::io::Result<OwnedFd> {
        match self.segment.file() {
            // A description of its own: the lock byte of a participant must not live on in its children.
            Some(file) => ringway_sys::shm::inheritable(&ringway_sys::shm::reopen(file.as_fd())?),
            None => Err(std::io::Error::other(format!("{} has no descriptor", self.segment.label()))),
        }
    }

    // ---- messages

    /// The ring of messages.
    #[inline(always)]
    fn messages(&self) -> Ring<SegmentCells<'_>> {
        self.segment.messages()
    }

    /// How many messages are queued: exact at one instant of the call.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn size(&self) -> Result<u64, Fault> {
        Ok(self.messages().len()?)
    }

    /// Whether the queue was shut down.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn is_shut_down(&self) -> Result<bool, Fault> {
        Ok(self.messages().is_closed()?)
    }

    /// Bytes of the message in a block, as its last owner says.
    #[inline(always)]
    pub fn length(&self, block: Block) -> u64 {
        // Written before publish, and read by whoever has claimed after it.
        self.segment.descriptor(block).map_or(0, |descriptor| descriptor.length.load(Relaxed))
    }

    /// Says how long the message in a block is. For the owner of the block; publish carries it.
    #[inline(always)]
    pub fn set_length(&self, block: Block, bytes: u64) {
        if let Some(descriptor) = self.segment.descriptor(block) {
            descriptor.length.store(bytes, Relaxed);
        }
    }

    /// What this process remembers of the ring of messages.
    pub fn message_hints(&self) -> &Hints {
        &self.message_hints
    }

    /// Whether there is a place, or was at some instant of the call.
    ///
    /// # Errors
    /// Full or closed.
    #[inline]
    pub fn has_room(&self) -> Result<(), PushError> {
        self.messages().has_room(&self.message_hints)
    }

    /// Publishes one block that we own by the straight way. `false` says that [`push`](Self::push) has to look closer.
    ///
    /// # Safety
    /// As of [`push`](Self::push).
    #[inline(always)]
    pub unsafe fn push_straight(&self, block: Block) -> bool {
        let pushed = self.messages().push_straight(self.me, block, &self.message_hints);
        if pushed {
            self.announce(Event::NotEmpty, 1);
        }
        pushed
    }

    /// Claims the oldest message by the straight way. `None` says that [`claim`](Self::claim) has to look closer.
    #[inline(always)]
    pub fn claim_straight(&self) -> Option<Block> {
        let block = self.messages().claim_straight(self.me, &self.message_hints)?;
        self.announce(Event::NotFull, 1);
        Some(block)
    }

    /// Publishes blocks that we own, in order, and wakes whoever waits for them. Answers how many got in.
    ///
    /// # Errors
    /// Besides the number, why it stopped.
    ///
    /// # Safety
    /// The blocks came from `take` or `claim` of this attachment, were not given away since, and nobody reads or writes
    /// their bytes from here on, but for those that did not get in.
    #[inline]
    pub unsafe fn push(&self, blocks: &[Block]) -> (usize, Result<(), PushError>) {
        let (pushed, result) = self.messages().push(self.me, blocks, &self.message_hints);
        if pushed != 0 {
            self.announce(Event::NotEmpty, pushed as u32);
        }
        (pushed, result)
    }

    /// Claims the oldest messages and wakes whoever waits for their places. Answers how many.
    ///
    /// # Errors
    /// Besides the number, why it stopped.
    #[inline]
    pub fn claim(&self, out: &mut [Block]) -> (usize, Result<Edge, Fault>) {
        let (claimed, result) = self.messages().claim(self.me, out, &self.message_hints);
        if claimed != 0 {
            self.announce(Event::NotFull, claimed as u32);
        }
        (claimed, result.map_err(Fault::from))
    }

    /// Closes the queue: later puts fail, gets take what is left. `immediate` drops what is left.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn shut_down(&self, immediate: bool) -> Result<(), Fault> {
        self.check_process()?;
        // The mark first: a death between the two leaves a plain shutdown.
        self.messages().close(&self.message_hints)?;
        if immediate {
            self.segment.control().flags.word.fetch_or(FLAG_IMMEDIATE, SeqCst);
        }
        self.wake_everybody();
        if immediate { self.drop_what_is_left() } else { Ok(()) }
    }

    /// Takes and drops all messages of a queue that was shut down at once. Every get does so, in case whoever shut it
    /// down died before it could.
    ///
    /// # Errors
    /// [`Fault`].
    #[cold]
    pub fn drop_what_is_left(&self) -> Result<(), Fault> {
        let mut taken = [Block::CLOSED; 32];
        loop {
            let (count, edge) = self.claim(&mut taken);
            for &block in &taken[..count] {
                // SAFETY: just claimed, and never looked into.
                unsafe { self.release(block) }?;
            }
            if edge? != Edge::More {
                return Ok(());
            }
        }
    }

    /// Whether the queue was shut down at once, so that nothing is delivered any more.
    #[inline]
    pub fn is_immediate(&self) -> bool {
        self.flags() & FLAG_IMMEDIATE != 0
    }

    #[inline]
    fn flags(&self) -> u64 {
        self.segment.control().flags.word.load(SeqCst)
    }

    // ---- blocks

    /// A free block of a class, now ours.
    ///
    /// # Errors
    /// [`NoBlock`].
    #[inline(always)]
    pub fn take(&self, class: u8) -> Result<Block, NoBlock> {
        if let Some(mut stock) = self.classes[usize::from(class)].stocks.open()
            && let Some(block) = stock.pop()
        {
            self.fetch_ahead(stock.top());
            return Ok(block);
        }
        self.take_from_ring(class)
    }

    #[inline(never)]
    fn take_from_ring(&self, class: u8) -> Result<Block, NoBlock> {
        let local = &self.classes[usize::from(class)];
        if let Some(mut stock) = local.stocks.open() {
            stock.refill(local.keep, |places| self.claim_free(class, places))?;
            if let Some(block) = stock.pop() {
                return Ok(block);
            }
        } else {
            let mut one = [Block::CLOSED];
            if self.claim_free(class, &mut one)? == 1 {
                return Ok(one[0]);
            }
        }
        self.claim_fresh(class)
    }

    /// Fetches the lines that the next put will write; the getter that freed the block had them last.
    #[inline(always)]
    fn fetch_ahead(&self, next: Option<Block>) {
        if let Some(block) = next
            && let (Some(descriptor), Some((bytes, _))) =
                (self.segment.descriptor(block), self.segment.block_bytes(block))
        {
            prefetch::for_writing(descriptor);
            prefetch::for_writing(bytes.as_ptr());
        }
    }

    /// Gives back a block that we own.
    ///
    /// # Errors
    /// [`Fault`].
    ///
    /// # Safety
    /// The block came from `take` or `claim` of this attachment, was not given away since, and nobody reads or writes its
    /// bytes from here on.
    #[inline(always)]
    pub unsafe fn release(&self, block: Block) -> Result<(), Fault> {
        let Some(descriptor) = self.segment.descriptor(block) else { return Ok(()) };
        let local = &self.classes[usize::from(block.class())];
        let word = descriptor.state.load(Relaxed); // ours
        match State::unpack(word) {
            // own: it holds no message any more. The position stays, which keeps the word apart from earlier ones.
            Some(State::Held { lane: Lane::Messages, owner, position }) if owner == self.me => {
                descriptor.state.store(State::Held { lane: Lane::Free, owner, position }.pack(), Release);
            }
            Some(State::Held { lane: Lane::Free, owner, .. }) if owner == self.me => {}
            _ => return Err(self.not_ours(block, word)),
        }
        if !event::has_sleepers(self.word_of(Event::BlockFreed))
            && let Some(mut stock) = local.stocks.open()
            && stock.push(block, local.keep)
        {
            return Ok(());
        }
        self.release_to_ring(block)
    }

    #[cold]
    fn not_ours(&self, block: Block, found: u64) -> Fault {
        Fault::Corrupt(crate::ring::Corruption {
            lane: Lane::Free,
            word: "state of a held block",
            at: block.bits().into(),
            found,
        })
    }

    /// For when enough are at hand, or somebody waits for a block.
    #[inline(never)]
    fn release_to_ring(&self, block: Block) -> Result<(), Fault> {
        let local = &self.classes[usize::from(block.class())];
        if let Some(mut stock) = local.stocks.open() {
            let kept = if event::has_sleepers(self.word_of(Event::BlockFreed)) { 0 } else { local.keep / 2 };
            self.push_free(block.class(), stock.spill(kept))?;
        }
        self.return_to_ring(block)
    }

    /// Puts a block that we own into the ring of free blocks.
    pub(crate) fn return_to_ring(&self, block: Block) -> Result<(), Fault> {
        self.push_free(block.class(), &[block])
    }

    fn push_free(&self, class: u8, blocks: &[Block]) -> Result<(), Fault> {
        let local = &self.classes[usize::from(class)];
        let (pushed, result) = self.free_ring(class).push(self.me, blocks, &local.hints);
        if pushed != 0 {
            self.announce(Event::BlockFreed, EVERYBODY); // they wait for blocks of different classes
        }
        match result {
            Ok(()) => Ok(()),
            Err(PushError::Corrupt(corruption)) => Err(corruption.into()),
            // There are more slots than blocks, and nobody closes this ring.
            Err(PushError::Full | PushError::Closed) => Err(Fault::Corrupt(crate::ring::Corruption {
                lane: Lane::Free,
                word: "tail",
                at: class.into(),
                found: blocks.len() as u64,
            })),
        }
    }

    fn claim_free(&self, class: u8, places: &mut [Block]) -> Result<usize, NoBlock> {
        let local = &self.classes[usize::from(class)];
        if !local.backed.load(Relaxed) {
            if self.segment.class_control(class).backed.load(Acquire) == 0 {
                return Ok(0);
            }
            local.backed.store(true, Relaxed);
        }
        match self.free_ring(class).claim(self.me, places, &local.hints) {
            (0, Err(corruption)) => Err(NoBlock::Fault(corruption.into())),
            (claimed, _) => Ok(claimed),
        }
    }

    /// Claims a block that was never used, after reserving memory for it.
    #[cold]
    fn claim_fresh(&self, class: u8) -> Result<Block, NoBlock> {
        let words = self.segment.class_control(class);
        let measures = self.segment.class(class);
        loop {
            let index = words.fresh.load(Acquire);
            if index >= measures.blocks {
                return Err(NoBlock::AllHeld);
            }
            if index >= words.backed.load(Acquire) {
                self.back_more(class, index)?;
            }
            let block = Block::new(class, index as u32);
            let held = State::Held { lane: Lane::Free, owner: self.me, position: Position::new(index) };
            let claimed = self.segment.descriptor(block).is_some_and(|descriptor| {
                descriptor.state.compare_exchange(State::Fresh.pack(), held.pack(), AcqRel, Acquire).is_ok() // own
            });
            let _ = words.fresh.compare_exchange(index, index + 1, Release, Relaxed);
            if claimed {
                return Ok(block);
            }
        }
    }

    /// Reserves memory for the blocks from `index` on, and for what belongs to them.
    fn back_more(&self, class: u8, index: u64) -> Result<(), NoBlock> {
        let measures = self.segment.class(class);
        let more = (RESERVE_BYTES / measures.block_bytes).max(1);
        let end = (index + more).min(measures.blocks);
        let reserve = |at, bytes| {
            self.segment
                .reserve(at, bytes)
                .map_err(|error| NoBlock::Fault(Fault::NoSpace { needed: error.needed, available: error.available }))
        };
        if index == 0 {
            reserve(measures.slots_at, measures.ring.slots() * 8)?;
        }
        let entry = size_of::<Descriptor>() as u64;
        reserve(measures.descriptors_at + index * entry, (end - index) * entry)?;
        reserve(measures.blocks_at + index * measures.block_bytes, (end - index) * measures.block_bytes)?;
        // Release pairs with the Acquire of whoever finds the block backed.
        self.segment.class_control(class).backed.fetch_max(end, Release);
        Ok(())
    }

    #[inline(always)]
    fn free_ring(&self, class: u8) -> Ring<SegmentCells<'_>> {
        self.segment.free_blocks(class)
    }

    /// Whether a ring names `block` at `position`.
    pub(crate) fn names(&self, lane: Lane, position: Position, block: Block) -> bool {
        match lane {
            Lane::Messages => self.messages().names(position, block),
            Lane::Free => self.free_ring(block.class()).names(position, block),
        }
    }

    // ---- waiting and waking

    fn word_of(&self, event: Event) -> &AtomicU64 {
        let control = self.segment.control();
        match event {
            Event::NotEmpty => &control.not_empty.word,
            Event::NotFull => &control.not_full.word,
            Event::BlockFreed => &control.block_freed.word,
        }
    }

    /// Registers as a sleeper. The caller must look once more before it sleeps.
    pub fn register(&self, event: Event) -> Ticket {
        event::register(self.word_of(event))
    }

    /// Whether nothing was announced since the ticket was drawn.
    pub fn is_current(&self, event: Event, ticket: Ticket) -> bool {
        event::is_current(self.word_of(event), ticket)
    }

    /// Sleeps in the kernel until the event, the deadline, or a signal that ends neither.
    pub fn sleep(&self, event: Event, ticket: Ticket, deadline: Option<Monotonic>) {
        let _ = futex::wait(sequence_of(self.word_of(event)), ticket.sequence(), deadline);
    }

    /// Whether there is work for another sleeper.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn has_more(&self, event: Event) -> Result<bool, Fault> {
        let ring = self.messages();
        Ok(match event {
            Event::NotEmpty => !ring.is_empty()?,
            Event::NotFull => ring.len()? < ring.shape().limit(),
            Event::BlockFreed => true,
        })
    }

    /// How many sleepers are registered, at most.
    pub fn registrations(&self, event: Event) -> u32 {
        event::registrations(self.word_of(event))
    }

    /// Wakes up to `count` sleepers if there are any.
    #[inline(always)]
    pub fn announce(&self, event: Event, count: u32) {
        let word = self.word_of(event);
        if event::has_sleepers(word) {
            event::notify(word, count, |count| futex::wake(sequence_of(word), count));
        }
    }

    /// Wakes every sleeper.
    pub(crate) fn wake_everybody(&self) {
        for event in [Event::NotEmpty, Event::NotFull, Event::BlockFreed] {
            self.announce(event, EVERYBODY);
        }
    }

    /// Looks for dead participants, unless somebody did within the last 50 ms. Answers whether it looked.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn watch(&self, search: Search) -> Result<bool, Fault> {
        let word = &self.segment.control().watch.word;
        let now = Monotonic::now().as_nanos();
        let last = word.load(Relaxed);
        if now.wrapping_sub(last) < WATCH_NANOS - WATCH_NANOS / 8 && last <= now {
            return Ok(false);
        }
        if word.compare_exchange(last, now, Relaxed, Relaxed).is_err() {
            return Ok(false);
        }
        self.check_process()?;
        recovery::recover(self, search).map(|_| true)
    }

    /// Finds dead participants and takes back what they held, and what nobody holds.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn recover(&self) -> Result<Recovered, Fault> {
        self.check_process()?;
        recovery::recover(self, Search::Thorough)
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        // A forked child must not give back what is its parent's.
        if self.check_process().is_ok() {
            let _ = recovery::give_up(self);
            participant::leave(&self.segment, self.index, self.life);
        }
    }
}

/// The half of an event word that the kernel compares.
fn sequence_of(word: &AtomicU64) -> &AtomicU32 {
    let half = if cfg!(target_endian = "little") { 0 } else { 1 };
    // SAFETY: both halves of an aligned 64-bit word are aligned 32-bit words. The kernel reads this half atomically.
    unsafe { &*core::ptr::from_ref(word).cast::<AtomicU32>().add(half) }
}
