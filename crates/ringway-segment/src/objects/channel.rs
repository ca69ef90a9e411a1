//! Queues: a ring of messages, and for each size class a store of the blocks that carry them.
//!
//! The state word of a block is its ownership, so every operation is made of the core's: a put
//! takes a block, fills it and pushes it; a get claims one, and its guard releases it. Here they
//! meet the words of a body, and the wake-ups that belong to them.

mod cells;
mod ends;
mod fast;
pub mod layout;
mod owned_block;
mod parts;
mod returned;
mod sides;

use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
};
use std::sync::Arc;

use crossbeam_utils::CachePadded;
use ringway_core::block::Block;
use ringway_core::corruption::{Corruption, Part};
use ringway_core::owned::{Batch, Owned};
use ringway_core::owner::Owner;
use ringway_core::position::Position;
use ringway_core::ring::{ClaimEnd, Hints, PushError};
use ringway_core::state::Lane;
use ringway_core::store::{self, Lent, NoBlock, Released, Store};

use self::cells::{ChannelCells, ClassCells};
pub use self::ends::Role;
pub(super) use self::ends::settle;
use self::layout::{
    ChannelMeasures, ChannelWords, FEATURE_ENDS, FEATURE_RETURNS, FLAG_IMMEDIATE, Geometry,
    IN_FLIGHT,
};
pub use self::owned_block::{Guard, GuardMany, OwnedBlock, OwnedBlocks};
pub(crate) use self::parts::Parts;
pub use self::returned::Unreturned;
pub use self::sides::Side;
use crate::attachment::{Attachment, Inside};
use crate::body::Body;
use crate::directory::{self, Kind, Object, ObjectInfo, Wanted};
use crate::error::{CreateError, OpenError, SegmentError};
use crate::event::{EVERYBODY, Event};
use crate::recovery::{Gone, Recovered};
use crate::segment::Segment;
use crate::segment::header::refused;
use crate::spec::ObjectSpec;
use crate::waiting::Patience;

/// A queue that this process has open. Shared by its threads.
pub struct Channel {
    parts: Parts,
    hints: CachePadded<Hints<AtomicU64>>,
    /// Of the ring of returned messages.
    returned_hints: CachePadded<Hints<AtomicU64>>,
    put_patience: Patience,
    get_patience: Patience,
    /// Guards and loans.
    lent: CachePadded<Lent<AtomicU64>>,
    /// Blocks of callers that sleep until there is a place.
    asleep_with_blocks: AtomicU32,
    /// Messages of fewer bytes can be put by this handle: 0 for one that only gets.
    put_end: u64,
    /// Whether the queue is shut down when the last putter is gone.
    ends: bool,
    object: Object,
}

/// What a new queue shall be.
#[derive(Debug, Clone)]
pub struct ChannelSpec {
    /// Messages that it holds at most.
    pub maxsize: u64,
    /// Bytes of the largest message.
    pub max_message: u64,
    /// Loans and guards that each participant may hold at once without delaying others.
    pub loans: u32,
    /// Whether messages that were taken can be put back.
    pub returns: bool,
    /// Whether it is shut down when the last putter is gone.
    pub ends: bool,
    /// What the messages are; 0 for plain bytes.
    pub fingerprint: u64,
    /// The same in words.
    pub schema: String,
    /// Whether the segment has memory behind all of it from the start.
    pub prefault: bool,
}

impl ChannelSpec {
    /// The geometry in a segment of that many participants.
    ///
    /// # Errors
    /// [`CreateError::BadOption`].
    pub fn geometry(&self, label: &str, participants: u32) -> Result<Geometry, CreateError> {
        let schema_bytes = self.schema.len() as u64;
        let Self { maxsize, max_message, loans, returns, .. } = *self;
        let measures =
            ChannelMeasures { maxsize, max_message, loans, participants, schema_bytes, returns };
        measures.geometry(label)
    }
}

