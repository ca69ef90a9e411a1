//! Sleeping until there is something to do, waking others, and looking for the dead meanwhile.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use ringway_sys::clock::Monotonic;
use ringway_sys::futex;

use crate::attachment::Attachment;
use crate::error::Fault;
use crate::event::{self, Ticket};
use crate::recovery::{self, Search};

/// How often somebody who waits looks for dead participants.
const WATCH_NANOS: u64 = 50_000_000;
/// More sleepers than there can be.
pub(crate) const EVERYBODY: u32 = i32::MAX as u32;

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

impl Attachment {
    pub(crate) fn word_of(&self, event: Event) -> &AtomicU64 {
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

    /// Takes a registration back, of a caller that does not sleep any longer.
    pub fn leave(&self, event: Event, ticket: Ticket) {
        event::leave(self.word_of(event), ticket);
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
        self.search(search).map(|()| true)
    }

    /// Looks for dead participants, whoever did so last.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn search(&self, search: Search) -> Result<(), Fault> {
        self.check_process()?;
        // What whoever waits relies on.
        self.messages().check(&self.message_hints)?;
        self.check_free_rings()?;
        recovery::recover(self, search).map(|_| ())
    }
}

/// The half of an event word that the kernel compares.
fn sequence_of(word: &AtomicU64) -> &AtomicU32 {
    let half = if cfg!(target_endian = "little") { 0 } else { 1 };
    // SAFETY: both halves of an aligned 64-bit word are aligned 32-bit words. The kernel reads this half atomically.
    unsafe { &*core::ptr::from_ref(word).cast::<AtomicU32>().add(half) }
}
