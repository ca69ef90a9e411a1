//! A participant table on the heap, and what entrants and recoverers do with it.

use std::collections::HashSet;
use std::sync::Mutex;

use ringway_core::membership::{self, EntryWords, Judge, Life, Pass, Table};
use ringway_core::store::owner_of;
use ringway_core::word::{Ordering::Acquire, Word};

use super::heap::Memory;
use super::party::Party;

struct Entry<W> {
    life: W,
    hazard: W,
    clean: W,
}

pub struct Members<W> {
    entries: Vec<Entry<W>>,
    entered: W,
    /// The lock bytes: whether a participant holds that of its entry.
    bytes: Mutex<Vec<bool>>,
    /// Those that the kernel says are dead.
    dead: Mutex<HashSet<(u8, u64)>>,
}

impl<W: Word> Table for Members<W> {
    type Word = W;
    fn entry(&self, index: u8) -> EntryWords<'_, W> {
        let Entry { life, hazard, clean } = &self.entries[usize::from(index)];
        EntryWords { life, hazard, clean }
    }
    fn entries(&self) -> u8 {
        self.entries.len() as u8
    }
    fn entered(&self) -> &W {
        &self.entered
    }
}

impl<W: Word> Members<W> {
    /// A table in which each entry has had `lives` lives, of which nothing is left.
    pub fn new(entries: u8, lives: u64) -> Self {
        let clean = if lives == 0 { 0 } else { lives + 1 };
        let entry = |_| Entry { life: W::new(lives << 8), hazard: W::new(0), clean: W::new(clean) };
        Self {
            entries: (0..entries).map(entry).collect(),
            entered: W::new(0),
            bytes: Mutex::new(vec![false; entries.into()]),
            dead: Mutex::default(),
        }
    }

    pub fn life(&self, index: u8) -> Life {
        membership::life(self, index)
    }
    pub fn clean(&self, index: u8) -> u64 {
        self.entry(index).clean.load(Acquire)
    }
    pub fn entered(&self) -> u64 {
        self.entered.load(Acquire)
    }

    /// The participant in this entry is dead from here on.
    pub fn bury(&self, index: u8, life: Life) {
        self.dead.lock().unwrap().insert((index, life.bits()));
    }
    pub fn is_dead(&self, index: u8, life: Life) -> bool {
        self.dead.lock().unwrap().contains(&(index, life.bits()))
    }

    /// Enters the table at `index`, as an entrant does that has the lock byte of the entry.
    /// `None` if the next life may not begin yet.
    pub fn enter(&self, index: u8) -> Option<Life> {
        let mut seen = self.life(index);
        loop {
            let next = membership::next_life(self, index, seen)?;
            if seen.is_live() {
                assert!(self.is_dead(index, seen), "the entry of a living participant");
                match membership::adopt(self, index, seen) {
                    Ok(adopting) => seen = adopting,
                    Err(found) => {
                        seen = found; // recovered meanwhile
                        continue;
                    }
                }
            }
            // Its identity is that of a living process from here on.
            self.dead.lock().unwrap().retain(|&(entry, _)| entry != index);
            match membership::begin(self, index, seen, next) {
                Ok(()) => return Some(next),
                Err(found) => seen = found,
            }
        }
    }

    /// Leaves the table with nothing left.
    pub fn leave(&self, index: u8, life: Life) {
        membership::note_clean(self, index, life);
        assert!(membership::free(self, index, life));
    }

    /// A life in which nothing happens.
    pub fn live_once(&self, index: u8) -> Life {
        let life = self.enter(index).expect("a life");
        self.leave(index, life);
        life
    }
}

/// The lock byte of an entry, while it is held.
pub struct Byte<'a> {
    bytes: &'a Mutex<Vec<bool>>,
    index: u8,
}

impl Drop for Byte<'_> {
    fn drop(&mut self) {
        self.bytes.lock().unwrap()[usize::from(self.index)] = false;
    }
}

impl<W> Members<W> {
    /// Takes the first lock byte that is free.
    pub fn free_byte(&self) -> Option<(u8, Byte<'_>)> {
        let mut held = self.bytes.lock().unwrap();
        let index = held.iter().position(|&held| !held)?;
        held[index] = true;
        let index = index as u8;
        Some((index, Byte { bytes: &self.bytes, index }))
    }
}

impl<W: Memory> Party<W> {
    /// Recovers what the dead left, if there is reason to look. Returns how many blocks went back.
    pub fn pass(&self, members: &Members<W>) -> Option<u64> {
        let mine = self.me.index();
        let dead: Vec<(u8, Life)> = (0..members.entries())
            .map(|index| (index, members.life(index)))
            .filter(|&(index, life)| {
                index != mine && life.is_live() && members.is_dead(index, life)
            })
            .collect();
        let is_dead = |index, life| dead.contains(&(index, life));
        let pass = Pass::begin(members, is_dead);
        if dead.is_empty() && !pass.is_thorough() {
            return None;
        }
        let judge = Judge::new(members, mine);
        let blocks = self.reclaim(|state| judge.condemn(state, owner_of, is_dead));
        drop(judge);
        let free = |&(index, life): &(u8, Life)| membership::free(members, index, life);
        let freed: Vec<_> = dead.iter().copied().filter(free).collect();
        pass.complete(members, &freed);
        Some(blocks)
    }
}
