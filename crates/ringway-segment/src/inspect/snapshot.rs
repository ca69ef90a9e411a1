//! Looking at a segment from outside, without taking part in it.

use core::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed},
};

use crate::error::{Fault, OpenError};
use crate::event;
use crate::names::Place;
use crate::packed::{Block, Lane, Owner, State};
use crate::participant::{self, Attendee, Life};
use crate::removal;
use crate::ring::Cells;
use crate::segment::Segment;

/// What one participant holds.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The participant.
    pub attendee: Attendee,
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
    /// Messages that were ever put, modulo 2^44.
    pub puts: u64,
    /// Messages that were ever taken, modulo 2^44.
    pub gets: u64,
    /// Whether it was shut down.
    pub shut_down: bool,
    /// Whether it is marked as removed, so that nobody can open it.
    pub removed: bool,
    /// Messages that died with the participants that had taken them.
    pub lost: u64,
    /// Dead participants that were recovered.
    pub recovered: u64,
    /// Registrations of sleepers that wait for a message; an upper bound.
    pub waiting_to_get: u32,
    /// Registrations of sleepers that wait for a place or a block; an upper bound.
    pub waiting_to_put: u32,
    /// Who has it open.
    pub holders: Vec<Holder>,
    /// Entries of the participant table.
    pub participants_max: u32,
    /// Loans and messages that each participant may hold without delaying others.
    pub loans: u32,
    /// What the messages are.
    pub schema: String,
    /// Wall clock at creation, nanoseconds since 1970.
    pub created_unix_nanos: u64,
    /// Bytes of address space.
    pub virtual_bytes: u64,
    /// Bytes of memory.
    pub resident_bytes: u64,
}

/// Opens a segment to look at it, to be used with [`snapshot`]. No participant entry is taken.
///
/// # Errors
/// [`OpenError`].
pub fn inspect(place: &Place) -> Result<Segment, OpenError> {
    Segment::open(place)
}

/// What there is to see.
///
/// # Errors
/// [`Fault`] when a word is damaged.
pub fn snapshot(segment: &Segment) -> Result<Snapshot, Fault> {
    let control = segment.control();
    let header = segment.header();
    let ring = segment.messages();
    let size = ring.len()?;
    let (gets, shut_down) = (ring.cells().head().load(Acquire), ring.is_closed()?);
    let since_first = |position: u64| {
        position.wrapping_sub(header.first_position) & crate::position::POSITION_MASK
    };
    let mut holders: Vec<Holder> = participant::attendees(segment)
        .into_iter()
        .map(|attendee| Holder { attendee, messages: 0, blocks: 0 })
        .collect();
    for_each_state(segment, |_, state| {
        if let Some(State::Held { lane, owner, .. }) = state {
            let found = holders.iter_mut().find(|holder| {
                holder.attendee.index == owner.index()
                    && holder.attendee.generation as u8 == owner.generation()
            });
            match (found, lane) {
                (Some(holder), Lane::Messages) => holder.messages += 1,
                (Some(holder), Lane::Free) => holder.blocks += 1,
                (None, _) => {}
            }
        }
    });
    let count = |word: &AtomicU64| event::registrations(word);
    Ok(Snapshot {
        maxsize: header.measures.maxsize,
        max_message: header.measures.max_message,
        size,
        puts: since_first(gets.wrapping_add(size)),
        gets: since_first(gets),
        shut_down,
        removed: removal::is_marked(segment),
        lost: control.lost.word.load(Relaxed),
        recovered: control.recovered.word.load(Relaxed),
        waiting_to_get: count(&control.not_empty.word),
        waiting_to_put: count(&control.not_full.word)
            .saturating_add(count(&control.block_freed.word)),
        holders,
        participants_max: header.measures.participants,
        loans: header.measures.loans,
        schema: segment.schema(),
        created_unix_nanos: header.created_unix_nanos,
        virtual_bytes: segment.geometry().total_bytes,
        resident_bytes: segment.resident_bytes().unwrap_or(0),
    })
}

/// Where all blocks are. In a segment that nobody is using right now, `orphaned` and `damaged` are 0 after a recovery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Blocks with memory behind them: the sum of all below.
    pub blocks: u64,
    /// Never used.
    pub fresh: u64,
    /// In the ring of messages.
    pub messages: u64,
    /// In a ring of free blocks.
    pub free: u64,
    /// Owned by somebody whose entry is live: at hand, loaned, being put, or a message that was taken.
    pub held: u64,
    /// Owned by nobody who has an entry.
    pub orphaned: u64,
    /// With a state that nobody writes.
    pub damaged: u64,
}

/// Accounts for every block that has memory behind it.
pub fn accounts(segment: &Segment) -> Accounts {
    let mut accounts = Accounts::default();
    let has_entry = |owner: Owner| {
        usize::from(owner.index()) < segment.participants().len() && {
            let life = Life::of(segment.participant(owner.index()));
            life.is_live() && life.owner(owner.index()) == owner
        }
    };
    for_each_state(segment, |block, state| {
        let place = match state {
            None => &mut accounts.damaged,
            Some(State::Fresh) => &mut accounts.fresh,
            Some(State::Queued { lane: Lane::Messages, position, .. })
                if segment.messages().names(position, block) =>
            {
                &mut accounts.messages
            }
            Some(State::Queued { lane: Lane::Free, position, .. })
                if segment.free_blocks(block.class()).names(position, block) =>
            {
                &mut accounts.free
            }
            Some(State::Held { owner, .. } | State::Queued { owner, .. }) if has_entry(owner) => {
                &mut accounts.held
            }
            Some(_) => &mut accounts.orphaned,
        };
        *place += 1;
        accounts.blocks += 1;
    });
    accounts
}

/// Visits the state of every block that has memory behind it; `None` is a word that nobody writes.
pub(crate) fn for_each_state(segment: &Segment, mut visit: impl FnMut(Block, Option<State>)) {
    for class in 0..segment.geometry().classes.len() as u8 {
        for index in 0..segment.backed(class) as u32 {
            let block = Block::new(class, index);
            if let Some(descriptor) = segment.descriptor(block) {
                visit(block, State::unpack(descriptor.state.load(Acquire))); // pairs with: own
            }
        }
    }
}
