//! Directory entries that are between two states, and those that cannot be.

use super::{ParticipantInfo, participants};
use crate::directory::{self, Kind, ObjectLife, state};
use crate::segment::Segment;

/// What is being done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is being made.
    Making,
    /// Its last user looks whether there is another.
    Closing,
    /// Its memory is being given back.
    Clearing,
}

/// A directory entry whose owner has begun a step. Such a step takes microseconds; one whose owner
/// is gone waits for the next recovery, or for the next participant that makes an object.
#[derive(Debug, Clone)]
pub struct Unsettled {
    /// The entry.
    pub entry: u32,
    /// What the object is; `None` for a kind that this version does not know.
    pub kind: Option<Kind>,
    /// What is being done to it.
    pub step: Step,
    /// The participant that does it; `None` if it is no longer in the table.
    pub owner: Option<ParticipantInfo>,
}

/// The directory entries of a segment that are between two states.
#[must_use]
pub fn unsettled(segment: &Segment) -> Vec<Unsettled> {
    let describe = |entry| {
        let life = ObjectLife::of(segment.entry(entry));
        let step = match life.state() {
            state::MAKING => Step::Making,
            state::CLOSING => Step::Closing,
            state::CLEARING => Step::Clearing,
            _ => return None,
        };
        let owner = participants(segment).into_iter().find(|found| found.is(life.owner()));
        Some(Unsettled { entry, kind: life.kind(), step, owner })
    };
    (0..segment.entries()).filter_map(describe).collect()
}

/// What is wrong with the directory entries of objects that could be used otherwise.
#[must_use]
pub fn damaged_entries(segment: &Segment) -> Vec<(u32, String)> {
    let describe = |entry| {
        let (field, found, expected) = directory::info(segment, entry).err()?;
        Some((entry, format!("{field} is {found}, expected {expected}")))
    };
    (0..segment.entries()).filter_map(describe).collect()
}
