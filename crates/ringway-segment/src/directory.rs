//! The directory: which objects a segment holds.
//!
//! ```text
//! 0 free --CAS, maker, under the latch--> 1 being made --> 2 live
//! 2 live --remove--> 3 going, without a name --no user--> 4 closing
//! 4 closing --second look: none--> 5 clearing --punched--> 0 free
//! 4 closing --second look: one--> 3 going
//! 4 closing --a pass of recovery, whoever the owner is--> 3 going
//! 1 or 5 of an owner who is gone --CAS--> 5 (me), punched again
//! ```
//!
//! State 4 may go back and 5 never does: a successor cannot know how far a dead clearer got. A
//! stopped owner of 5 keeps its space, and no other process waits for it. A pass takes 4 back,
//! because it must not skip an object that may be in use again; it then tries to close it itself,
//! as it does with every object that is going. Within a process one thread at a time closes.
//!
//! A participant that uses an object notes it in its *user word* of the entry. Ordering pair
//! `user`: the store of a user word and then the load of the life, against the CAS of the life and
//! then the loads of the user words, all SeqCst: either the opener sees that the object is going,
//! or the closer sees the user. Ordering pair `made`: the store of state 2 (Release) against loads
//! of the life (Acquire); it carries the fields of the entry and the body as it was initialised.

mod close;
mod latch;
mod make;
mod open;
mod users;

use core::sync::atomic::Ordering::{Acquire, Relaxed};

use ringway_core::owner::Owner;

pub(crate) use self::close::{finish, try_close};
pub use self::make::make;
pub(crate) use self::open::Reclaimer;
pub use self::open::{Object, Wanted};
pub use self::users::Uses;
pub(crate) use self::users::{ROLE_GETTER, ROLE_PUTTER, UserWord, has_users_as, words_of_gone};
use crate::layout::{Entry, LINE};
use crate::segment::Segment;

/// What an object is. The numbers are part of the layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Kind {
    /// A queue of messages.
    Queue = 1,
    /// A lock.
    Lock = 4,
}

impl Kind {
    /// The kind with that number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Queue),
            4 => Some(Self::Lock),
            _ => None,
        }
    }
    /// How texts call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Lock => "lock",
        }
    }
    /// What the offset of its body is a multiple of.
    pub const fn align(self) -> u64 {
        match self {
            Self::Queue => crate::layout::PAGE,
            Self::Lock => LINE,
        }
    }
    /// The required features that this version knows.
    const fn features(self) -> u64 {
        match self {
            Self::Queue => {
                use crate::objects::channel::layout::{FEATURE_ENDS, FEATURE_RETURNS};
                FEATURE_RETURNS | FEATURE_ENDS
            }
            Self::Lock => 0,
        }
    }
}

/// The life word of a directory entry: {generation: 32, owner: 16, kind: 8, state: 8}.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ObjectLife(u64);

/// States of a directory entry.
pub(crate) mod state {
    pub const FREE: u8 = 0;
    pub const MAKING: u8 = 1;
    pub const LIVE: u8 = 2;
    pub const GOING: u8 = 3;
    pub const CLOSING: u8 = 4;
    pub const CLEARING: u8 = 5;
}

impl ObjectLife {
    pub(crate) fn of(entry: &Entry) -> Self {
        Self(entry.life.load(core::sync::atomic::Ordering::SeqCst)) // pairs with: made, user
    }
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
    pub(crate) const fn new(generation: u32, owner: Owner, kind: u8, state: u8) -> Self {
        let (generation, owner) = (generation as u64, owner.bits() as u64);
        Self(generation << 32 | owner << 16 | (kind as u64) << 8 | state as u64)
    }
    /// How many objects the entry has had.
    pub const fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
    pub(crate) const fn owner(self) -> Owner {
        Owner::from_bits((self.0 >> 16) as u16)
    }
    /// What the object is; `None` for a number that this version does not know.
    pub const fn kind(self) -> Option<Kind> {
        Kind::from_number((self.0 >> 8) as u8)
    }
    pub(crate) const fn kind_number(self) -> u8 {
        (self.0 >> 8) as u8
    }
    pub(crate) const fn state(self) -> u8 {
        self.0 as u8
    }
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }
    /// The same life in another state, which names no owner.
    pub(crate) const fn with(self, state: u8) -> Self {
        self.owned(Owner::from_bits(0), state)
    }
    /// The same life in a state that names its owner.
    pub(crate) const fn owned(self, owner: Owner, state: u8) -> Self {
        Self::new(self.generation(), owner, self.kind_number(), state)
    }
    /// Whether the object can be used by those who have it open.
    pub(crate) const fn is_usable(self) -> bool {
        matches!(self.state(), state::LIVE | state::GOING)
    }
}