impl Channel {
    /// Makes a queue in a segment, with a handle in that role.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn create(
        at: &Arc<Attachment>,
        label: &str,
        name: &str,
        spec: &ChannelSpec,
        role: Role,
    ) -> Result<Self, CreateError> {
        let geometry = spec.geometry(label, at.segment().frame().measures.participants)?;
        let first = Position::new(at.segment().header().first_position);
        let is_whole = spec.prefault || first.number() != 0;
        let object_spec = ObjectSpec {
            kind: Kind::Queue,
            name: name.to_owned(),
            bytes: geometry.total_bytes,
            backed: if is_whole { geometry.total_bytes } else { geometry.backed_at_creation },
            measures: [spec.maxsize, spec.max_message, spec.loans.into()],
            features: if spec.returns { FEATURE_RETURNS } else { 0 }
                | if spec.ends { FEATURE_ENDS } else { 0 },
            fingerprint: spec.fingerprint,
            schema: spec.schema.clone(),
            schema_at: geometry.schema_at,
            roles: role.bits(),
        };
        let mut place = 0;
        let object = directory::make(at, label, &object_spec, |body, offset| {
            place = offset;
            initialise(body, &geometry, first, spec.prefault);
        })?;
        let body = at.segment().body(place, geometry.total_bytes);
        // SAFETY: the body was made for this geometry, and `object` keeps the mapping.
        let parts = unsafe { Parts::new(body, place, geometry) };
        let channel = Self::over(parts, object, role, spec.ends);
        let failed = |source| CreateError::Segment { name: label.to_owned(), source };
        channel.join(role).map_err(failed)?;
        Ok(channel)
    }

    /// Opens a queue of a segment in that role.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        at: &Arc<Attachment>,
        wanted: Wanted<'_>,
        label: &str,
        role: Role,
    ) -> Result<(Self, ObjectInfo), OpenError> {
        let (object, info) = Object::open_as(at, wanted, Kind::Queue, label, role.bits())?;
        let geometry = geometry_of(at.segment(), &info)
            .map_err(|(field, found, expected)| refused(label, field, found, expected))?;
        // SAFETY: the geometry was checked to fit the body, and `object` keeps the mapping.
        let parts = unsafe { Parts::new(object.body(&info), info.at, geometry) };
        let channel = Self::over(parts, object, role, info.features & FEATURE_ENDS != 0);
        let failed = |source| OpenError::Segment { name: label.to_owned(), source };
        channel.join(role).map_err(failed)?;
        Ok((channel, info))
    }

    fn over(parts: Parts, object: Object, role: Role, ends: bool) -> Self {
        let ChannelMeasures { maxsize, max_message, .. } = parts.geometry.measures;
        let put_end = if role == Role::Getter { 0 } else { max_message + 1 };
        Self {
            parts,
            hints: CachePadded::default(),
            returned_hints: CachePadded::default(),
            put_patience: Patience::new(maxsize),
            get_patience: Patience::new(maxsize),
            lent: CachePadded::default(),
            asleep_with_blocks: AtomicU32::new(0),
            put_end,
            ends,
            object,
        }
    }

    /// The object in its directory.
    pub fn object(&self) -> &Object {
        &self.object
    }
    /// The attachment of its segment.
    #[inline(always)]
    pub fn attachment(&self) -> &Attachment {
        self.object.attachment()
    }
    /// Its measures.
    #[inline(always)]
    pub fn measures(&self) -> &ChannelMeasures {
        &self.parts.geometry.measures
    }
    #[inline(always)]
    fn segment(&self) -> &Segment {
        self.attachment().segment()
    }
    #[inline(always)]
    fn words(&self) -> &ChannelWords {
        self.parts.words()
    }
    #[inline(always)]
    fn ring(&self) -> ringway_core::ring::Ring<ChannelCells<'_>> {
        self.parts.messages()
    }
    fn store<'c>(&'c self, inside: Inside<'_>, class: u8) -> Store<'c, ClassCells<'c>> {
        self.parts.store(self.segment(), class, inside.me())
    }
    #[inline(always)]
    fn not_empty(&self) -> Event<'_> {
        Event::new(&self.words().not_empty.word)
    }
    #[inline(always)]
    fn not_full(&self) -> Event<'_> {
        Event::new(&self.words().not_full.word)
    }

    /// A free block of a class, when none is at hand.
    ///
    /// # Errors
    /// [`NoBlock`].
    pub fn take(
        &self,
        inside: Inside<'_>,
        class: u8,
    ) -> Result<OwnedBlock<'_>, NoBlock<SegmentError>> {
        self.store(inside, class).take_from_ring().map(|owned| OwnedBlock::new(self, owned))
    }

    /// The smallest class whose blocks hold `bytes`, if that is no more than the largest message,
    /// and if this handle puts.
    #[inline(always)]
    pub fn class_for(&self, bytes: usize) -> Option<u8> {
        ((bytes as u64) < self.put_end).then(|| self.parts.geometry.class_of(bytes))
    }

    /// Whether this handle puts.
    pub fn may_put(&self) -> bool {
        self.put_end != 0
    }

    /// Gives a block back, and wakes a caller that waits for one. If that fails, it stays ours.
    #[inline(never)]
    fn release(&self, inside: Inside<'_>, owned: Owned) -> Result<(), SegmentError> {
        let class = owned.block().class();
        let parts = self.parts.class_parts(class);
        // SAFETY: as in `release_fast`.
        let (descriptor, ..) = unsafe { parts.place_of_own(&owned) };
        if let Err(found) = store::end_message(&descriptor.state, inside.me()) {
            self.lent.lend(1); // closing has to look for it
            return Err(not_ours(owned.block(), found));
        }
        let wanted = parts.freed().count().has_sleepers();
        let owned = match wanted {
            true => owned,
            false => match parts.local.keep(owned, parts.keep) {
                Ok(()) => return Ok(()),
                Err(owned) => owned,
            },
        };
        match self.store(inside, class).release_to_ring(owned, wanted) {
            Ok(Released::ToRing(count)) => self.parts.freed(class).announce(count),
            Ok(Released::Kept) => {}
            Err(corruption) => {
                self.lent.lend(1); // closing has to look for it
                return Err(corruption.into());
            }
        }
        Ok(())
    }

    /// Leave to sleep with `blocks` blocks until there is a place; `None` when the threads of this
    /// process that do so have as many as its share allows. Then a caller gives its blocks back
    /// before it sleeps, so that it cannot use up what others were promised.
    pub fn sleep_with(&self, blocks: usize) -> Option<AsleepWith<'_>> {
        let blocks = blocks as u32;
        let before = self.asleep_with_blocks.fetch_add(blocks, Relaxed); // a number only
        let asleep = AsleepWith { channel: self, blocks };
        (u64::from(before + blocks) <= IN_FLIGHT).then_some(asleep)
    }

    /// Wakes a caller that waits for a place, in the stead of one that was woken and takes none.
    pub fn pass_place_on(&self) {
        self.not_full().announce(1);
    }

    /// Publishes blocks in order, and wakes callers that wait for them. Those that got in leave the
    /// batch.
    ///
    /// # Errors
    /// Why it stopped.
    #[inline]
    pub fn push(&self, inside: Inside<'_>, batch: &mut OwnedBlocks<'_>) -> Result<(), PushError> {
        let before = batch.len();
        let result = self.ring().push(inside.me(), batch.owned(), &self.hints);
        let pushed = before - batch.len();
        if pushed != 0 {
            self.not_empty().announce(pushed as u32);
        }
        result
    }

    /// Claims the oldest message, and wakes a caller that waits for its place. The inner error says
    /// why there is none.
    ///
    /// # Errors
    /// [`SegmentError`].
    #[inline]
    pub fn claim_one(
        &self,
        inside: Inside<'_>,
    ) -> Result<Result<OwnedBlock<'_>, ClaimEnd>, SegmentError> {
        if self.returns() {
            return self.claim_one_of_both(inside);
        }
        Ok(self.ring().claim_one(inside.me(), &self.hints)?.map(|owned| {
            self.not_full().announce(1);
            OwnedBlock::new(self, owned)
        }))
    }

    /// Claims the oldest messages, at most `max`, puts them at the end of `batch`, and wakes
    /// callers that wait for their places. Returns why it stopped.
    ///
    /// # Errors
    /// [`SegmentError`]; what was claimed before it was met is in the batch.
    #[inline]
    pub fn claim(
        &self,
        inside: Inside<'_>,
        batch: &mut OwnedBlocks<'_>,
        max: usize,
    ) -> Result<ClaimEnd, SegmentError> {
        if self.returns() {
            return self.claim_of_both(inside, batch, max);
        }
        self.claim_new(inside, batch.owned(), max)
    }

    /// Claims the oldest of those that wait for their first delivery.
    #[inline]
    fn claim_new(
        &self,
        inside: Inside<'_>,
        batch: &mut Batch,
        max: usize,
    ) -> Result<ClaimEnd, SegmentError> {
        let before = batch.len();
        let result = self.ring().claim(inside.me(), batch, max, &self.hints);
        let claimed = batch.len() - before;
        if claimed != 0 {
            self.not_full().announce(claimed as u32);
        }
        Ok(result?)
    }

    /// How many messages are queued: exact at one instant of the call; where messages can be put
    /// back, the sum of two that are.
    ///
    /// # Errors
    /// [`SegmentError`].
    pub fn size(&self) -> Result<u64, SegmentError> {
        Ok(self.ring().len()? + returned_len(&self.parts)?)
    }

    /// Whether `maxsize` messages wait for their first delivery: exact at one instant of the call.
    ///
    /// # Errors
    /// [`SegmentError`].
    pub fn is_full(&self) -> Result<bool, SegmentError> {
        Ok(self.ring().len()? >= self.measures().maxsize)
    }

    /// Whether there is a place, or was at some instant of the call.
    ///
    /// # Errors
    /// Full or closed.
    #[inline]
    pub fn has_room(&self) -> Result<(), PushError> {
        self.ring().has_room(&self.hints)
    }

    /// Whether the queue was shut down.
    ///
    /// # Errors
    /// [`SegmentError`].
    pub fn is_shut_down(&self) -> Result<bool, SegmentError> {
        Ok(self.ring().is_closed()?)
    }

    /// Whether a put would find the queue shut down, as far as a quick look tells.
    ///
    /// # Errors
    /// [`SegmentError`].
    #[inline]
    pub fn seems_shut_down(&self) -> Result<bool, SegmentError> {
        Ok(self.ring().seems_closed(&self.hints)?)
    }

    /// Closes the queue: later puts fail, gets take what is left. `immediate` drops what is left.
    ///
    /// # Errors
    /// [`SegmentError`].
    pub fn shut_down(&self, inside: Inside<'_>, immediate: bool) -> Result<(), SegmentError> {
        // The mark first: a death between the two leaves a plain shutdown.
        self.ring().close(&self.hints)?;
        if immediate {
            self.words().flags.word.fetch_or(FLAG_IMMEDIATE, SeqCst); // flags
        }
        wake_all(&self.parts);
        if immediate { self.drop_what_is_left(inside) } else { Ok(()) }
    }

    /// Takes and drops all messages of a queue that was shut down at once. Every get does so, in
    /// case the caller that shut it down died before it could.
    ///
    /// # Errors
    /// [`SegmentError`].
    #[cold]
    pub fn drop_what_is_left(&self, inside: Inside<'_>) -> Result<(), SegmentError> {
        // The mark comes before the flag.
        if !self.is_shut_down()? {
            let (part, found) = (Part::Control, self.flags());
            return Err(Corruption { part, word: "flags", at: 0, found }.into());
        }
        let mut returned = OwnedBlocks::new(self);
        while self.claim_returned(inside, &mut returned, 32)? != 0 {
            returned = OwnedBlocks::new(self);
        }
        loop {
            let mut taken = Batch::new();
            let end = self.ring().claim(inside.me(), &mut taken, 32, &self.hints);
            if !taken.is_empty() {
                self.not_full().announce(taken.len() as u32);
            }
            // All of them, even if one cannot be given back.
            let mut released = Ok(());
            while let Some(owned) = taken.pop_front() {
                released = released.and(self.release(inside, owned));
            }
            released?;
            if end? != ClaimEnd::More {
                return Ok(());
            }
        }
    }

    /// Whether the queue was shut down at once, so that nothing is delivered any more.
    #[inline]
    pub fn is_immediate(&self) -> bool {
        self.flags() & FLAG_IMMEDIATE != 0
    }

    /// Whether there is nothing but the ring of messages to look at: the queue was not shut down at
    /// once, and no message seems to have come back.
    #[inline(always)]
    pub fn is_plain(&self) -> bool {
        match self.words().flags.word.load(Acquire) {
            // pairs with: flags
            0 => true,
            flags => self.seems_plain(flags),
        }
    }

    #[inline(never)]
    fn seems_plain(&self, flags: u64) -> bool {
        flags & FLAG_IMMEDIATE == 0 && !self.may_have_returned()
    }

    #[inline]
    fn flags(&self) -> u64 {
        self.words().flags.word.load(SeqCst) // pairs with: flags
    }

    /// Looks whether a word hides what callers wait for.
    fn check(&self, inside: Inside<'_>) -> Result<(), SegmentError> {
        self.ring().check(&self.hints)?;
        if let Some(ring) = self.parts.returned() {
            ring.check(&self.returned_hints)?;
        }
        for class in self.parts.class_numbers() {
            self.store(inside, class).check()?;
        }
        Ok(())
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        // A forked child must not give back what is its parent's.
        let attachment = Arc::clone(self.object.attachment());
        let Ok(inside) = attachment.enter() else { return };
        self.part();
        let mut has_left = !self.lent.is_none();
        for class in self.parts.class_numbers() {
            match self.store(inside, class).empty_stocks() {
                Ok(Some(emptied)) => self.parts.freed(class).announce(emptied),
                _ => has_left = true,
            }
        }
        // Guards and loans that were forgotten. Other handles of this process may hold some that
        // were not, under the same owner.
        let (attachment, parts, me) =
            (Arc::clone(self.object.attachment()), &self.parts, inside.me());
        self.object.close(has_left, || give_up(attachment.segment(), parts, me));
    }
}

