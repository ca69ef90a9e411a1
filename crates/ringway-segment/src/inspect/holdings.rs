//! Which participant holds which blocks, and which of them were held at an earlier look as well.
//!
//! No time is written when a block is taken: that would cost each get a look at the clock. But the
//! word of a held block is never written again with the same position, so a word that two looks
//! find is one and the same hold.

use core::sync::atomic::Ordering::Acquire;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use ringway_core::block::Block;
use ringway_core::owner::Owner;
use ringway_core::position::Position;
use ringway_core::ring::Cells;
use ringway_core::state::{Lane, State};

use super::ParticipantInfo;
use crate::directory::ObjectInfo;
use crate::error::SegmentError;
use crate::objects::channel::layout::STOCKS;
use crate::segment::Segment;

/// All blocks that a participant held at one look.
#[derive(Debug)]
pub struct Holdings {
    looked: Instant,
    held: HashMap<Block, HeldBlock>,
    /// How many messages of the queue were taken by then.
    head: Position,
    /// Free blocks of each class that a participant may have at hand.
    at_hand: Vec<u64>,
    /// Loans and messages that each participant may hold.
    allowed: u64,
    /// Whether there was an earlier look.
    again: bool,
}

#[derive(Debug, Clone, Copy)]
struct HeldBlock {
    lane: Lane,
    owner: Owner,
    position: Position,
    /// When it was seen for the first time.
    since: Instant,
    /// Whether that was an earlier look.
    kept: bool,
}

/// What one participant holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holding {
    /// Messages that it has taken and not let go.
    pub messages: u64,
    /// Those of them that an earlier look has seen already.
    pub kept_messages: u64,
    /// How long the longest of them has been seen. It may have been held for longer.
    pub kept_for: Duration,
    /// How many messages were taken from the queue since it took the oldest that it holds.
    pub oldest: Option<u64>,
    /// Blocks without a message that was taken: spare, loaned, or being put.
    pub blocks: u64,
    /// How many of them cannot be spare, because it keeps fewer than that at hand.
    pub loans: u64,
    /// By how many it holds more messages and loans than the creator of the queue has allowed each
    /// participant. When the others need theirs, puts find no free block. After an earlier look
    /// only what it has kept since then is counted: what comes and goes is no hoard.
    pub beyond: u64,
}

impl Holdings {
    /// Looks at a segment, perhaps not for the first time.
    ///
    /// # Errors
    /// [`SegmentError`] when the directory entry is damaged.
    pub fn look(
        segment: &Segment,
        queue: &ObjectInfo,
        earlier: Option<&Self>,
    ) -> Result<Self, SegmentError> {
        let view = super::queue(segment, queue)?;
        let looked = Instant::now();
        let mut held = HashMap::new();
        view.for_each_state(|block, state| {
            if let Some(State::Held { lane, owner, position }) = state {
                let before = earlier.and_then(|earlier| earlier.held.get(&block));
                let same = before.filter(|hold| {
                    (hold.lane, hold.owner, hold.position) == (lane, owner, position)
                });
                let since = same.map_or(looked, |hold| hold.since);
                held.insert(
                    block,
                    HeldBlock { lane, owner, position, since, kept: same.is_some() },
                );
            }
        });
        let ring = view.parts.messages();
        let _ = ring.len(); // walks head up to what was taken; if it cannot, head is good enough
        let classes = &view.parts.geometry.classes;
        Ok(Self {
            looked,
            held,
            head: Position::new(ring.cells().head().load(Acquire)), // pairs with: advance
            at_hand: classes.iter().map(|class| STOCKS * class.store.keep as u64).collect(),
            allowed: view.parts.geometry.measures.loans.into(),
            again: earlier.is_some(),
        })
    }

    /// What a participant held.
    #[must_use]
    pub fn of(&self, participant: &ParticipantInfo) -> Holding {
        let mut done = Holding::default();
        let mut classes = vec![InClass::default(); self.at_hand.len()];
        let own = |hold: &HeldBlock| participant.is(hold.owner);
        for (block, hold) in self.held.iter().filter(|(_, hold)| own(hold)) {
            let class = &mut classes[usize::from(block.class())];
            let counted = u64::from(hold.kept || !self.again);
            if hold.lane == Lane::Free {
                class.blocks += 1;
                class.counted_blocks += counted;
                continue;
            }
            class.messages += 1;
            class.counted_messages += counted;
            done.kept_messages += u64::from(hold.kept);
            done.kept_for = done.kept_for.max(self.looked - hold.since);
            if hold.lane == Lane::Returned {
                continue; // its position is of another ring
            }
            let ago = self.head.ahead_of(hold.position.plus(1)).max(0).unsigned_abs();
            done.oldest = Some(done.oldest.unwrap_or(0).max(ago));
        }
        for (class, at_hand) in classes.into_iter().zip(&self.at_hand) {
            done.messages += class.messages;
            done.blocks += class.blocks;
            done.loans += class.blocks.saturating_sub(*at_hand);
            let counted = class.counted_messages + class.counted_blocks.saturating_sub(*at_hand);
            done.beyond += counted.saturating_sub(self.allowed);
        }
        done
    }
}

/// What a participant holds of one class, and how much of it counts as kept.
#[derive(Clone, Copy, Default)]
struct InClass {
    messages: u64,
    blocks: u64,
    counted_messages: u64,
    counted_blocks: u64,
}
