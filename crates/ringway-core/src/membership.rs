//! The table of participants: lives of entries, and why an owner's word is never mistaken.
//!
//! ```text
//! Free(g)     --enter: write the identity, CAS-->          Live(g + 1)
//! Live(g)     --leave, or a pass of recovery, CAS-->       Free(g)
//! Live(g)     --adopt a dead one: adopted + 1, CAS-->      Adopting(g)
//! Adopting(g) --write the identity, CAS-->                 Live(g + 1)
//! ```
//!
//! A word names its owner by {generation modulo 256, index}. An owner whose entry is not Live with
//! that generation is gone, and recovery takes its words by CAS. Between the load of such a word
//! and the CAS a recoverer may stand still for any time; if the entry had 256 lives meanwhile, a
//! living owner could have written the same word. So recoverers announce themselves:
//!
//! * A thread that judges owners is in a *sweep*: it notes in its own entry that it runs, and after
//!   which *crossing* it began.
//! * To give an entry a generation that is 0 modulo 128 is a crossing. An entrant may cross only if
//!   no living participant is in a sweep that began before the last crossing of that entry, and if
//!   a thorough pass has ended since the last adoption. Otherwise it takes another entry.
//!
//! Life g + 256 needs two crossings of the entry. An entry becomes Free only when no word of the
//! life is left, or after `adopted` was raised, and then no crossing happens until a thorough pass
//! has taken the words; so both crossings come after the recoverer's load, and the second is
//! refused while its sweep lasts. Nobody waits: a recoverer that is stopped holds back the reuse
//! of entries that had 128 lives since, and nothing else.
//!
//! Ordering pair `life`: the CAS of a life word (Release) against loads of it (Acquire); it carries
//! the identity. Ordering pair `sweep`: the store of a sweep and the CAS to Live against the load
//! of `crossings` and the loads of all sweeps, SeqCst: either the entrant sees the sweep, or the
//! sweep sees the crossing.

use crate::owner::Owner;
use crate::word::{
    Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
    Word,
};

/// The words of a table.
pub trait Table {
    /// The kind of word.
    type Word: Word;
    /// The words of entry `index`, which is below the number of entries.
    fn entry(&self, index: u8) -> EntryWords<'_, Self::Word>;
    /// Number of entries, at most 255.
    fn entries(&self) -> u8;
    /// Entries that were ever used: those with a lower index. Grows only.
    fn entered(&self) -> &Self::Word;
    /// Number of crossings.
    fn crossings(&self) -> &Self::Word;
    /// Number of times that words were left behind by an owner which is no longer Live.
    fn adopted(&self) -> &Self::Word;
    /// The value of `adopted` before the last thorough pass that ended.
    fn swept(&self) -> &Self::Word;
}

/// The words of an entry that this module changes.
#[derive(Debug)]
pub struct EntryWords<'t, W> {
    /// {generation: 56, state: 8}.
    pub life: &'t W,
    /// {running: 16, began: 48}.
    pub sweep: &'t W,
    /// The last crossing of the entry.
    pub crossed: &'t W,
}

/// The life word of an entry: {generation: 56, state: 8}.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Life(u64);

const FREE: u64 = 0;
const LIVE: u64 = 1;
const ADOPTING: u64 = 2;
/// A generation that is 0 modulo this is a crossing. Half the generations that a word tells apart.
const CROSSING: u64 = 128;

impl Life {
    /// From the word.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
    /// The word.
    pub const fn bits(self) -> u64 {
        self.0
    }
    /// How many lives the entry has had.
    pub const fn generation(self) -> u64 {
        self.0 >> 8
    }
    /// Whether a participant has the entry.
    pub const fn is_live(self) -> bool {
        self.0 & 0xff == LIVE
    }
    /// Whether nobody has it.
    pub const fn is_free(self) -> bool {
        self.0 & 0xff == FREE
    }
    /// Whether an entrant is making it its own.
    pub const fn is_adopting(self) -> bool {
        self.0 & 0xff == ADOPTING
    }
    /// The owner that words name in this life.
    pub const fn owner(self, index: u8) -> Owner {
        Owner::new(index, self.generation() as u8)
    }
    const fn with(self, state: u64) -> Self {
        Self(self.generation() << 8 | state)
    }
    const fn next(self) -> Self {
        Self((self.generation() + 1) << 8 | LIVE)
    }
}

/// The life of entry `index` now.
pub fn life<T: Table>(table: &T, index: u8) -> Life {
    Life(table.entry(index).life.load(SeqCst)) // pairs with: life, sweep
}

/// Whether the next life of an entry may begin now. `is_dead` is asked about participants whose
/// sweep stands in the way.
pub fn may_begin<T: Table>(table: &T, index: u8, seen: Life, is_dead: impl Fn(u8) -> bool) -> bool {
    if !seen.next().generation().is_multiple_of(CROSSING) {
        return true;
    }
    if table.swept().load(SeqCst) < table.adopted().load(SeqCst) {
        return false; // sweep
    }
    let crossed = table.entry(index).crossed.load(SeqCst); // pairs with: sweep
    let stands_in_the_way = |other: u8| {
        let announced = Announced(table.entry(other).sweep.load(SeqCst)); // pairs with: sweep
        announced.running() > 0
            && announced.began() <= crossed
            && life(table, other).is_live()
            && !is_dead(other)
    };
    !(0..table.entries()).any(stands_in_the_way)
}