/// Gives back all that a participant owns in a queue, by a look at every block. Returns whether
/// nothing is left.
fn give_up(segment: &Segment, parts: &Parts, me: Owner) -> bool {
    let mut is_clean = true;
    for class in parts.class_numbers() {
        let given_up = parts.store(segment, class, me).give_up(
            |lane, position, block| parts.is_queued(lane, position, block),
            |_| count_lost(parts),
            |owned| push_again(parts, me, owned),
        );
        match given_up {
            Ok(blocks) => parts.freed(class).announce(u32::try_from(blocks).unwrap_or(EVERYBODY)),
            Err(_) => {
                is_clean = false;
                parts.freed(class).announce(1); // of those that went back before the damage
            }
        }
    }
    is_clean
}

/// A caller that sleeps with blocks in its hands.
pub struct AsleepWith<'c> {
    channel: &'c Channel,
    blocks: u32,
}

impl Drop for AsleepWith<'_> {
    fn drop(&mut self) {
        self.channel.asleep_with_blocks.fetch_sub(self.blocks, Relaxed); // a number only
    }
}

/// Pushes a block whose participant ended in the middle of putting it back.
fn push_again(parts: &Parts, me: Owner, owned: Owned) -> Result<(), Corruption> {
    // The slots have memory before any block is on its way there.
    let Some(ring) = parts.returned() else {
        let (part, at) = (Part::Returned, owned.block().bits().into());
        return Err(Corruption { part, word: "slots", at, found: 0 });
    };
    let mut one = Batch::new();
    let _ = one.push_back(owned); // an empty batch has room
    ring.push_all(me, &mut one, &Hints::default())?;
    Event::new(&parts.words().not_empty.word).announce(1);
    Ok(())
}

