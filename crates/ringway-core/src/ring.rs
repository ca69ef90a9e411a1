//! The ring: a bounded, lock-free, many-to-many FIFO of block references that survives the death of any user.
//!
//! The shape is that of Nikolaev's NCQ (helped CAS on cycle-tagged slots; "A Scalable, Portable, and Memory-Efficient
//! Lock-Free FIFO Queue", DISC 2019), with two changes: a message is taken by claiming the *block*, whose state word
//! names its owner, so a death leaves nothing unowned; and `maxsize` is exact. `shm-layout.md` has the proof.
//!
//! Position `p` uses slot `p mod n`, in turn `p / n + 1`. A slot whose turn is one less than that of `p` is free for
//! `p`; with that turn or a later one, `p` has been filled. `head` and `tail` are hints that everybody helps on: they
//! never run ahead of the truth, may lag by a stride as a rule, and by any number when helpers die. Each process also
//! remembers where it was last ([`Hints`]), so that a lone putter or getter seldom looks at the shared hints.
//!
//! Ordering pairs, by name:
//!
//! * `publish`: the CAS of a slot is Release (SeqCst), each load of a slot is Acquire. It carries the message and the
//!   state word that was stored before.
//! * `advance`: the CAS of head or tail is Release, each load of it Acquire. Who sees a tail sees the slots before it
//!   filled; who sees a head sees the blocks before it claimed.
//! * `own`: each store or CAS of a state word is Release (the claim: SeqCst), each load Acquire. The algorithm itself
//!   would stand with Relaxed; recovery, which walks the states, reads what an owner did before it died.
//! * `hint`: what a process remembers is stored Release and recalled Acquire: a thread that starts where another one
//!   was has seen what that one saw. Else it could take an old slot for a corrupted one.
//! * `edge`: publish and claim are SeqCst, as is the look at the sleepers that follows them; see [`crate::event`].

pub use crate::corruption::{Corruption, Part};
pub use crate::hints::Hints;
use crate::hints::{LocalWord, recall};
use crate::packed::{Block, Lane, Owner, State};
use crate::position::Position;
use crate::prefetch;
pub use crate::shape::Shape;
use crate::shape::{Filled, Slot};
use crate::word::{
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    Word,
};

/// The words that a ring lives in.
pub trait Cells {
    /// The kind of word.
    type Word: Word;
    /// Where the oldest message is, or before.
    fn head(&self) -> &Self::Word;
    /// Where the next message goes, or before.
    fn tail(&self) -> &Self::Word;
    /// Slot `index`, which is below the number of slots.
    fn slot(&self, index: usize) -> &Self::Word;
    /// The state word of a block that a slot names; `None` if the segment has no such block.
    fn state(&self, block: Block) -> Option<&Self::Word>;
    /// The state word of a block that the caller owns.
    #[inline(always)]
    fn state_of_own(&self, block: Block) -> Option<&Self::Word> {
        self.state(block)
    }
    /// What the ring is in its segment, for errors.
    fn part(&self) -> Part {
        Part::Messages
    }
    /// The block will be claimed from that lane soon.
    #[inline(always)]
    fn prefetch(&self, _lane: Lane, _block: Block) {}
}

/// Why blocks could not be pushed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PushError {
    /// The limit was reached at some instant of the call.
    Full,
    /// The ring was closed.
    Closed,
    /// A word is not what it can be.
    Corrupt(Corruption),
}

impl From<Corruption> for PushError {
    fn from(corruption: Corruption) -> Self {
        Self::Corrupt(corruption)
    }
}

/// Why a claim ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edge {
    /// There may be more.
    More,
    /// Empty at some instant of the call.
    Empty,
    /// Everything up to the mark of `close` has been claimed.
    Closed,
}

/// Head and tail are helped on when a position that divides by this is passed; others walk the rest. Also the slots of
/// a cache line.
const STRIDE: u64 = 8;

/// How far ahead of a claim the next blocks are fetched.
const AHEAD: u64 = 4;

