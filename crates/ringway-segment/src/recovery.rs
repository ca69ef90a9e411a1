//! Recovery: what dead participants owned is reclaimed, object by object, and then their entries
//! are freed.
//!
//! No participant has to ask for it and none has to finish it. Each change is one CAS from a word
//! that names an owner who is gone: a recoverer that dies half-way is one more dead participant,
//! and two at once share the work word by word.
//!
//! An entry of the table becomes Free only by a pass that itself went through all objects, each
//! reclaimed. Damage in one object leaves the entry Live and dead; other objects are reclaimed all
//! the same, and adoption serves a full table.

use core::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, SeqCst},
};

use ringway_core::lock_word::LockWord;
use ringway_core::membership::{self, Judge, Life, Pass};
use ringway_core::owner::Owner;
use ringway_core::store;

use crate::attachment::Attachment;
use crate::directory::{self, ObjectInfo, UserWord};
use crate::error::SegmentError;
use crate::objects;
use crate::participants::{self, Bytes};
use crate::segment::Segment;
use crate::watch::{self, Known};

/// What a recovery did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Dead participants whose entries were freed.
    pub participants: u32,
    /// Blocks that went back.
    pub blocks: u64,
    /// Messages that they had taken and not released.
    pub lost_messages: u64,
    /// Locks that they held.
    pub locks: u64,
}

impl Recovered {
    fn add(&mut self, other: Self) {
        self.participants += other.participants;
        self.blocks += other.blocks;
        self.lost_messages += other.lost_messages;
        self.locks += other.locks;
    }
}

/// Finds dead participants and takes back what they owned.
///
/// # Errors
/// [`SegmentError`].
pub fn recover(at: &Attachment) -> Result<Recovered, SegmentError> {
    at.enter()?;
    recover_known(at, &watch::ask_about(at), Bytes::All)
}

/// The same for an entrant, by the lock bytes alone: a process that has ended and whose forked
/// child lives on is left to the next look.
pub(crate) fn recover_at_open(at: &Attachment) -> Result<Recovered, SegmentError> {
    pass(at, |index| participants::is_unmapped(at.segment(), index))
}

/// The same with what the kernel has told of the processes already.
pub(crate) fn recover_known(
    at: &Attachment,
    known: &Known,
    bytes: Bytes,
) -> Result<Recovered, SegmentError> {
    at.enter()?;
    let liveness = |process: &_| known.liveness(process);
    pass(at, |index| participants::is_dead(at.segment(), index, bytes, liveness))
}

/// Which owners are gone, for a pass.
pub(crate) struct Gone<'p> {
    segment: &'p Segment,
    judge: &'p Judge<'p, Segment>,
    dead: &'p [(u8, Life)],
}

impl Gone<'_> {
    /// Whether an owner is gone, as far as a look tells. Enough for words that stand only once.
    pub(crate) fn seems(&self, owner: Owner) -> bool {
        membership::is_gone(self.segment, owner, |index, life| self.is_dead(index, life))
    }
    /// The state word of a block whose owner is gone; see [`Judge::condemn`].
    pub(crate) fn condemn(&self, state: &AtomicU64) -> Option<u64> {
        self.judge.condemn(state, store::owner_of, |index, life| self.is_dead(index, life))
    }
    fn is_dead(&self, index: u8, life: Life) -> bool {
        self.dead.contains(&(index, life))
    }
    /// Whether the life that wrote a user word is over.
    fn is_over(&self, index: u8, word: UserWord) -> bool {
        let life = membership::life(self.segment, index);
        !life.is_live() || !word.is_of(life) || self.is_dead(index, life)
    }
}