/// How many messages are queued that were put back.
pub(crate) fn returned_len(parts: &Parts) -> Result<u64, SegmentError> {
    Ok(parts.returned().map_or(Ok(0), |ring| ring.len())?)
}

fn count_lost(parts: &Parts) {
    parts.words().lost.word.fetch_add(1, Relaxed); // a number for people
}

#[cold]
fn not_ours(block: Block, found: u64) -> SegmentError {
    let part = Part::Blocks { class: block.class() };
    Corruption { part, word: "state of a held block", at: block.index().into(), found }.into()
}

/// Fills the words of a new body that are not zero.
fn initialise(body: Body<'_>, geometry: &Geometry, first: Position, is_backed: bool) {
    let words: &ChannelWords = body.at(0);
    if is_backed {
        for (class, words) in geometry.classes.iter().zip(&words.classes) {
            words.backed.store(class.store.blocks, Release); // made, backed
        }
        if let Some((ring, _)) = geometry.returned {
            words.returned_slots.word.store(ring.slots(), Release); // made, backed
        }
    }
    if first.number() == 0 {
        return;
    }
    let fill = |ring: ringway_core::ring::Shape, at: u64| {
        for index in 0..ring.slots() {
            body.word(at + index * 8).store(ring.initial_slot(index, first), Release); // made
        }
    };
    for word in [&words.tail.word, &words.head.word] {
        word.store(first.number(), Release); // made
    }
    for (class, words) in geometry.classes.iter().zip(&words.classes) {
        words.tail.word.store(first.number(), Release); // made
        words.head.word.store(first.number(), Release); // made
        fill(class.ring, class.slots_at);
    }
    fill(geometry.ring, geometry.slots_at);
    if let Some((ring, slots_at)) = geometry.returned {
        words.returned_tail.word.store(first.number(), Release); // made
        words.returned_head.word.store(first.number(), Release); // made
        fill(ring, slots_at);
    }
}