/// A bound on the steps of one call. Each step is another's progress, a place where helpers died, or a word that no
/// correct process wrote; so many of the first two in one call are not to be expected.
struct Fuel(u32);

impl Fuel {
    #[inline(always)]
    fn new() -> Self {
        Self(1 << 16)
    }
    #[inline(always)]
    fn spend(&mut self) -> bool {
        self.0 -= 1;
        self.0 == 0
    }
}

/// A ring over some cells.
#[derive(Clone, Copy, Debug)]
pub struct Ring<C> {
    cells: C,
    lane: Lane,
    shape: Shape,
}

impl<C: Cells> Ring<C> {
    /// The ring `lane` in `cells`, with measures `shape`.
    #[inline(always)]
    pub const fn new(cells: C, lane: Lane, shape: Shape) -> Self {
        Self { cells, lane, shape }
    }

    /// Its cells.
    #[inline(always)]
    pub const fn cells(&self) -> &C {
        &self.cells
    }

    /// Its measures.
    #[inline(always)]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether a push may succeed. A quick look: `Ok` promises nothing, but an error was true at some instant of the call.
    ///
    /// # Errors
    /// [`PushError`].
    #[inline]
    pub fn has_room(&self, hints: &Hints) -> Result<(), PushError> {
        let t = match recall(&hints.next_put) {
            Some(remembered) => remembered,
            None => self.tail()?,
        };
        let slot = Slot(self.cells.slot(self.shape.index(t)).load(Acquire)); // pairs with: publish
        self.require_room(t, self.shape.limit(), slot, hints)
    }

    /// Pushes one block by the way that nearly every push goes: the next position as this process remembers it is free,
    /// and there is room. Answers whether it did; if not, the block still belongs to `me` and [`push`](Self::push) has
    /// to look closer.
    #[inline(always)]
    pub fn push_straight(&self, me: Owner, block: Block, hints: &Hints) -> bool {
        let (Some(t), Some(head)) = (recall(&hints.next_put), recall(&hints.head)) else { return false };
        if !self.push_at(me, block, t, head) {
            return false;
        }
        let next = t.plus(1);
        hints.next_put.store(next.number(), Release); // hint
        self.help(self.cells.tail(), next, 1);
        true
    }

    /// Publishes a block at `t`, if that is free and `head`, which the shared head has reached, says that there is room.
    #[inline(always)]
    fn push_at(&self, me: Owner, block: Block, t: Position, head: Position) -> bool {
        let Some(state) = self.cells.state_of_own(block) else { return false };
        let slot = self.cells.slot(self.shape.index(t));
        let seen = Slot(slot.load(Acquire)); // pairs with: publish
        let has_room = (t.ahead_of(head) as u64) < self.shape.limit(); // behind head is no room either
        if !has_room || !matches!(self.shape.read(seen, t), Filled::NotYet) {
            return false;
        }
        state.store(State::Queued { lane: self.lane, owner: me, position: t }.pack(), Release); // own
        let named = Slot::pack(self.shape.turn(t), block.bits());
        if t.number().is_multiple_of(STRIDE) {
            // The next line of slots, which the getters read a lap ago.
            prefetch::for_writing(self.cells.slot(self.shape.index(t.plus(STRIDE))));
        }
        let published = slot.compare_exchange(seen.0, named, SeqCst, Relaxed).is_ok();
        if !published {
            state.store(State::Held { lane: Lane::Free, owner: me, position: t }.pack(), Release); // own
        }
        published
    }