/// Begins the next life of an entry that was seen Free or Adopting, and whose identity has been
/// written. Returns the life.
///
/// # Errors
/// The life that was found instead.
pub fn begin<T: Table>(table: &T, index: u8, seen: Life) -> Result<Life, Life> {
    let entry = table.entry(index);
    entry.sweep.store(0, Relaxed); // sweep: before Live, until which nobody looks at it
    if seen.next().generation().is_multiple_of(CROSSING) {
        let number = table.crossings().fetch_add(1, SeqCst) + 1; // sweep
        entry.crossed.store(number, SeqCst); // sweep
    }
    table.entered().raise(u64::from(index) + 1, Release); // life
    // life, sweep
    match entry.life.compare_exchange(seen.0, seen.next().0, SeqCst, Acquire) {
        Ok(_) => Ok(seen.next()),
        Err(found) => Err(Life(found)),
    }
}

/// Says that an entrant makes the entry of a dead participant its own. From here on the dead one is
/// gone for everybody, so an entrant that is stopped hides nothing.
///
/// # Errors
/// The life that was found instead.
pub fn adopt<T: Table>(table: &T, index: u8, dead: Life) -> Result<Life, Life> {
    leave_words(table);
    let adopting = dead.with(ADOPTING);
    match table.entry(index).life.compare_exchange(dead.0, adopting.0, AcqRel, Acquire) {
        Ok(_) => Ok(adopting), // life
        Err(found) => Err(Life(found)),
    }
}

/// Says that words will be left behind by an owner which is then no longer Live: a thorough pass is
/// due. Called before it ceases to be.
pub fn leave_words<T: Table>(table: &T) {
    table.adopted().fetch_add(1, SeqCst); // sweep
}

/// Frees an entry in this life, unless that has ended. Returns whether this call did it.
pub fn free<T: Table>(table: &T, index: u8, life: Life) -> bool {
    let free = life.with(FREE);
    table.entry(index).life.compare_exchange(life.0, free.0, Release, Relaxed).is_ok() // life
}

/// Whether an owner that a word names is gone: its entry is not Live in that generation, or is one
/// of the lives that `is_dead` knows. To be asked after the word was loaded, within a [`Sweep`].
pub fn is_gone<T: Table>(table: &T, owner: Owner, is_dead: impl Fn(u8, Life) -> bool) -> bool {
    let index = owner.index();
    if index >= table.entries() {
        return false; // nobody writes such a word; it is left to those who check it
    }
    let life = life(table, index);
    !life.is_live() || life.owner(index) != owner || is_dead(index, life)
}

/// {running: 16, began: 48}.
#[derive(Clone, Copy)]
struct Announced(u64);

const RUNNING: u64 = 1 << 48;

impl Announced {
    const fn running(self) -> u64 {
        self.0 >> 48
    }
    const fn began(self) -> u64 {
        self.0 & (RUNNING - 1)
    }
}

/// A sweep of a participant: while it lasts, owners may be judged.
#[derive(Debug)]
pub struct Sweep<'t, T: Table> {
    table: &'t T,
    me: u8,
    /// `adopted` when the sweep began: what a thorough pass settles.
    adopted: u64,
}

impl<'t, T: Table> Sweep<'t, T> {
    /// Announces a sweep of the participant at `me`, whose entry is Live.
    pub fn enter(table: &'t T, me: u8) -> Self {
        let word = table.entry(me).sweep;
        let mut seen = word.load(Relaxed); // compared only
        loop {
            let announced = Announced(seen);
            let next = if announced.running() == 0 {
                let began = table.crossings().load(SeqCst) + 1; // pairs with: sweep
                RUNNING | began & (RUNNING - 1)
            } else {
                seen + RUNNING // with the earlier beginning, which is the stricter one
            };
            match word.compare_exchange(seen, next, SeqCst, Relaxed) {
                Ok(_) => break, // sweep
                Err(found) => seen = found,
            }
        }
        T::Word::barrier(); // sweep: the loads after it are only Acquire
        let adopted = table.adopted().load(SeqCst); // pairs with: sweep
        Self { table, me, adopted }
    }

    /// Whether words may be anywhere, not only with those that are found dead.
    pub fn is_thorough(&self) -> bool {
        self.table.swept().load(SeqCst) < self.adopted // sweep
    }

    /// Notes that a pass of this sweep went through every object.
    pub fn complete(&self) {
        self.table.swept().raise(self.adopted, SeqCst); // sweep
    }
}

impl<T: Table> Drop for Sweep<'_, T> {
    fn drop(&mut self) {
        self.table.entry(self.me).sweep.fetch_add(RUNNING.wrapping_neg(), SeqCst); // sweep
    }
}