/// The geometry of a queue in the directory.
///
/// # Errors
/// The field that cannot be, what was found, and what was expected.
pub(crate) fn geometry_of(
    segment: &Segment,
    info: &ObjectInfo,
) -> Result<Geometry, (&'static str, String, String)> {
    let [maxsize, max_message, loans] = info.measures;
    let [schema_at, schema_bytes] = info.schema;
    let measures = ChannelMeasures {
        maxsize,
        max_message,
        loans: u32::try_from(loans).unwrap_or(u32::MAX),
        participants: segment.frame().measures.participants,
        schema_bytes,
        returns: info.features & FEATURE_RETURNS != 0,
    };
    for (field, value, low, high) in measures.limits() {
        if !(low..=high).contains(&value) {
            return Err((field, value.to_string(), format!("{low} to {high}")));
        }
    }
    let geometry = Geometry::new(measures);
    let same = |field, found: u64, expected: u64| match found == expected {
        true => Ok(()),
        false => Err((field, found.to_string(), expected.to_string())),
    };
    same("the size of the body", info.bytes, geometry.total_bytes)?;
    same("the place of the schema", schema_at, geometry.schema_at)?;
    Ok(geometry)
}

/// The parts of a queue in the directory, for a look from outside or a recovery.
pub(crate) fn parts_of(segment: &Segment, info: &ObjectInfo) -> Result<Parts, SegmentError> {
    let geometry = geometry_of(segment, info).map_err(|(word, ..)| {
        let at = info.entry.into();
        SegmentError::from(Corruption { part: Part::Directory, word, at, found: 0 })
    })?;
    // SAFETY: the geometry was checked to fit the body; callers keep the segment beside the parts.
    Ok(unsafe { Parts::new(segment.body(info.at, info.bytes), info.at, geometry) })
}