    /// Pushes blocks that `me` owns, in order, and answers how many got in. Those that did not still belong to `me`.
    ///
    /// # Errors
    /// Besides the number, why it stopped.
    pub fn push(&self, me: Owner, blocks: &[Block], hints: &Hints) -> (usize, Result<(), PushError>) {
        let mut t = match self.start(&hints.next_put, self.cells.tail(), "tail") {
            Ok(start) => start,
            Err(corruption) => return (0, Err(corruption.into())),
        };
        let mut pushed = 0;
        let mut result = Ok(());
        for &block in blocks {
            if recall(&hints.head).is_some_and(|head| self.push_at(me, block, t, head)) {
                t = t.plus(1);
                pushed += 1;
                continue;
            }
            match self.publish(me, block, t, hints) {
                Ok(next) => t = next,
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
            pushed += 1;
        }
        if pushed != 0 {
            hints.next_put.store(t.number(), Release); // hint
            self.help(self.cells.tail(), t, pushed as u64);
        }
        (pushed, result)
    }

    /// Publishes one block at the first free position from `t` on; answers the position after it.
    #[inline(never)]
    fn publish(&self, me: Owner, block: Block, mut t: Position, hints: &Hints) -> Result<Position, PushError> {
        let Some(state) = self.cells.state_of_own(block) else {
            return Err(self.corrupt("block", block.bits().into(), block.bits().into()));
        };
        let mut offered = false;
        let mut fuel = Fuel::new();
        let error = loop {
            let slot = self.cells.slot(self.shape.index(t));
            let mut seen = Slot(slot.load(Acquire)); // pairs with: publish
            if let Err(error) = self.require_room(t, self.shape.limit(), seen, hints) {
                break error;
            }
            // A slot that changes under us is looked at again before going on: behind a position that was skipped,
            // everything would be invisible, and the mark of `close` must not be passed.
            let filled = loop {
                match self.shape.read(seen, t) {
                    Filled::NotYet => {
                        // own: whoever sees the slot name the block sees where it is queued.
                        state.store(State::Queued { lane: self.lane, owner: me, position: t }.pack(), Release);
                        offered = true;
                        let named = Slot::pack(self.shape.turn(t), block.bits());
                        // publish: pairs with every load of a slot. SeqCst for the look at the sleepers after it.
                        match slot.compare_exchange(seen.0, named, SeqCst, Acquire) {
                            Ok(_) => return Ok(t.plus(1)),
                            Err(found) => seen = Slot(found),
                        }
                    }
                    filled => break filled,
                }
            };
            match filled {
                Filled::With(Block::CLOSED) => break PushError::Closed,
                Filled::Never => break self.corrupt("slot", t.number(), seen.0),
                // Left behind by a whole lap: what head has passed was filled.
                Filled::AndPast => match self.beyond(t, seen) {
                    Ok(head) => t = head,
                    Err(corruption) => break corruption.into(),
                },
                _ => match self.later(t.plus(1), self.cells.tail(), "tail") {
                    Ok(later) => t = later,
                    Err(corruption) => break corruption.into(),
                },
            }
            if fuel.spend() {
                break self.corrupt("tail", t.number(), self.cells.tail().load(Relaxed));
            }
        };
        if offered {
            // The slots do not name the block, and now its state does not say so either.
            state.store(State::Held { lane: Lane::Free, owner: me, position: t }.pack(), Release); // own
        }
        Err(error)
    }

    /// Whether fewer than `limit` blocks are queued before `t`.
    #[inline(always)]
    fn require_room(&self, t: Position, limit: u64, at_t: Slot, hints: &Hints) -> Result<(), PushError> {
        if let Some(known) = recall(&hints.head) {
            let span = t.ahead_of(known);
            if span >= 0 && (span as u64) < limit {
                return Ok(());
            }
        }
        self.look_for_room(t, limit, at_t, hints)
    }

    /// Walks head past what has been claimed, until there is room before `t`.
    ///
    /// "Full" needs the block at head to be still queued, seen after `t` and head: then `t - head` blocks were in the
    /// ring at that instant. The shared head is moved before the answer, so that no slot is filled again that head has
    /// not passed.
    #[cold]
    fn look_for_room(&self, t: Position, limit: u64, at_t: Slot, hints: &Hints) -> Result<(), PushError> {
        let start = self.head()?;
        let mut h = start;
        let mut fuel = Fuel::new();
        let result = loop {
            if t.ahead_of(h) < limit as i64 {
                break Ok(());
            }
            let slot = Slot(self.cells.slot(self.shape.index(h)).load(Acquire)); // pairs with: publish
            match self.shape.read(slot, h) {
                Filled::With(Block::CLOSED) => break Err(PushError::Closed),
                Filled::With(block) => {
                    let Some(state) = self.cells.state(block) else {
                        break Err(self.corrupt("slot", h.number(), slot.0));
                    };
                    if State::is_queued_at(state.load(Acquire), self.lane, h) {
                        break Err(match self.shape.read(at_t, t) {
                            Filled::With(Block::CLOSED) => PushError::Closed,
                            _ => PushError::Full,
                        });
                    }
                    h = h.plus(1);
                }
                Filled::AndPast => match self.beyond(h, slot) {
                    Ok(later) => h = later,
                    Err(corruption) => break Err(corruption.into()),
                },
                Filled::NotYet | Filled::Never => break Err(self.corrupt("slot", h.number(), slot.0)),
            }
            if fuel.spend() {
                break Err(self.corrupt("head", t.number(), h.number()));
            }
        };
        if h != start {
            self.advance(self.cells.head(), start, h);
        }
        hints.head.store(h.number(), Release); // hint
        result
    }

    /// Claims one block by the way that nearly every claim goes: the next position as this process remembers it is
    /// filled and nobody else was faster. `None` says that [`claim`](Self::claim) has to look closer.
    #[inline(always)]
    pub fn claim_straight(&self, me: Owner, hints: &Hints) -> Option<Block> {
        let h = recall(&hints.next_get)?;
        let block = self.claim_at(me, h, hints)?;
        let next = h.plus(1);
        hints.next_get.store(next.number(), Release); // hint
        self.help(self.cells.head(), next, 1);
        Some(block)
    }

    /// Claims the block at `h`, if it is there and was pushed by the pusher of the last one.
    #[inline(always)]
    fn claim_at(&self, me: Owner, h: Position, hints: &Hints) -> Option<Block> {
        let slot = Slot(self.cells.slot(self.shape.index(h)).load(Acquire)); // pairs with: publish
        let Filled::With(block) = self.shape.read(slot, h) else { return None };
        let state = self.cells.state(block)?; // there is none for the mark of `close`
        self.prefetch(h.plus(AHEAD));
        let pusher = Owner::from_bits(hints.pusher.load(Relaxed) as u16);
        let queued = State::Queued { lane: self.lane, owner: pusher, position: h }.pack();
        let held = State::Held { lane: self.lane, owner: me, position: h }.pack();
        state.compare_exchange(queued, held, SeqCst, Relaxed).ok()?; // own
        Some(block)
    }

    /// Claims the oldest blocks for `me`, as many as `out` has places; answers how many and why it stopped.
    ///
    /// # Errors
    /// [`Corruption`], besides the number of blocks that were claimed before it was met.
    pub fn claim(&self, me: Owner, out: &mut [Block], hints: &Hints) -> (usize, Result<Edge, Corruption>) {
        let start = match self.start(&hints.next_get, self.cells.head(), "head") {
            Ok(start) => start,
            Err(corruption) => return (0, Err(corruption)),
        };
        let mut h = start;
        let mut claimed = 0;
        let mut fuel = Fuel::new();
        let result = loop {
            if claimed == out.len() {
                break Ok(Edge::More);
            }
            if let Some(block) = self.claim_at(me, h, hints) {
                out[claimed] = block;
                claimed += 1;
                h = h.plus(1);
                continue;
            }
            let slot = Slot(self.cells.slot(self.shape.index(h)).load(Acquire)); // pairs with: publish
            match self.shape.read(slot, h) {
                Filled::With(Block::CLOSED) => break Ok(Edge::Closed),
                Filled::With(block) => {
                    let Some(state) = self.cells.state(block) else {
                        break Err(self.corruption("slot", h.number(), slot.0));
                    };
                    if self.take(me, state, h, hints) {
                        out[claimed] = block;
                        claimed += 1;
                        h = h.plus(1);
                    } else {
                        match self.later(h.plus(1), self.cells.head(), "head") {
                            Ok(later) => h = later,
                            Err(corruption) => break Err(corruption),
                        }
                    }
                }
                // Position h is not filled, and all before it are claimed.
                Filled::NotYet => break Ok(Edge::Empty),
                // Left behind by a whole lap.
                Filled::AndPast => match self.beyond(h, slot) {
                    Ok(later) => h = later,
                    Err(corruption) => break Err(corruption),
                },
                Filled::Never => break Err(self.corruption("slot", h.number(), slot.0)),
            }
            if fuel.spend() {
                break Err(self.corruption("head", h.number(), slot.0));
            }
        };
        if h != start {
            hints.next_get.store(h.number(), Release); // hint
            self.help(self.cells.head(), h, h.ahead_of(start).unsigned_abs());
        }
        (claimed, result)
    }

    /// The point of linearization of a claim: one CAS that moves the block and names its new owner.
    #[inline(always)]
    fn take(&self, me: Owner, state: &C::Word, h: Position, hints: &Hints) -> bool {
        let held = State::Held { lane: self.lane, owner: me, position: h }.pack();
        // Who pushed it is part of the word. Guessing the last pusher saves a load, which would bring the line over
        // once for reading and again for writing.
        let guess = Owner::from_bits(hints.pusher.load(Relaxed) as u16);
        let mut expected = State::Queued { lane: self.lane, owner: guess, position: h }.pack();
        loop {
            // own; SeqCst for the look at the sleepers after it.
            match state.compare_exchange(expected, held, SeqCst, Acquire) {
                Ok(_) => return true,
                Err(found) if State::is_queued_at(found, self.lane, h) => {
                    if let Some(State::Queued { owner, .. }) = State::unpack(found) {
                        hints.pusher.store(owner.bits().into(), Relaxed);
                    }
                    expected = found;
                }
                Err(_) => return false,
            }
        }
    }

    /// Fetches what position `h` holds, if it has been filled.
    #[inline(always)]
    fn prefetch(&self, h: Position) {
        let slot = Slot(self.cells.slot(self.shape.index(h)).load(Relaxed)); // a hint only
        if let Filled::With(block) = self.shape.read(slot, h) {
            self.cells.prefetch(self.lane, block);
        }
    }

    /// Closes the ring: after it, no push succeeds. Answers whether this call did it.
    ///
    /// The mark takes a position like a message, so what was acknowledged before it can still be claimed.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn close(&self, hints: &Hints) -> Result<bool, Corruption> {
        let start = self.tail()?;
        let mut t = start;
        let mut fuel = Fuel::new();
        loop {
            let slot = self.cells.slot(self.shape.index(t));
            let seen = Slot(slot.load(Acquire)); // pairs with: publish
            match self.shape.read(seen, t) {
                Filled::With(Block::CLOSED) => return Ok(false),
                Filled::Never => return Err(self.corruption("slot", t.number(), seen.0)),
                Filled::With(_) => t = t.plus(1),
                Filled::AndPast => t = self.beyond(t, seen)?,
                Filled::NotYet => {
                    // The mark may stand at maxsize, but never on a slot that head has not passed.
                    match self.require_room(t, self.shape.slots(), seen, hints) {
                        Err(PushError::Corrupt(corruption)) => return Err(corruption),
                        Err(PushError::Closed) => return Ok(false),
                        Err(PushError::Full) => return Err(self.corruption("head", t.number(), seen.0)),
                        Ok(()) => {}
                    }
                    let mark = Slot::pack(self.shape.turn(t), Block::CLOSED.bits());
                    if slot.compare_exchange(seen.0, mark, SeqCst, Acquire).is_ok() {
                        self.advance(self.cells.tail(), start, t);
                        return Ok(true);
                    }
                }
            }
            if fuel.spend() {
                return Err(self.corruption("tail", t.number(), self.cells.tail().load(Relaxed)));
            }
        }
    }

