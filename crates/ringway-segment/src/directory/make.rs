//! Making an object: whole before it is live.

use core::sync::atomic::Ordering::{Release, SeqCst};
use std::sync::Arc;

use ringway_sys::clock;

use super::open::Object;
use super::users::ROLE_HANDLE;
use super::{ObjectLife, checksum_of, finish, latch, name_of, state};
use crate::attachment::Attachment;
use crate::body::Body;
use crate::error::{CreateError, SegmentError};
use crate::event::{EVERYBODY, Event};
use crate::layout::{Entry, NAME_MAX};
use crate::recovery;
use crate::segment::Segment;
use crate::spec::ObjectSpec;

/// Makes an object in a segment, by `initialise` over its body, which is zero, and its offset.
///
/// # Errors
/// [`CreateError`]; then nothing is left of it.
pub fn make(
    at: &Arc<Attachment>,
    label: &str,
    spec: &ObjectSpec,
    initialise: impl FnOnce(Body<'_>, u64),
) -> Result<Object, CreateError> {
    let name = || label.to_owned();
    let failed = |source| failed(label, source);
    at.enter().map_err(failed)?;
    check_name(&spec.name)?;
    let segment = at.segment();
    let Some(latched) = latch::take(at) else { return Err(CreateError::Busy { name: name() }) };
    let judge = at.judge();
    for entry in 0..segment.entries() {
        finish(at, entry, &judge); // what makers and clearers left that are gone
    }
    drop(judge);
    if find_live(segment, &spec.name) {
        return Err(CreateError::AlreadyExists { name: name() });
    }
    let found = find_room(segment, label, spec).or_else(|full| {
        // What only the dead used makes room. Damage is met by those who use what is damaged.
        let _ = recovery::recover(at);
        find_room(segment, label, spec).map_err(|_| full)
    });
    let (place, index) = found?;
    let entry = segment.entry(index);
    let free = ObjectLife::of(entry);
    let owner = at.life().owner(at.index());
    let making =
        ObjectLife::new(free.generation().wrapping_add(1), owner, spec.kind as u8, state::MAKING);
    entry.at.store(place, Release); // made; before state 1, so that a successor knows what to punch
    entry.bytes.store(spec.bytes, Release); // made; likewise
    entry.life.store(making.bits(), SeqCst); // made; only the holder of the latch leaves state 0
    let give_up = |source| {
        entry.life.store(making.owned(owner, state::CLEARING).bits(), SeqCst); // made
        segment.punch(place, spec.bytes);
        entry.life.store(making.with(state::FREE).bits(), SeqCst); // made
        failed(source)
    };
    segment.reserve(place, spec.backed).map_err(give_up)?;
    let body = segment.body(place, spec.bytes);
    write_text(body, spec.schema_at, spec.schema.as_bytes());
    initialise(body, place);
    write_fields(entry, spec);
    // Nothing is later than what is being made.
    let roles = spec.roles | ROLE_HANDLE;
    let _ = at.uses.add(segment, index, (at.index(), at.life()), making, roles);
    let live = making.with(state::LIVE);
    entry.life.store(live.bits(), SeqCst); // made
    drop(latched);
    Event::new(&segment.words().changed.word).announce(EVERYBODY);
    Ok(Object::held(at, index, (live, roles), label, &spec.name))
}

fn check_name(name: &str) -> Result<(), CreateError> {
    let reason = if name.len() > NAME_MAX {
        "it is longer than 64 bytes"
    } else if name.contains(char::is_control) {
        "it has a control character"
    } else {
        return Ok(());
    };
    Err(CreateError::BadName { name: name.to_owned(), reason })
}

fn find_live(segment: &Segment, name: &str) -> bool {
    !name.is_empty()
        && (0..segment.entries()).any(|index| {
            let entry = segment.entry(index);
            ObjectLife::of(entry).state() == state::LIVE && name_of(entry) == name
        })
}

/// A place for the body, and a free entry.
fn find_room(segment: &Segment, label: &str, spec: &ObjectSpec) -> Result<(u64, u32), CreateError> {
    let full = |what, option| CreateError::ContextFull { name: label.to_owned(), what, option };
    let measures = segment.frame().measures;
    let Some(place) = find_place(segment, spec.bytes, spec.kind.align()) else {
        let (space, bytes) = (measures.space, spec.bytes);
        let what = format!("none of the gaps in {space} bytes of space has {bytes} bytes");
        return Err(full(what, "space"));
    };
    match find_entry(segment).map_err(|source| failed(label, source))? {
        Some(index) => Ok((place, index)),
        None => Err(full(format!("all {} entries are in use", measures.objects), "objects")),
    }
}

/// Why an object was not made.
fn failed(label: &str, source: SegmentError) -> CreateError {
    let name = label.to_owned();
    match source {
        SegmentError::NoSpace { needed, available, source } => {
            let source = ringway_sys::shm::NoSpace { needed, available, source: source.into() };
            CreateError::NoSpace { name, source }
        }
        source => CreateError::Segment { name, source },
    }
}

/// The lowest free entry, with memory behind it.
fn find_entry(segment: &Segment) -> Result<Option<u32>, SegmentError> {
    let entries = segment.entries();
    let is_free = |index| ObjectLife::of(segment.entry(index)).state() == state::FREE;
    if let Some(free) = (0..entries).find(|&index| is_free(index)) {
        return Ok(Some(free));
    }
    let frame = *segment.frame();
    if entries == frame.measures.objects {
        return Ok(None);
    }
    let size = size_of::<Entry>() as u64;
    segment.reserve(frame.directory_at + u64::from(entries) * size, size)?;
    segment.reserve(frame.users_at + u64::from(entries) * frame.users_bytes, frame.users_bytes)?;
    segment.words().entries.word.store(u64::from(entries) + 1, Release); // entries; under the latch
    Ok(Some(entries))
}

/// The lowest gap between bodies that has `bytes`. It is computed from the entries, so there is no
/// list of gaps to repair.
fn find_place(segment: &Segment, bytes: u64, align: u64) -> Option<u64> {
    let frame = segment.frame();
    let mut taken: Vec<(u64, u64)> = (0..segment.entries())
        .map(|index| segment.entry(index))
        .filter(|entry| ObjectLife::of(entry).state() != state::FREE)
        .map(|entry| {
            let at = entry.at.load(core::sync::atomic::Ordering::Acquire); // pairs with: made
            (at, at.saturating_add(entry.bytes.load(core::sync::atomic::Ordering::Acquire))) // pairs with: made
        })
        .collect();
    taken.sort_unstable();
    let mut place = frame.bodies_at.next_multiple_of(align);
    for (at, end) in taken {
        if place.checked_add(bytes).is_some_and(|next| next <= at) {
            break;
        }
        place = place.max(end).checked_next_multiple_of(align)?;
    }
    place.checked_add(bytes).filter(|&end| end <= frame.total_bytes).map(|_| place)
}

fn write_fields(entry: &Entry, spec: &ObjectSpec) {
    use core::sync::atomic::Ordering::Relaxed;
    let mut name = [0; NAME_MAX];
    name[..spec.name.len()].copy_from_slice(spec.name.as_bytes());
    // Published by the store of state 2: pair made.
    for (word, value) in entry.measures.iter().zip(spec.measures) {
        word.store(value, Relaxed); // carried by: made
    }
    for (word, part) in entry.name.iter().zip(name.chunks_exact(8)) {
        word.store(u64::from_ne_bytes(part.try_into().unwrap_or_default()), Relaxed); // carried by: made
    }
    for (word, value) in entry.schema.iter().zip([spec.schema_at, spec.schema.len() as u64]) {
        word.store(value, Relaxed); // carried by: made
    }
    entry.fingerprint.store(spec.fingerprint, Relaxed); // carried by: made
    for word in [&entry.options, &entry.ends, &entry.lock, &entry.features[1]] {
        word.store(0, Relaxed); // carried by: made
    }
    entry.features[0].store(spec.features, Relaxed); // carried by: made
    entry.made_unix_nanos.store(clock::unix_nanos(), Relaxed); // carried by: made
    entry.checksum.store(checksum_of(entry), Relaxed); // carried by: made
}

/// Writes a text into a body, by words.
fn write_text(body: Body<'_>, at: u64, text: &[u8]) {
    for (number, part) in text.chunks(8).enumerate() {
        let mut word = [0; 8];
        word[..part.len()].copy_from_slice(part);
        let place = body.word(at + number as u64 * 8);
        place.store(u64::from_ne_bytes(word), Release); // made
    }
}
