//! Which participants use which objects.

use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ringway_core::membership::{self, Life};

use super::{ObjectInfo, ObjectLife};
use crate::participants;
use crate::segment::Segment;

/// A handle of the object.
pub(crate) const ROLE_HANDLE: u8 = 1;
/// One that puts.
pub(crate) const ROLE_PUTTER: u8 = 2;
/// One that gets.
pub(crate) const ROLE_GETTER: u8 = 4;
/// A recovery that goes through the body.
pub(crate) const ROLE_RECLAIMER: u8 = 128;

/// A user word: {generation of the participant: 40, generation of the object: 16, roles: 8}.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct UserWord(pub(crate) u64);

impl UserWord {
    pub(crate) fn new(participant: Life, object: ObjectLife, roles: u8) -> Self {
        let object = u64::from(object.generation() & 0xffff);
        Self(participant.generation() << 24 | object << 8 | u64::from(roles))
    }
    /// Low 40 bits of the participant's generation.
    pub(crate) fn participant(self) -> u64 {
        self.0 >> 24
    }
    pub(crate) fn object(self) -> u16 {
        (self.0 >> 8) as u16
    }
    pub(crate) fn roles(self) -> u8 {
        self.0 as u8
    }
    /// Whether it was written in this life of its participant.
    pub(crate) fn is_of(self, life: Life) -> bool {
        self.participant() == life.generation() & ((1 << 40) - 1)
    }
}

/// Whether the word of a participant counts as a user of the object in that life, in one of these
/// roles.
fn is_user(segment: &Segment, entry: u32, index: u8, object: ObjectLife, roles: u8) -> bool {
    let word = UserWord(segment.user(entry, index).load(SeqCst)); // pairs with: user, putters
    let life = membership::life(segment, index);
    word.roles() & roles != 0
        && word.object() == object.generation() as u16
        && life.is_live()
        && word.is_of(life)
}

/// Whether any participant uses the object in that life.
pub(super) fn has_users(segment: &Segment, entry: u32, object: ObjectLife) -> bool {
    has_users_as(segment, entry, object, u8::MAX)
}

/// Whether any participant uses the object in that life, in one of these roles. One that is dead
/// counts until a pass has reclaimed the object.
pub(crate) fn has_users_as(segment: &Segment, entry: u32, object: ObjectLife, roles: u8) -> bool {
    (0..participants::entered(segment)).any(|index| is_user(segment, entry, index, object, roles))
}

/// The handles that this process has of each object, and the roles in its user word.
#[derive(Debug, Default)]
pub struct Uses(Mutex<HashMap<u32, Use>>);

#[derive(Debug, Default, Clone, Copy)]
struct Use {
    object: Option<ObjectLife>,
    handles: u32,
    putters: u32,
    getters: u32,
    reclaimers: u32,
    /// Whether a handle that was closed has left something that the participant owns.
    has_left: bool,
}

impl Uses {
    /// Notes one more user of these roles, and writes the user word. Returns `false`, and does neither,
    /// if another thread uses a later object of the entry: then the one that was found is over.
    pub(super) fn add(
        &self,
        segment: &Segment,
        entry: u32,
        me: (u8, Life),
        object: ObjectLife,
        roles: u8,
    ) -> bool {
        self.change(segment, entry, me, object, roles, true) != Changed::Stale
    }

    /// Notes one user less of these roles. Returns whether none of any role is left.
    pub(super) fn remove(
        &self,
        segment: &Segment,
        entry: u32,
        me: (u8, Life),
        object: ObjectLife,
        roles: u8,
    ) -> bool {
        self.change(segment, entry, me, object, roles, false) == Changed::Last
    }

    /// Notes that the participant came to own something in the body that no handle gives back.
    pub(crate) fn note_left(&self, object: &ObjectInfo) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = uses.get_mut(&object.entry) {
            known.has_left = true;
        }
    }

    /// Notes one handle of these roles less, like [`remove`](Self::remove). `has_left` says that the handle leaves
    /// something in the body that its participant owns. With the last handle, if any has left
    /// something, `give_back` gives it back, whichever handle it came by; no other thread opens the
    /// object meanwhile. If it returns false something is left, and the user word stays.
    pub(super) fn close(
        &self,
        segment: &Segment,
        entry: u32,
        me: (u8, Life),
        (object, roles): (ObjectLife, u8),
        has_left: bool,
        give_back: impl FnOnce() -> bool,
    ) -> bool {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = uses.get_mut(&entry)
            && known.is_of(object)
        {
            known.has_left |= has_left;
            if known.handles == 1 && known.has_left {
                if !give_back() {
                    return false;
                }
                known.has_left = false;
            }
        }
        change(&mut uses, segment, entry, me, object, roles, false) == Changed::Last
    }

    fn change(
        &self,
        segment: &Segment,
        entry: u32,
        me: (u8, Life),
        object: ObjectLife,
        roles: u8,
        more: bool,
    ) -> Changed {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut uses, segment, entry, me, object, roles, more)
    }
}

impl Use {
    fn is_of(&self, object: ObjectLife) -> bool {
        self.object.is_some_and(|known| known.generation() == object.generation())
    }
}

fn change(
    uses: &mut HashMap<u32, Use>,
    segment: &Segment,
    entry: u32,
    (index, life): (u8, Life),
    object: ObjectLife,
    roles: u8,
    more: bool,
) -> Changed {
    let of_entry = uses.entry(entry).or_default();
    if !of_entry.is_of(object) {
        // Generations wrap; the later of two that meet is less than half of them ahead.
        let is_later =
            |known: ObjectLife| known.generation().wrapping_sub(object.generation()) < 1 << 31;
        if !more || of_entry.object.is_some_and(is_later) {
            return Changed::Stale;
        }
        *of_entry = Use { object: Some(object), ..Use::default() };
    }
    let Use { handles, putters, getters, reclaimers, .. } = of_entry;
    let counts = [
        (ROLE_HANDLE, handles),
        (ROLE_PUTTER, putters),
        (ROLE_GETTER, getters),
        (ROLE_RECLAIMER, reclaimers),
    ];
    let mut left = 0;
    for (role, count) in counts {
        if roles & role != 0 {
            *count = if more { *count + 1 } else { count.saturating_sub(1) };
        }
        left |= if *count != 0 { role } else { 0 };
    }
    // What no handle gives back has to be found where the user word says that we were.
    let is_kept = of_entry.has_left && left & ROLE_HANDLE == 0;
    let roles = left | if is_kept { ROLE_RECLAIMER } else { 0 };
    let word = if roles == 0 { UserWord(0) } else { UserWord::new(life, object, roles) };
    segment.user(entry, index).store(word.0, SeqCst); // user
    if roles != 0 {
        return Changed::Kept;
    }
    uses.remove(&entry);
    Changed::Last
}

/// What a change of the uses of an entry left.
#[derive(PartialEq, Eq)]
enum Changed {
    /// Uses of the object.
    Kept,
    /// None.
    Last,
    /// Those of a later object.
    Stale,
}

/// The user words of an entry that lives which are over have left, with the entries they stand in.
pub(crate) fn words_of_gone(
    segment: &Segment,
    entry: u32,
    is_gone: impl Fn(u8, UserWord) -> bool,
) -> Vec<(u8, UserWord)> {
    (0..participants::entered(segment))
        .map(|index| (index, UserWord(segment.user(entry, index).load(Relaxed)))) // judged by CAS later; pairs with: user
        .filter(|&(index, word)| word.0 != 0 && is_gone(index, word))
        .collect()
}
