//! Recovery: what a dead participant owned goes back to the rings of free blocks.
//!
//! Nobody has to ask for it and nobody has to finish it. Each step is one CAS on a state word or a life word: a
//! recoverer that dies half-way is one more dead participant, and two at once share the work block by block.

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use crate::attachment::Attachment;
use crate::error::Fault;
use crate::packed::{Block, Lane, Owner, State};
use crate::participant::{self, Life};

/// What a recovery did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Dead participants whose entries were freed.
    pub participants: u32,
    /// Blocks that went back.
    pub blocks: u64,
    /// Messages that they had taken and were not done with.
    pub lost_messages: u64,
}

/// Where to look for what nobody owns any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// Only if a participant is found dead.
    AfterDeath,
    /// In any case: an entry may have been adopted from a dead participant by one that then stopped.
    Thorough,
}

/// Finds dead participants and takes back what they owned.
pub(crate) fn recover(at: &Attachment, search: Search) -> Result<Recovered, Fault> {
    at.check_entry()?;
    let segment = at.segment();
    let dead: Vec<(u8, Life)> = (0..segment.participants().len() as u8)
        .map(|index| (index, Life::of(segment.participant(index))))
        .filter(|&(index, life)| {
            life.is_live() && life.owner(index) != at.me() && participant::is_dead(segment, index)
        })
        .collect();
    let mut done = Recovered::default();
    if dead.is_empty() && search == Search::AfterDeath {
        return Ok(done);
    }
    let swept = sweep(at, |owner| is_gone(at, &dead, owner), &mut done);
    if swept.is_ok() {
        for &(index, life) in &dead {
            if participant::free(segment, index, life) {
                done.participants += 1;
                segment.control().recovered.word.fetch_add(1, Relaxed);
            }
        }
    }
    if done == Recovered::default() {
        return swept.map(|()| done);
    }
    #[cfg(feature = "tracing")]
    tracing::warn!(
        name = segment.label(),
        participants = done.participants,
        blocks = done.blocks,
        lost_messages = done.lost_messages,
        "recovered what dead participants held"
    );
    at.wake_everybody();
    swept.map(|()| done)
}

/// Takes back what this participant itself still owns, before it leaves: spare blocks, and guards that were leaked.
pub(crate) fn give_up(at: &Attachment) -> Result<Recovered, Fault> {
    let mut done = Recovered::default();
    sweep(at, |owner| owner == at.me(), &mut done)?;
    Ok(done)
}

/// Whether an owner that a word names has no living entry.
///
/// It is asked after the word was read. If the entry is still the dead one's, the word was the dead one's too, and only
/// a living participant with the same generation could write it again.
fn is_gone(at: &Attachment, dead: &[(u8, Life)], owner: Owner) -> bool {
    let segment = at.segment();
    if usize::from(owner.index()) >= segment.participants().len() {
        return false;
    }
    let life = Life::of(segment.participant(owner.index()));
    !life.is_live() || life.owner(owner.index()) != owner || dead.contains(&(owner.index(), life))
}

/// Gives back all blocks whose owner is gone. A class whose ring is damaged keeps what is left of them, and the others are
/// gone through all the same.
fn sweep(
    at: &Attachment,
    is_gone: impl Fn(Owner) -> bool,
    done: &mut Recovered,
) -> Result<(), Fault> {
    let classes = 0..at.segment().geometry().classes.len() as u8;
    classes.map(|class| sweep_class(at, class, &is_gone, done)).fold(Ok(()), Result::and)
}

fn sweep_class(
    at: &Attachment,
    class: u8,
    is_gone: impl Fn(Owner) -> bool,
    done: &mut Recovered,
) -> Result<(), Fault> {
    let segment = at.segment();
    for index in 0..segment.backed(class) as u32 {
        let block = Block::new(class, index);
        let Some(descriptor) = segment.descriptor(block) else { continue };
        let word = descriptor.state.load(Acquire); // pairs with: own
        let (lane, position, taken) = match State::unpack(word) {
            Some(State::Held { lane, owner, position }) if is_gone(owner) => (lane, position, true),
            // The state was read before the slot. If the slot names the block it is published; if not, and the
            // word still stands at the CAS, then it never was, and its owner cannot do it any more.
            Some(State::Queued { lane, owner, position })
                if is_gone(owner) && !at.names(lane, position, block) =>
            {
                (lane, position, false)
            }
            _ => continue,
        };
        let mine = State::Held { lane: Lane::Free, owner: at.me(), position }.pack();
        // own: from here on the block is ours, and a second recoverer lets it be.
        if word != mine && descriptor.state.compare_exchange(word, mine, AcqRel, Acquire).is_err() {
            continue;
        }
        if taken && lane == Lane::Messages {
            done.lost_messages += 1;
            segment.control().lost.word.fetch_add(1, Relaxed);
        }
        at.return_to_ring(block)?;
        done.blocks += 1;
    }
    Ok(())
}