pub(super) fn reclaim(
    at: &Attachment,
    object: &ObjectInfo,
    gone: &Gone<'_>,
) -> Result<Recovered, SegmentError> {
    let segment = at.segment();
    let parts = parts_of(segment, object)?;
    let mut done = Recovered::default();
    let mut result = Ok(());
    for class in parts.class_numbers() {
        let me = at.life().owner(at.index());
        let reclaimed = parts.store(segment, class, me).reclaim(
            |state| gone.condemn(state),
            |lane, position, block| parts.is_queued(lane, position, block),
            |_| {
                done.lost_messages += 1;
                count_lost(&parts);
            },
            |owned| push_again(&parts, me, owned),
        );
        // A class whose ring is damaged keeps what is left; the others are gone through as well.
        match reclaimed {
            Ok(blocks) => done.blocks += blocks,
            Err(corruption) => result = result.and(Err(corruption.into())),
        }
    }
    result.map(|()| done)
}

pub(super) fn wake_everybody(segment: &Segment, object: &ObjectInfo) {
    if let Ok(parts) = parts_of(segment, object) {
        wake_all(&parts);
    }
}

fn wake_all(parts: &Parts) {
    let words = parts.words();
    Event::new(&words.not_empty.word).announce(EVERYBODY);
    Event::new(&words.not_full.word).announce(EVERYBODY);
    for class in parts.class_numbers() {
        parts.freed(class).announce(EVERYBODY);
    }
}

const _: () = {
    const fn is_shareable<C: Send + Sync>() {}
    is_shareable::<Channel>();
    assert!(Lane::Messages as u8 == 0);
};