/// What a directory entry says of its object.
#[derive(Clone, Debug)]
pub struct ObjectInfo {
    /// The entry.
    pub entry: u32,
    /// Which object of the entry.
    pub generation: u32,
    /// What it is.
    pub kind: Kind,
    /// Whether its name was removed, so that only those who have it open use it.
    pub is_going: bool,
    /// Its name within the segment; empty if it is alone there.
    pub name: String,
    /// Offset of the body in the segment.
    pub at: u64,
    /// Bytes of the body.
    pub bytes: u64,
    /// Three numbers, by kind.
    pub measures: [u64; 3],
    /// What an opener must know to use it: bits, by kind.
    pub features: u64,
    /// What the messages or values are.
    pub fingerprint: u64,
    /// Where the text of the schema lies in the body, and its bytes.
    pub schema: [u64; 2],
    /// Wall clock when it was made, nanoseconds since 1970.
    pub made_unix_nanos: u64,
}

/// The object of an entry that is live or going, as far as the entry is sound.
///
/// # Errors
/// The field that cannot be, what was found, and what was expected.
pub(crate) fn info(
    segment: &Segment,
    index: u32,
) -> Result<Option<ObjectInfo>, (&'static str, String, String)> {
    let entry = segment.entry(index);
    let life = ObjectLife::of(entry);
    if !life.is_usable() {
        return Ok(None);
    }
    let Some(kind) = life.kind() else {
        let found = life.kind_number().to_string();
        return Err(("the kind of object", found, "one that this version knows".to_owned()));
    };
    let [schema_at, schema_bytes] = entry.schema.each_ref().map(|word| word.load(Relaxed)); // pairs with: made
    let [required, _] = entry.features.each_ref().map(|word| word.load(Relaxed)); // pairs with: made
    let found = ObjectInfo {
        entry: index,
        generation: life.generation(),
        kind,
        is_going: life.state() == state::GOING,
        name: name_of(entry),
        at: entry.at.load(Relaxed),       // pairs with: made
        bytes: entry.bytes.load(Relaxed), // pairs with: made
        measures: entry.measures.each_ref().map(|word| word.load(Relaxed)), // pairs with: made
        features: required,
        fingerprint: entry.fingerprint.load(Relaxed), // pairs with: made
        schema: [schema_at, schema_bytes],
        made_unix_nanos: entry.made_unix_nanos.load(Relaxed), // pairs with: made
    };
    let (sum, expected) = (entry.checksum.load(Acquire), checksum_of(entry)); // pairs with: made
    if ObjectLife::of(entry) != life {
        return Ok(None); // it went while we read
    }
    let refused = |field, found: u64, expected: String| Err((field, found.to_string(), expected));
    if sum != expected {
        return refused("the checksum of its directory entry", sum, expected.to_string());
    }
    let known = kind.features();
    if required & !known != 0 {
        let expected = format!("none but {known}");
        return refused("the set of required features of the object", required, expected);
    }
    let frame = segment.frame();
    let end = found.at.checked_add(found.bytes);
    let is_within = found.at >= frame.bodies_at
        && found.at.is_multiple_of(kind.align())
        && end.is_some_and(|end| end <= frame.total_bytes);
    if !is_within {
        return refused("the place of its body", found.at, "one within the segment".to_owned());
    }
    if schema_at.checked_add(schema_bytes).is_none_or(|end| end > found.bytes) {
        return refused("the place of its schema", schema_at, "one within the body".to_owned());
    }
    Ok(Some(found))
}

/// The life of an entry that has memory.
pub(crate) fn life_of(segment: &Segment, index: u32) -> ObjectLife {
    ObjectLife::of(segment.entry(index))
}

/// Whether the entry has no object that a participant may use or come to use again.
pub(crate) fn is_over(segment: &Segment, index: u32) -> bool {
    let state = ObjectLife::of(segment.entry(index)).state();
    !matches!(state, state::LIVE | state::GOING | state::CLOSING)
}

/// All objects of a segment that are live or going, and whose entries are sound.
pub fn objects(segment: &Segment) -> Vec<ObjectInfo> {
    (0..segment.entries()).filter_map(|index| info(segment, index).ok().flatten()).collect()
}

/// The checksum of the fields of an entry.
fn checksum_of(entry: &Entry) -> u64 {
    let Entry { at, bytes, measures, fingerprint, options, name, schema, .. } = entry;
    let Entry { made_unix_nanos, features, ends, lock, .. } = entry;
    let words = [at, bytes].into_iter().chain(measures).chain([fingerprint, options]).chain(name);
    let words = words.chain(schema).chain([made_unix_nanos]).chain(features).chain([ends, lock]);
    let bytes: Vec<u8> = words.flat_map(|word| word.load(Relaxed).to_ne_bytes()).collect(); // pairs with: made
    crate::layout::checksum(&bytes)
}

fn name_of(entry: &Entry) -> String {
    let bytes: Vec<u8> =
        entry.name.iter().flat_map(|word| word.load(Relaxed).to_ne_bytes()).collect(); // pairs with: made
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
