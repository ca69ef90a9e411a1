//! The event count: a caller that finds nothing to do sleeps on it, a caller that makes something
//! to do wakes a sleeper.
//!
//! One word, {registrations: 32, sequence: 32}. A sleeper registers, looks once more, and sleeps
//! while the sequence stands. A waker that sees registrations moves the sequence on and wakes.
//!
//! A sleeper that was woken leaves its registration to the waker, which takes back as many as the
//! kernel woke; one that sleeps on registers anew. A sleeper that gives up takes back its own. If
//! the kernel found fewer than were to be woken, no caller is asleep, and the waker takes back all.
//! So registrations do not pile up, and any number of dead ones costs one spare wake.
//!
//! A caller that is asleep has a standing registration: what a waker takes back by number are those
//! of the sleepers that it woke, as long as no other waker came between (the sequence tells), and
//! taking back all follows a proof that no caller is asleep. A count that is too high is healed by
//! the next waker that finds fewer than it wants to wake.
//!
//! The idea is that of Vyukov's eventcount; the healing by what the kernel woke is ours.
//!
//! Ordering pair `edge`: publish or claim (SeqCst), barrier, load of this word (SeqCst), against
//! registration (SeqCst), barrier, look at the queue. Either the waker sees the registration or the
//! sleeper sees the work.

use crate::word::{
    Ordering::{Acquire, SeqCst},
    Word,
};

const REGISTRATION: u64 = 1 << 32;
const SEQUENCE: u64 = REGISTRATION - 1;

/// A registration: sleep while the sequence is still this one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ticket(u32);

impl Ticket {
    /// The sequence to sleep on.
    #[inline]
    pub const fn sequence(self) -> u32 {
        self.0
    }
}

/// An event count in a word.
#[derive(Debug)]
pub struct EventCount<'w, W>(&'w W);

impl<W> Clone for EventCount<'_, W> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<W> Copy for EventCount<'_, W> {}

impl<'w, W: Word> EventCount<'w, W> {
    /// The event count in `word`.
    #[inline(always)]
    pub const fn new(word: &'w W) -> Self {
        Self(word)
    }

    /// The word itself.
    #[inline(always)]
    pub const fn word(self) -> &'w W {
        self.0
    }

    /// Registers the caller as a sleeper. It must look once more before it sleeps.
    #[inline]
    #[must_use]
    pub fn register(self) -> Ticket {
        let before = self.0.fetch_add(REGISTRATION, SeqCst); // edge
        if before >> 32 == u64::from(u32::MAX) {
            self.0.fetch_add(REGISTRATION, SeqCst); // edge; the count has wrapped to none
        }
        W::barrier(); // edge: the looks after it are only Acquire
        Ticket(before as u32)
    }

    /// Takes a registration back, of a caller that does not sleep after all or not any longer, and
    /// that was not woken: else its waker does. After an announcement it stays: it may have gone
    /// already, and then the one that would go is that of another sleeper.
    #[inline]
    pub fn leave(self, ticket: Ticket) {
        let mut seen = self.0.load(Acquire); // compared only
        while seen as u32 == ticket.0 && seen & !SEQUENCE != 0 {
            // edge: counted among the registrations of others
            match self.0.compare_exchange(seen, seen - REGISTRATION, SeqCst, Acquire) {
                Ok(_) => return,
                Err(found) => seen = found,
            }
        }
    }

    /// Whether nothing was announced since the ticket was drawn; then its registration also stands.
    #[inline]
    pub fn is_current(self, ticket: Ticket) -> bool {
        self.0.load(Acquire) as u32 == ticket.0 // compared only
    }

    /// Whether somebody may be asleep. To be called after the work was published or the claim made.
    #[inline(always)]
    pub fn has_sleepers(self) -> bool {
        W::barrier_between_seqcst(); // edge: the publication or the claim comes before it
        self.0.load(SeqCst) & !SEQUENCE != 0 // edge
    }

    /// How many registrations stand: an upper bound of the sleepers.
    #[inline]
    pub fn registrations(self) -> u32 {
        (self.0.load(SeqCst) >> 32) as u32 // edge
    }

    /// Moves the sequence on and wakes up to `count` sleepers by `wake`, which returns how many it
    /// woke.
    #[cold]
    pub fn notify(self, count: u32, wake: impl FnOnce(u32) -> u32) -> u32 {
        let mut seen = self.0.load(SeqCst); // edge
        let written = loop {
            if seen & !SEQUENCE == 0 {
                return 0;
            }
            let next = seen & !SEQUENCE | seen.wrapping_add(1) & SEQUENCE;
            // edge
            match self.0.compare_exchange(seen, next, SeqCst, SeqCst) {
                Ok(_) => break next,
                Err(found) => seen = found,
            }
        };
        let woken = wake(count);
        // Fewer were asleep than were to be woken: then no caller is, and all that stood are spare.
        let spare = if woken < count { written >> 32 } else { woken.into() };
        let mut seen = written;
        // Another announcement may take back all that stand, so after one the count stays too high.
        while seen as u32 == written as u32 {
            let left = (seen >> 32).saturating_sub(spare);
            // edge: counted among the registrations of others
            match self.0.compare_exchange(seen, left << 32 | seen & SEQUENCE, SeqCst, SeqCst) {
                Ok(_) => break,
                Err(found) => seen = found,
            }
        }
        woken
    }
}
