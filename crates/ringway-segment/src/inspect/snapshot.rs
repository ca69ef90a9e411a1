//! An object at about one instant.

use core::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed},
};

use ringway_core::event_count::EventCount;
use ringway_core::lock_word::LockWord;
use ringway_core::position::POSITION_MASK;
use ringway_core::ring::Cells;
use ringway_core::state::{Lane, State};

use super::{ParticipantInfo, participants};
use crate::directory::ObjectInfo;
use crate::error::SegmentError;
use crate::objects::channel::returned_len;
use crate::segment::Segment;
use crate::segment::remove::is_marked;

/// What one participant holds.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The participant.
    pub participant: ParticipantInfo,
    /// Messages that it has taken and not released: guards.
    pub messages: u64,
    /// Blocks that are at hand, loaned, or being put.
    pub blocks: u64,
}

/// A queue at about one instant.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Messages that it holds at most.
    pub maxsize: u64,
    /// Bytes of the largest message.
    pub max_message: u64,
    /// Messages in it; exact at one instant.
    pub size: u64,
    /// How many of them were taken and put back. They do not count towards `maxsize`.
    pub returned: u64,
    /// Messages that were ever put, modulo 2^44.
    pub puts: u64,
    /// Messages that were ever taken, modulo 2^44. One that was put back counts once.
    pub gets: u64,
    /// Whether it was shut down.
    pub shut_down: bool,
    /// Whether it is marked as removed, so that it cannot be opened.
    pub removed: bool,
    /// Messages that died with the participants that had taken them.
    pub lost: u64,
    /// Dead participants that were recovered.
    pub recovered: u64,
    /// Registrations of sleepers that wait for a message; an upper bound.
    pub waiting_to_get: u32,
    /// Registrations of sleepers that wait for a place or a block; an upper bound.
    pub waiting_to_put: u32,
    /// The participants of its segment.
    pub holders: Vec<Holder>,
    /// Entries of the participant table.
    pub participants_max: u32,
    /// Loans and messages that each participant may hold without delaying others.
    pub loans: u32,
    /// What the messages are.
    pub schema: String,
    /// Wall clock at creation, nanoseconds since 1970.
    pub created_unix_nanos: u64,
    /// Bytes of address space of the whole segment.
    pub virtual_bytes: u64,
    /// Bytes of memory of the whole segment.
    pub resident_bytes: u64,
}

/// Looks at a queue of a segment.
///
/// # Errors
/// [`SegmentError`] when a word is damaged.
pub fn snapshot(segment: &Segment, queue: &ObjectInfo) -> Result<Snapshot, SegmentError> {
    let view = super::queue(segment, queue)?;
    let words = view.parts.words();
    let measures = view.parts.geometry.measures;
    let ring = view.parts.messages();
    let new = ring.len()?;
    let returned = returned_len(&view.parts)?;
    let gets = ring.cells().head().load(Acquire); // pairs with: advance
    let shut_down = ring.is_closed()?;
    let first = segment.header().first_position;
    let since_first = |position: u64| position.wrapping_sub(first) & POSITION_MASK;
    let mut holders: Vec<Holder> = participants(segment)
        .into_iter()
        .map(|participant| Holder { participant, messages: 0, blocks: 0 })
        .collect();
    view.for_each_state(|_, state| {
        if let Some(State::Held { lane, owner, .. }) = state {
            let found = holders.iter_mut().find(|holder| holder.participant.is(owner));
            match (found, lane) {
                (Some(holder), Lane::Messages | Lane::Returned) => holder.messages += 1,
                (Some(holder), Lane::Free) => holder.blocks += 1,
                (None, _) => {}
            }
        }
    });
    let count = |word: &AtomicU64| EventCount::new(word).registrations();
    let freed = words.classes[..view.parts.geometry.classes.len()].iter().map(|c| count(&c.freed));
    Ok(Snapshot {
        maxsize: measures.maxsize,
        max_message: measures.max_message,
        size: new + returned,
        returned,
        puts: since_first(gets.wrapping_add(new)),
        gets: since_first(gets),
        shut_down,
        removed: is_marked(segment) || queue.is_going,
        lost: words.lost.word.load(Relaxed), // a number for people
        recovered: segment.words().recovered.word.load(Relaxed), // a number for people
        waiting_to_get: count(&words.not_empty.word),
        waiting_to_put: freed.fold(count(&words.not_full.word), u32::saturating_add),
        holders,
        participants_max: measures.participants,
        loans: measures.loans,
        schema: schema(segment, queue),
        created_unix_nanos: queue.made_unix_nanos,
        virtual_bytes: segment.frame().total_bytes,
        resident_bytes: segment.resident_bytes().unwrap_or(0),
    })
}

/// The text of an object's schema.
#[must_use]
pub fn schema(segment: &Segment, object: &ObjectInfo) -> String {
    let [at, bytes] = object.schema;
    let body = segment.body(object.at, object.bytes);
    let words = (0..bytes.div_ceil(8)).map(|number| body.word(at + number * 8));
    let mut text: Vec<u8> = words.flat_map(|word| word.load(Acquire).to_ne_bytes()).collect(); // pairs with: made
    text.truncate(bytes as usize);
    String::from_utf8_lossy(&text).into_owned()
}

/// A lock at one instant.
#[derive(Debug, Clone)]
pub struct LockSnapshot {
    /// The holder; `None` if the lock is free.
    pub holder: Option<ParticipantInfo>,
    /// Whether it is held, even if its holder is not in the table.
    pub held: bool,
    /// Whether a holder died and no later one has acknowledged it.
    pub owner_died: bool,
    /// How many times it was acquired, modulo 2^45.
    pub acquired: u64,
    /// Registrations of sleepers that wait for it; an upper bound.
    pub waiting: u32,
}

/// Looks at a lock of a segment.
///
/// # Errors
/// [`SegmentError`] when its word is damaged.
pub fn lock_snapshot(segment: &Segment, lock: &ObjectInfo) -> Result<LockSnapshot, SegmentError> {
    use ringway_core::corruption::{Corruption, Part};
    let body = segment.body(lock.at, lock.bytes);
    let state = LockWord::new(body.word(0)).state();
    if !state.is_possible() {
        let found = state.bits();
        return Err(Corruption { part: Part::Lock, word: "state", at: 0, found }.into());
    }
    let holder = state.holder();
    Ok(LockSnapshot {
        holder: holder.and_then(|owner| participants(segment).into_iter().find(|p| p.is(owner))),
        held: holder.is_some(),
        owner_died: state.owner_died(),
        acquired: state.serial(),
        waiting: EventCount::new(body.word(8)).registrations(),
    })
}
