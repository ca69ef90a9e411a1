//! Where all blocks of a queue are.

use core::sync::atomic::Ordering::Acquire;

use ringway_core::block::Block;
use ringway_core::membership;
use ringway_core::owner::Owner;
use ringway_core::state::{Lane, State};

use super::QueueView;
use crate::directory::ObjectInfo;
use crate::error::SegmentError;
use crate::segment::Segment;

/// Where all blocks are. In a segment that is not in use right now, `orphaned` and `damaged` are 0
/// after a recovery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Blocks with memory behind them: the sum of all below.
    pub blocks: u64,
    /// Never used.
    pub fresh: u64,
    /// In the ring of messages, or in that of returned ones.
    pub messages: u64,
    /// In a ring of free blocks.
    pub free: u64,
    /// Owned by a participant whose entry is live: at hand, loaned, being put, or a message that
    /// was taken.
    pub held: u64,
    /// Owned by no participant that has an entry.
    pub orphaned: u64,
    /// With a state that no participant writes.
    pub damaged: u64,
}

/// Accounts for every block of a queue that has memory behind it.
///
/// # Errors
/// [`SegmentError`] when the directory entry is damaged.
pub fn accounts(segment: &Segment, queue: &ObjectInfo) -> Result<Accounts, SegmentError> {
    let view = super::queue(segment, queue)?;
    let mut accounts = Accounts::default();
    let has_entry = |owner: Owner| {
        owner.index() < segment.participants() && !membership::is_gone(segment, owner, |_, _| false)
    };
    let messages = view.parts.messages();
    view.for_each_state(|block, state| {
        let place = match state {
            None => &mut accounts.damaged,
            Some(State::Fresh) => &mut accounts.fresh,
            Some(State::Queued { lane: Lane::Messages, position, .. })
                if messages.is_published(position, block) =>
            {
                &mut accounts.messages
            }
            Some(State::Queued { lane: Lane::Free, position, .. })
                if view.parts.free_blocks(segment, block.class()).is_published(position, block) =>
            {
                &mut accounts.free
            }
            Some(State::Queued { lane: Lane::Returned, position, .. })
                if view.parts.returned().is_some_and(|ring| ring.is_published(position, block)) =>
            {
                &mut accounts.messages
            }
            Some(State::Held { owner, .. } | State::Queued { owner, .. }) if has_entry(owner) => {
                &mut accounts.held
            }
            Some(_) => &mut accounts.orphaned,
        };
        *place += 1;
        accounts.blocks += 1;
    });
    Ok(accounts)
}

impl QueueView {
    /// Visits the state of every block that has memory behind it; `None` is a word that no
    /// participant writes.
    pub(super) fn for_each_state(&self, mut visit: impl FnMut(Block, Option<State>)) {
        for class in self.parts.class_numbers() {
            for index in 0..self.parts.backed(class) as u32 {
                let block = Block::new(class, index);
                if let Some(descriptor) = self.parts.descriptor(block) {
                    visit(block, State::unpack(descriptor.state.load(Acquire))); // pairs with: own
                }
            }
        }
    }
}
