//! Removing an object: its body goes when no participant uses it.

use core::sync::atomic::Ordering::SeqCst;
use std::sync::PoisonError;

use ringway_core::membership::Judge;
use ringway_core::owner::Owner;

use super::users::has_users;
use super::{ObjectLife, state};
use crate::attachment::Attachment;
use crate::event::{EVERYBODY, Event};
use crate::layout::Entry;
use crate::participants;
use crate::segment::Segment;

/// Takes the name of a live object away; it goes when its last user closes it. Returns whether this
/// call did it.
pub(super) fn remove(at: &Attachment, index: u32, generation: u32) -> bool {
    let entry = at.segment().entry(index);
    let life = ObjectLife::of(entry);
    let is_live = life.state() == state::LIVE && life.generation() == generation;
    let removed = is_live && moved(entry, life, life.with(state::GOING));
    if removed {
        Event::new(&at.segment().words().changed.word).announce(EVERYBODY);
        try_close(at, index);
    }
    removed
}

/// Clears an object that is going and has no users.
pub(crate) fn try_close(at: &Attachment, index: u32) {
    let segment = at.segment();
    let entry = segment.entry(index);
    let _turn = at.closing.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let life = ObjectLife::of(entry);
        if life.state() != state::GOING || has_users(segment, index, life) {
            return;
        }
        let closing = life.owned(owner(at), state::CLOSING);
        if !moved(entry, life, closing) {
            continue;
        }
        close(at, index, closing);
    }
}

/// Takes a closing object back to going, and finishes what an owner who is gone began to make or to
/// clear. For a pass of recovery, or a maker.
pub(crate) fn finish(at: &Attachment, index: u32, judge: &Judge<'_, Segment>) {
    let entry = at.segment().entry(index);
    take_back(entry);
    let is_dead = |other, _| other != at.index() && participants::is_unmapped(at.segment(), other);
    let owner_of = |word| {
        let life = ObjectLife::from_bits(word);
        matches!(life.state(), state::MAKING | state::CLEARING).then(|| life.owner())
    };
    let Some(word) = judge.condemn(&entry.life, owner_of, is_dead) else { return };
    let life = ObjectLife::from_bits(word);
    let mine = life.owned(owner(at), state::CLEARING);
    if moved(entry, life, mine) {
        clear(at, index, mine);
    }
}

/// Takes a closing object back to going: the closer's next step fails then.
pub(super) fn take_back(entry: &Entry) {
    let life = ObjectLife::of(entry);
    if life.state() == state::CLOSING {
        moved(entry, life, life.with(state::GOING));
    }
}

/// Looks for users once more: an opener may have passed before the object was closing.
fn close(at: &Attachment, index: u32, closing: ObjectLife) {
    let entry = at.segment().entry(index);
    if has_users(at.segment(), index, closing) {
        moved(entry, closing, closing.with(state::GOING));
        return;
    }
    let clearing = closing.owned(owner(at), state::CLEARING);
    if moved(entry, closing, clearing) {
        clear(at, index, clearing);
    }
}

fn clear(at: &Attachment, index: u32, clearing: ObjectLife) {
    use core::sync::atomic::Ordering::Acquire;
    let segment = at.segment();
    let entry = segment.entry(index);
    let (place, bytes) = (entry.at.load(Acquire), entry.bytes.load(Acquire)); // pairs with: made
    let frame = segment.frame();
    let is_within = place >= frame.bodies_at
        && place.is_multiple_of(8)
        && place.checked_add(bytes).is_some_and(|end| end <= frame.total_bytes);
    if is_within {
        segment.punch(place, bytes);
    }
    moved(entry, clearing, clearing.with(state::FREE));
}

fn owner(at: &Attachment) -> Owner {
    at.life().owner(at.index())
}

/// One step of a life.
fn moved(entry: &Entry, from: ObjectLife, to: ObjectLife) -> bool {
    entry.life.compare_exchange(from.bits(), to.bits(), SeqCst, SeqCst).is_ok() // made, user
}
