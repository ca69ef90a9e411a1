//! The table of participants: lives of entries, and why an owner's word is never mistaken.
//!
//! ```text
//! Free(g)     --enter: write the identity, CAS-->  Live(g')      g' > g, see below
//! Live(g)     --leave, or a pass of recovery-->    Free(g)
//! Live(g)     --adopt a dead one, CAS-->           Adopting(g)
//! Adopting(g) --write the identity, CAS-->         Live(g')
//! ```
//!
//! A word names its owner by {generation modulo 256, index}. An owner whose entry is not Live with
//! that generation is gone, and recovery takes its words by CAS. Between the load of such a word
//! and the CAS a recoverer may stand still for any time. If the entry had 256 lives meanwhile, a
//! living owner could have written the same word. Two words of each entry rule that out:
//!
//! * `hazard`: which owner this participant is about to take a word from. It is set before the word
//!   is loaded for the last time, and stays set until the CAS is done.
//! * `clean`: no words of lives before this generation are left anywhere. It only grows: a
//!   participant that leaves with nothing left raises it, and so does a pass of recovery that went
//!   through every object, for each life that it had seen ended at its start.
//!
//! An entrant takes the least generation g' after the last one such that g' - clean is at most 255
//! and no participant's hazard names {g' modulo 256, index}; if there is none, another entry. So
//! when it becomes Live, no word of life g' - 256 is left, and no recoverer that has seen one is
//! before its CAS. A recoverer that is stopped costs one number of one entry, whose next lives pass
//! over it; nothing else waits for it.
//!
//! This is the idea of hazard pointers (Michael, 2004), with an owner in the place of a pointer.
//!
//! Ordering pair `life`: the CAS of a life word (Release) against loads of it (Acquire); it carries
//! the identity. Ordering pair `hazard`: the store of a hazard, a barrier, the load of the word
//! that is judged, against the load of `clean`, a barrier, the loads of all hazards: either the
//! entrant sees the hazard, or the recoverer sees that the word of the past has gone. Ordering pair
//! `clean`: a pass raises `clean` (SeqCst) after its last CAS, against the load by an entrant
//! (SeqCst).

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
}

/// The words of an entry that this module changes.
#[derive(Debug)]
pub struct EntryWords<'t, W> {
    /// {generation: 56, state: 8}.
    pub life: &'t W,
    /// {set: 1, owner: 16}.
    pub hazard: &'t W,
    /// No words of lives before this generation are left.
    pub clean: &'t W,
}

/// The life word of an entry: {generation: 56, state: 8}.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Life(u64);

const FREE: u64 = 0;
const LIVE: u64 = 1;
const ADOPTING: u64 = 2;
/// Generations that a word tells apart.
const DISTINCT: u64 = 256;
/// The bit that says that a hazard is set.
const SET: u64 = 1 << 16;

impl Life {
    /// From the word.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
    /// The word.
    pub const fn bits(self) -> u64 {
        self.0
    }
    /// Which life of the entry it is; lives may be numbered with gaps.
    pub const fn generation(self) -> u64 {
        self.0 >> 8
    }
    /// Whether a participant has the entry.
    pub const fn is_live(self) -> bool {
        self.0 & 0xff == LIVE
    }
    /// Whether no participant has it.
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
}

/// The life of entry `index` now.
#[inline]
pub fn life<T: Table>(table: &T, index: u8) -> Life {
    Life(table.entry(index).life.load(SeqCst)) // pairs with: life
}

/// The life that may follow the one that was seen; `None` when all numbers that can are in use.
pub fn next_life<T: Table>(table: &T, index: u8, seen: Life) -> Option<Life> {
    let clean = table.entry(index).clean.load(SeqCst); // pairs with: clean
    T::Word::barrier(); // hazard: the loads of hazards come after that of `clean`
    let is_in_the_way = |generation: u64| {
        let owner = Owner::new(index, generation as u8);
        (0..table.entries()).any(|other| {
            // pairs with: hazard
            table.entry(other).hazard.load(SeqCst) == SET | u64::from(owner.bits())
        })
    };
    let last = clean.max(1).saturating_add(DISTINCT - 1);
    let generation = (seen.generation() + 1..=last).find(|&number| !is_in_the_way(number))?;
    Some(Life(generation << 8 | LIVE))
}

/// Begins a life that [`next_life`] allowed, of an entry that was seen Free or Adopting and whose
/// identity has been written.
///
/// # Errors
/// The life that was found instead.
pub fn begin<T: Table>(table: &T, index: u8, seen: Life, next: Life) -> Result<(), Life> {
    let entry = table.entry(index);
    // pairs with: clean; there is no life 0
    let is_clean = entry.clean.load(SeqCst).max(1) > seen.generation();
    entry.hazard.store(0, SeqCst); // hazard; nobody of the last life is before a CAS
    table.entered().raise(u64::from(index) + 1, Release); // life
    // life
    if let Err(found) = entry.life.compare_exchange(seen.0, next.0, SeqCst, Acquire) {
        return Err(Life(found));
    }
    if is_clean {
        // Nothing is left of any life, so nothing of the numbers that were passed over. Not before
        // the life is ours: the next entrant could begin one of them.
        entry.clean.raise(next.generation(), SeqCst); // clean
    }
    Ok(())
}

