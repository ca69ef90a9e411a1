//! The event count: who finds nothing to do sleeps on it, who makes something to do wakes one sleeper.
//!
//! One word, {registrations: 32, sequence: 32}. A sleeper registers, looks at the queue once more, and sleeps while the
//! sequence stands. A waker that sees registrations moves the sequence on and wakes; if the kernel finds nobody, it
//! takes the registrations back; a sleeper that gives up takes back its own. So any number of dead ones costs one spare wake.
//!
//! Ordering pair `edge`: publish or claim (SeqCst), barrier, load of this word (SeqCst), against registration (SeqCst),
//! barrier, look at the queue. Either the waker sees the registration or the sleeper sees the work.

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

/// Registers the caller as a sleeper. It must look at the queue once more before it sleeps.
#[inline]
pub fn register<W: Word>(word: &W) -> Ticket {
    let before = word.fetch_add(REGISTRATION, SeqCst); // edge
    if before >> 32 == u64::from(u32::MAX) {
        word.fetch_add(REGISTRATION, SeqCst); // the count has wrapped to none
    }
    W::barrier(); // edge: the looks at the queue after it are only Acquire
    Ticket(before as u32)
}

/// Takes a registration back, of a caller that does not sleep after all or not any longer. After an announcement it stays:
/// it may have gone already, and then the one that would go is that of another sleeper.
#[inline]
pub fn leave<W: Word>(word: &W, ticket: Ticket) {
    let mut seen = word.load(Acquire);
    while seen as u32 == ticket.0 && seen & !SEQUENCE != 0 {
        match word.compare_exchange(seen, seen - REGISTRATION, SeqCst, Acquire) {
            Ok(_) => return,
            Err(found) => seen = found,
        }
    }
}

/// Whether nothing was announced since the ticket was drawn; then its registration also stands.
#[inline]
pub fn is_current<W: Word>(word: &W, ticket: Ticket) -> bool {
    word.load(Acquire) as u32 == ticket.0
}

/// Whether somebody may be asleep. To be called after the work was published or the claim was made.
#[inline(always)]
pub fn has_sleepers<W: Word>(word: &W) -> bool {
    W::barrier_between_seqcst();
    word.load(SeqCst) & !SEQUENCE != 0 // edge
}

/// How many registrations stand. An upper bound of the sleepers.
#[inline]
pub fn registrations<W: Word>(word: &W) -> u32 {
    (word.load(SeqCst) >> 32) as u32
}

/// Moves the sequence on and wakes up to `count` sleepers by `wake`, which answers how many it woke.
#[cold]
pub fn notify<W: Word>(word: &W, count: u32, wake: impl FnOnce(u32) -> u32) -> u32 {
    let mut seen = word.load(SeqCst);
    let written = loop {
        if seen & !SEQUENCE == 0 {
            return 0;
        }
        let next = seen & !SEQUENCE | seen.wrapping_add(1) & SEQUENCE;
        match word.compare_exchange(seen, next, SeqCst, SeqCst) {
            Ok(_) => break next,
            Err(found) => seen = found,
        }
    };
    let woken = wake(count);
    if woken < count {
        // Fewer were asleep than were to be woken. Unless somebody registered since, nobody is asleep now.
        let _ = word.compare_exchange(written, written & SEQUENCE, SeqCst, SeqCst);
    }
    woken
}
