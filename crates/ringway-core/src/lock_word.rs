//! A lock in one word, whose owner may die.
//!
//! {held 1, died 1, owner 16, zero 1, serial 45}
//!
//! ```text
//! Free --CAS, serial + 1--> Held(me) --CAS of the very word--> Free
//!                           Held(gone) --CAS, by anybody--> Free, died
//! ```
//!
//! The serial makes each hold a word of its own: a guard releases its hold and no other, and two
//! looks that find the same word saw one hold. `died` stays until a holder acknowledges it, so each
//! acquirer until then is told that a holder died.
//!
//! Ordering pair `hold`: the CAS to Free (SeqCst, Release) against the CAS to Held (Acquire); it
//! carries what was done under the lock. SeqCst on the way to Free is for the look at the sleepers
//! after it; see [`crate::event_count`].

use crate::owner::Owner;
use crate::word::{
    Ordering::{AcqRel, Acquire, Relaxed, SeqCst},
    Word,
};

const HELD: u64 = 1 << 63;
const DIED: u64 = 1 << 62;
const OWNER_SHIFT: u32 = 46;
const ZERO: u64 = 1 << 45;
const SERIAL: u64 = ZERO - 1;

/// What a lock word says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LockState(u64);

impl LockState {
    /// The holder, if there is one.
    pub const fn holder(self) -> Option<Owner> {
        if self.0 & HELD == 0 {
            None
        } else {
            Some(Owner::from_bits((self.0 >> OWNER_SHIFT) as u16))
        }
    }
    /// Whether a holder died and no later one has acknowledged it.
    pub const fn owner_died(self) -> bool {
        self.0 & DIED != 0
    }
    /// How many times the lock was acquired, modulo 2^45.
    pub const fn serial(self) -> u64 {
        self.0 & SERIAL
    }
    /// The word.
    pub const fn bits(self) -> u64 {
        self.0
    }
    /// Whether some participant can have written the word.
    pub const fn is_possible(self) -> bool {
        let free_with_owner = self.0 & HELD == 0 && (self.0 >> OWNER_SHIFT) as u16 != 0;
        self.0 & ZERO == 0 && !free_with_owner
    }
}

/// One hold of a lock: the word that stands while it lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hold(u64);

impl Hold {
    /// Whether an earlier holder died in it.
    pub const fn owner_died(self) -> bool {
        self.0 & DIED != 0
    }
}

/// A lock in a word.
#[derive(Debug)]
pub struct LockWord<'w, W>(&'w W);

impl<W> Clone for LockWord<'_, W> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<W> Copy for LockWord<'_, W> {}

impl<'w, W: Word> LockWord<'w, W> {
    /// The lock in `word`.
    #[inline(always)]
    pub const fn new(word: &'w W) -> Self {
        Self(word)
    }

    /// What the word says now.
    pub fn state(self) -> LockState {
        LockState(self.0.load(Acquire)) // pairs with: hold
    }

    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// What stands there instead: a hold, or a word that nobody writes.
    #[inline]
    pub fn try_acquire(self, me: Owner) -> Result<Hold, LockState> {
        let mut seen = self.0.load(Relaxed); // compared only
        loop {
            let state = LockState(seen);
            if state.holder().is_some() || !state.is_possible() {
                return Err(state);
            }
            let serial = state.serial().wrapping_add(1) & SERIAL;
            let held = HELD | seen & DIED | u64::from(me.bits()) << OWNER_SHIFT | serial;
            // hold: pairs with the CAS to Free.
            match self.0.compare_exchange(seen, held, Acquire, Relaxed) {
                Ok(_) => return Ok(Hold(held)),
                Err(found) => seen = found,
            }
        }
    }

    /// Ends a hold. Returns whether it still stood.
    #[inline]
    pub fn release(self, hold: Hold) -> bool {
        let free = hold.0 & (DIED | SERIAL);
        self.0.compare_exchange(hold.0, free, SeqCst, Relaxed).is_ok() // hold, edge
    }

    /// Ends whatever hold there is. Returns whether there was one.
    pub fn release_any(self) -> bool {
        let mut seen = self.0.load(Relaxed); // compared only
        while seen & HELD != 0 {
            // hold, edge
            match self.0.compare_exchange(seen, seen & (DIED | SERIAL), SeqCst, Relaxed) {
                Ok(_) => return true,
                Err(found) => seen = found,
            }
        }
        false
    }

    /// Forgets that a holder died, for those who acquire the lock after this hold. Returns the hold
    /// as it is now, or `None` if it no longer stands.
    pub fn acknowledge(self, hold: Hold) -> Option<Hold> {
        let told = Hold(hold.0 & !DIED);
        let stands = self.0.compare_exchange(hold.0, told.0, AcqRel, Relaxed).is_ok(); // hold
        stands.then_some(told)
    }

    /// Frees the lock if its holder is gone. Returns whether this call did it.
    ///
    /// No announcement protects the CAS: the serial makes the word that was judged stand once.
    pub fn reclaim(self, is_gone: impl Fn(Owner) -> bool) -> bool {
        let state = self.state();
        let Some(holder) = state.holder() else { return false };
        if !is_gone(holder) {
            return false;
        }
        let free = state.0 & SERIAL | DIED;
        self.0.compare_exchange(state.0, free, SeqCst, Relaxed).is_ok() // hold, edge
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::AtomicU64;

    const ME: Owner = Owner::new(3, 7);
    const OTHER: Owner = Owner::new(4, 1);

    #[test]
    fn a_held_lock_names_its_holder_and_is_refused_to_others() {
        let word = AtomicU64::new(0);
        let lock = LockWord::new(&word);
        let hold = lock.try_acquire(ME).expect("a free lock");
        assert_eq!(lock.try_acquire(OTHER).unwrap_err().holder(), Some(ME));
        assert!(!hold.owner_died());
        assert!(lock.release(hold));
        assert!(lock.try_acquire(OTHER).is_ok());
    }

    #[test]
    fn a_guard_releases_its_own_hold_only() {
        let word = AtomicU64::new(0);
        let lock = LockWord::new(&word);
        let old = lock.try_acquire(ME).expect("a free lock");
        assert!(lock.release_any(), "any participant may release");
        let new = lock.try_acquire(ME).expect("a free lock");
        assert!(!lock.release(old), "the hold of the past");
        assert!(lock.release(new));
        assert!(!lock.release_any());
    }

    #[test]
    fn a_death_is_told_until_it_is_acknowledged() {
        let word = AtomicU64::new(0);
        let lock = LockWord::new(&word);
        let _dead = lock.try_acquire(OTHER).expect("a free lock");
        assert!(!lock.reclaim(|owner| owner == ME));
        assert!(lock.reclaim(|owner| owner == OTHER));
        let told = lock.try_acquire(ME).expect("a reclaimed lock");
        assert!(told.owner_died());
        assert!(lock.release(told));
        let told = lock.try_acquire(ME).expect("a free lock");
        assert!(told.owner_died(), "nobody has acknowledged it");
        let hold = lock.acknowledge(told).expect("our hold");
        assert!(lock.release(hold));
        assert!(!lock.try_acquire(ME).expect("a free lock").owner_died());
    }

    #[test]
    fn words_that_nobody_writes_are_refused() {
        for bits in [1 << 45, 5 << OWNER_SHIFT] {
            let word = AtomicU64::new(bits);
            assert!(!LockState(bits).is_possible());
            assert!(LockWord::new(&word).try_acquire(ME).is_err());
        }
    }
}