/// A pass over all objects.
fn pass(at: &Attachment, is_dead: impl Fn(u8) -> bool) -> Result<Recovered, SegmentError> {
    at.check_entry()?;
    let segment = at.segment();
    let judge = at.judge();
    let dead: Vec<(u8, Life)> = participants::living(segment)
        .filter(|&(index, _)| index != at.index() && is_dead(index))
        .collect();
    let pass = Pass::begin(segment, |index, life| dead.contains(&(index, life)));
    let mut done = Recovered::default();
    if dead.is_empty() && !pass.is_thorough() {
        return Ok(done);
    }
    let gone = Gone { segment, judge: &judge, dead: &dead };
    LockWord::new(&segment.words().latch.word).reclaim(|owner| gone.seems(owner));
    let mut result = Ok(());
    for entry in 0..segment.entries() {
        let outcome = visit(at, entry, &gone, pass.is_thorough(), &mut done);
        result = result.and(outcome);
    }
    if result.is_ok() {
        let free = |&(index, life): &(u8, Life)| membership::free(segment, index, life);
        let freed: Vec<_> = dead.iter().copied().filter(free).collect();
        done.participants = freed.len() as u32;
        segment.words().recovered.word.fetch_add(freed.len() as u64, Relaxed); // a number for people
        pass.complete(segment, &freed);
    }
    if done != Recovered::default() {
        #[cfg(feature = "tracing")]
        tracing::warn!(
            name = segment.label(),
            participants = done.participants,
            blocks = done.blocks,
            lost_messages = done.lost_messages,
            "recovered what dead participants held"
        );
    }
    result.map(|()| done)
}

/// Finishes what is half done in an entry of the directory, and reclaims its object. Only an entry
/// whose object is over may be skipped: one that seems to close may be in use again.
fn visit(
    at: &Attachment,
    entry: u32,
    gone: &Gone<'_>,
    is_thorough: bool,
    done: &mut Recovered,
) -> Result<(), SegmentError> {
    loop {
        directory::finish(at, entry, gone.judge);
        match directory::info(at.segment(), entry) {
            Ok(Some(object)) => {
                let outcome = reclaim(at, &object, gone, is_thorough, done)
                    .and_then(|()| settle(at, &object));
                directory::try_close(at, entry); // a user may have died before it did
                return outcome;
            }
            Ok(None) if directory::is_over(at.segment(), entry) => return Ok(()),
            Ok(None) => {} // it moved while we looked
            Err(_) => return Err(damaged(entry)),
        }
    }
}

/// Lets an object end whose end the dead have brought about.
fn settle(at: &Attachment, object: &ObjectInfo) -> Result<(), SegmentError> {
    if !objects::may_settle(object) {
        return Ok(());
    }
    // While the role stands, the body is not cleared.
    match directory::Reclaimer::enter(at, object) {
        Some(_role) => objects::settle(at.segment(), object),
        None => Ok(()),
    }
}

/// Reclaims one object, unless none of the dead used it.
fn reclaim(
    at: &Attachment,
    object: &ObjectInfo,
    gone: &Gone<'_>,
    is_thorough: bool,
    done: &mut Recovered,
) -> Result<(), SegmentError> {
    let segment = at.segment();
    let words =
        directory::words_of_gone(segment, object.entry, |index, word| gone.is_over(index, word));
    if words.is_empty() && !is_thorough {
        return Ok(());
    }
    // While the role stands, the body is not cleared, and our own death is seen there.
    let Some(_role) = directory::Reclaimer::enter(at, object) else { return Ok(()) };
    let reclaimed = objects::reclaim(at, object, gone);
    objects::wake_everybody(segment, object);
    if reclaimed.is_err() {
        at.uses.note_left(object); // a block that a damaged ring did not take is ours now
        at.leaves_words();
    }
    done.add(reclaimed?);
    for (index, word) in words {
        let user = segment.user(object.entry, index);
        let _ = user.compare_exchange(word.0, 0, SeqCst, Acquire); // user
    }
    Ok(())
}

fn damaged(entry: u32) -> SegmentError {
    use ringway_core::corruption::{Corruption, Part};
    let (at, found) = (entry.into(), 0);
    Corruption { part: Part::Directory, word: "entry", at, found }.into()
}