    /// Whether the ring was closed.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn is_closed(&self) -> Result<bool, Corruption> {
        let t = self.first_unfilled(self.tail()?)?;
        let slot = Slot(self.cells.slot(self.shape.index(t)).load(Acquire)); // pairs with: publish
        Ok(matches!(self.shape.read(slot, t), Filled::With(Block::CLOSED)))
    }

    /// Looks whether the slot of the next message lies that it is free, and so hides all that is queued behind it. For
    /// whoever waits: a head or tail that lies is found by whoever believes it.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn check(&self, hints: &Hints) -> Result<(), Corruption> {
        self.require_end(self.start(&hints.next_get, self.cells.head(), "head")?)
    }

    /// Makes sure that a slot which said that it is free is not one of those before tail.
    fn require_end(&self, h: Position) -> Result<(), Corruption> {
        if self.tail()?.ahead_of(h) > 0 {
            let slot = Slot(self.cells.slot(self.shape.index(h)).load(Acquire)); // after tail; pairs with: publish
            if matches!(self.shape.read(slot, h), Filled::NotYet | Filled::Never) {
                return Err(self.corruption("slot", h.number(), slot.0));
            }
        }
        Ok(())
    }

    /// How many blocks were queued at one instant of the call.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn len(&self) -> Result<u64, Corruption> {
        let mut fuel = Fuel::new();
        loop {
            let h = self.head()?;
            let slot = Slot(self.cells.slot(self.shape.index(h)).load(Acquire)); // pairs with: publish
            match self.shape.read(slot, h) {
                Filled::NotYet => return self.require_end(h).map(|()| 0),
                Filled::With(Block::CLOSED) => return Ok(0),
                Filled::AndPast => _ = self.beyond(h, slot)?,
                Filled::Never => return Err(self.corruption("slot", h.number(), slot.0)),
                Filled::With(block) => {
                    let Some(state) = self.cells.state(block) else {
                        return Err(self.corruption("slot", h.number(), slot.0));
                    };
                    let before = state.load(Acquire);
                    if State::is_queued_at(before, self.lane, h) {
                        let tail = self.tail()?;
                        let from = if tail.ahead_of(h) < 0 { h } else { tail };
                        // Slots are read before the state is read again: if the oldest is the same, all between
                        // were queued when the last slot was read.
                        let t = self.first_unfilled(from)?;
                        if state.load(Acquire) == before {
                            return Ok(t.ahead_of(h) as u64);
                        }
                    } else {
                        self.advance(self.cells.head(), h, h.plus(1));
                    }
                }
            }
            if fuel.spend() {
                return Err(self.corruption("head", h.number(), slot.0));
            }
        }
    }

    /// Whether nothing was queued at one instant of the call.
    ///
    /// # Errors
    /// [`Corruption`].
    pub fn is_empty(&self) -> Result<bool, Corruption> {
        Ok(self.len()? == 0)
    }

    /// Whether `block` is published at `position`: its slot names it.
    #[inline]
    pub fn names(&self, position: Position, block: Block) -> bool {
        let slot = Slot(self.cells.slot(self.shape.index(position)).load(Acquire)); // pairs with: publish
        matches!(self.shape.read(slot, position), Filled::With(named) if named == block)
    }

    /// The position of the next message, or of the mark of `close`.
    fn first_unfilled(&self, from: Position) -> Result<Position, Corruption> {
        let mut t = from;
        let mut fuel = Fuel::new();
        loop {
            let slot = Slot(self.cells.slot(self.shape.index(t)).load(Acquire)); // pairs with: publish
            match self.shape.read(slot, t) {
                Filled::NotYet | Filled::With(Block::CLOSED) => return Ok(t),
                Filled::Never => return Err(self.corruption("slot", t.number(), slot.0)),
                Filled::With(_) => t = t.plus(1),
                Filled::AndPast => t = self.beyond(t, slot)?,
            }
            if fuel.spend() {
                return Err(self.corruption("tail", t.number(), slot.0));
            }
        }
    }

    /// Where to begin: the later of what this process remembers and the shared hint. Who did nothing for very long
    /// remembers something that can no longer be compared.
    fn start(&self, hint: &LocalWord, word: &C::Word, name: &'static str) -> Result<Position, Corruption> {
        const COMPARABLE: u64 = 1 << 40;
        let shared = self.position(word);
        match recall(hint) {
            Some(remembered) if remembered.ahead_of(shared).unsigned_abs() < COMPARABLE => {
                if remembered.ahead_of(shared) >= 0 { Ok(remembered) } else { self.reached(shared, name) }
            }
            _ => self.reached(shared, name),
        }
    }

    /// The later of a position and a shared hint.
    #[inline(always)]
    fn later(&self, position: Position, word: &C::Word, name: &'static str) -> Result<Position, Corruption> {
        let shared = self.position(word);
        if shared.ahead_of(position) > 0 { self.reached(shared, name) } else { Ok(position) }
    }

    /// The shared head, if slot `h` was used again since. Whoever filled it saw head beyond `h`, and so do we; else one of
    /// the two lies, and if it is head, then the next slot was used again as well.
    #[cold]
    fn beyond(&self, h: Position, slot: Slot) -> Result<Position, Corruption> {
        let head = self.head()?;
        if head.ahead_of(h) > 0 {
            return Ok(head);
        }
        let next = Slot(self.cells.slot(self.shape.index(h.plus(1))).load(Acquire)); // pairs with: publish
        match self.shape.read(next, h.plus(1)) {
            Filled::AndPast => Err(self.corruption("head", h.number(), head.number())),
            _ => Err(self.corruption("slot", h.number(), slot.0)),
        }
    }

    fn head(&self) -> Result<Position, Corruption> {
        self.reached(self.position(self.cells.head()), "head")
    }

    fn tail(&self) -> Result<Position, Corruption> {
        self.reached(self.position(self.cells.tail()), "tail")
    }

    /// A position that a shared hint says has been reached. Then the one before it was filled; a hint that ran ahead
    /// would hide what is queued behind it, or let a push leave a hole.
    #[inline]
    fn reached(&self, position: Position, name: &'static str) -> Result<Position, Corruption> {
        let before = position.minus(1);
        let slot = Slot(self.cells.slot(self.shape.index(before)).load(Acquire)); // pairs with: publish
        match self.shape.read(slot, before) {
            Filled::With(_) | Filled::AndPast => Ok(position),
            Filled::NotYet | Filled::Never => Err(self.corruption(name, before.number(), position.number())),
        }
    }

    /// Helps `word` on to `to`, if one of the last `steps` positions before it ends a stride.
    #[inline(always)]
    fn help(&self, word: &C::Word, to: Position, steps: u64) {
        if to.number() % STRIDE < steps {
            self.advance_far(word, to);
        }
    }

    #[inline(never)]
    fn advance_far(&self, word: &C::Word, to: Position) {
        self.advance(word, self.position(word), to);
    }

    /// Helps `word` on from `from` to at least `to`.
    #[inline(always)]
    fn advance(&self, word: &C::Word, from: Position, to: Position) {
        let mut expected = from.number();
        if to.ahead_of(from) <= 0 {
            return;
        }
        loop {
            match word.compare_exchange(expected, to.number(), Release, Acquire) {
                Ok(_) => return,
                Err(found) if to.ahead_of(Position::new(found)) <= 0 => return,
                Err(found) => expected = found,
            }
        }
    }

    #[inline(always)]
    fn position(&self, word: &C::Word) -> Position {
        Position::new(word.load(Acquire)) // pairs with: advance
    }

    #[cold]
    fn corruption(&self, word: &'static str, at: u64, found: u64) -> Corruption {
        Corruption { part: self.cells.part(), word, at, found }
    }
    #[cold]
    fn corrupt(&self, word: &'static str, at: u64, found: u64) -> PushError {
        PushError::Corrupt(self.corruption(word, at, found))
    }
}