/// Says that an entrant makes the entry of a dead participant its own. From here on the dead one is
/// gone for everybody, so an entrant that is stopped hides nothing.
///
/// # Errors
/// The life that was found instead.
pub fn adopt<T: Table>(table: &T, index: u8, dead: Life) -> Result<Life, Life> {
    let adopting = dead.with(ADOPTING);
    // life
    match table.entry(index).life.compare_exchange(dead.0, adopting.0, AcqRel, Acquire) {
        Ok(_) => Ok(adopting),
        Err(found) => Err(Life(found)),
    }
}

/// Frees an entry in this life, unless that has ended. Returns whether this call did it.
pub fn free<T: Table>(table: &T, index: u8, life: Life) -> bool {
    let free = life.with(FREE);
    table.entry(index).life.compare_exchange(life.0, free.0, Release, Relaxed).is_ok() // life
}

/// Notes that nothing is left of this life, whose participant leaves. Earlier lives of the entry
/// may still have words; then it has to stay noted that a pass is due.
pub fn note_clean<T: Table>(table: &T, index: u8, life: Life) {
    let clean = table.entry(index).clean;
    // pairs with: clean
    if clean.load(SeqCst).max(1) >= life.generation() {
        clean.raise(life.generation() + 1, SeqCst); // clean
    }
}

/// Whether an owner that a word names seems to be gone: its entry is not Live in that generation,
/// or is one of the lives that `is_dead` knows. A look only: the word may be taken after
/// [`Judge::condemn`].
#[inline]
pub fn is_gone<T: Table>(table: &T, owner: Owner, is_dead: impl Fn(u8, Life) -> bool) -> bool {
    let index = owner.index();
    if index >= table.entries() {
        return false; // nobody writes such a word; it is left to those who check it
    }
    let life = life(table, index);
    !life.is_live() || life.owner(index) != owner || is_dead(index, life)
}

/// A participant that judges owners. One thread of a participant at a time has one.
#[derive(Debug)]
pub struct Judge<'t, T: Table> {
    table: &'t T,
    me: u8,
}

impl<'t, T: Table> Judge<'t, T> {
    /// The judge of the participant at `me`, whose entry is Live.
    pub const fn new(table: &'t T, me: u8) -> Self {
        Self { table, me }
    }

    /// Looks at a word that names an owner who must not lose it while it lives. Returns the word,
    /// if its owner is gone: then the caller may replace that very word by CAS, before the next
    /// call. `owner_of` reads the owner out of a word, if it names one that can be judged.
    #[inline]
    pub fn condemn(
        &self,
        word: &T::Word,
        owner_of: impl Fn(u64) -> Option<Owner>,
        is_dead: impl Fn(u8, Life) -> bool,
    ) -> Option<u64> {
        let owner = owner_of(word.load(Acquire))?; // pairs with: own
        if !is_gone(self.table, owner, &is_dead) {
            return None;
        }
        let hazard = self.table.entry(self.me).hazard;
        let named = SET | u64::from(owner.bits());
        if hazard.load(Relaxed) != named {
            // our own word
            hazard.store(named, SeqCst); // hazard
            T::Word::barrier(); // hazard: the load of the word comes after it
        }
        let found = word.load(SeqCst); // pairs with: own, hazard
        (owner_of(found) == Some(owner) && is_gone(self.table, owner, is_dead)).then_some(found)
    }
}

impl<T: Table> Drop for Judge<'_, T> {
    fn drop(&mut self) {
        self.table.entry(self.me).hazard.store(0, Release); // hazard
    }
}

/// What a pass of recovery knows at its start.
///
/// It goes through the objects that a dead participant used, or through all of them if it is
/// thorough, and then frees the entries of the dead and calls [`Pass::complete`].
#[derive(Debug)]
pub struct Pass {
    /// For each entry the generation before which nothing is left after a thorough pass.
    clean: Vec<u64>,
    is_thorough: bool,
}

impl Pass {
    /// Begins a pass. `is_dead` tells which Live entries are those of dead participants.
    pub fn begin<T: Table>(table: &T, is_dead: impl Fn(u8, Life) -> bool) -> Self {
        let mut is_thorough = false;
        // Entries after these had no life yet.
        let entered = table.entered().load(Acquire).min(table.entries().into()) as u8; // pairs with: life
        let clean = (0..entered).map(|index| {
            let life = life(table, index);
            let ended = if life.is_live() { life.generation() } else { life.generation() + 1 };
            // What a dead participant left shows in its user words, unless its entry is adopted:
            // then it is of an ended life. Generation 0 is no life.
            let clean = table.entry(index).clean.load(SeqCst).max(1); // pairs with: clean
            is_thorough |= clean < ended && life.generation() != 0;
            if is_dead(index, life) { life.generation() + 1 } else { ended }
        });
        let clean = clean.collect();
        Self { clean, is_thorough }
    }

    /// Whether words may be left by lives whose entries do not tell.
    pub fn is_thorough(&self) -> bool {
        self.is_thorough
    }

    /// Notes that the pass took what it found. `freed` are the lives of the dead whose entries this
    /// pass has freed: of another dead participant a user word may have been written over by an
    /// adopter, before the pass saw it.
    pub fn complete<T: Table>(self, table: &T, freed: &[(u8, Life)]) {
        if self.is_thorough {
            for (index, clean) in self.clean.into_iter().enumerate() {
                table.entry(index as u8).clean.raise(clean, SeqCst); // clean
            }
        } else {
            for &(index, life) in freed {
                note_clean(table, index, life);
            }
        }
    }
}
