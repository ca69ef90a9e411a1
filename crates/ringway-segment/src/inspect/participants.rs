//! The participants of a segment, for listings.

use core::sync::atomic::Ordering::Relaxed;
use std::fs::File;
use std::os::fd::AsFd;

use ringway_core::owner::Owner;
use ringway_sys::process::{self, Liveness};
use ringway_sys::{byte_lock, shm};

use crate::layout::LOCKS_AT;
use crate::participants as table;
use crate::segment::Segment;

/// A participant of the table.
#[derive(Debug, Clone)]
pub struct ParticipantInfo {
    /// Entry of the table.
    pub index: u8,
    /// Which life of the entry.
    pub generation: u64,
    /// Process id, in its own PID namespace.
    pub pid: u32,
    /// Wall clock at attach, nanoseconds since 1970.
    pub attached_unix_nanos: u64,
    /// Whether that number means anything here: not in another PID namespace.
    pub is_here: bool,
    /// What the kernel says.
    pub alive: bool,
}

impl ParticipantInfo {
    /// Whether a word names this participant.
    pub(crate) fn is(&self, owner: Owner) -> bool {
        self.index == owner.index() && self.generation as u8 == owner.generation()
    }

    /// Whether a word that keeps only the low `bits` of a generation means this one.
    pub(crate) fn has_generation(&self, low: u64, bits: u32) -> bool {
        self.generation & ((1 << bits) - 1) == low
    }
}

/// All live entries.
#[must_use]
pub fn participants(segment: &Segment) -> Vec<ParticipantInfo> {
    // The kernel does not report a description's locks to itself: if a participant looks through
    // its own segment, its lock byte seems free. So the question is asked through another one.
    let own = segment.checked_file().ok().flatten();
    let other = own.and_then(|file| shm::reopen(file.as_fd()).ok());
    let describe = |(index, life): (u8, ringway_core::membership::Life)| {
        let identity = table::identity(segment, index);
        let attached = &segment.participant(index).attached_unix_nanos;
        ParticipantInfo {
            index,
            generation: life.generation(),
            pid: identity.pid,
            is_here: identity.is_local(),
            attached_unix_nanos: attached.load(Relaxed), // pairs with: life
            alive: !is_unmapped(other.as_ref(), index)
                && process::liveness_of(&identity) != Liveness::Dead,
        }
    };
    table::living(segment).map(describe).collect()
}

/// Whether the lock byte of a participant is free. If the system does not tell, that proves
/// nothing.
fn is_unmapped(other: Option<&File>, index: u8) -> bool {
    let is_locked = |file| byte_lock::is_locked(file, LOCKS_AT + u64::from(index)).unwrap_or(true);
    other.is_some_and(|file| !is_locked(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::Attachment;
    use crate::place::Place;
    use crate::spec::SegmentSpec;

    #[test]
    fn a_participant_that_looks_through_its_own_segment_is_alive() {
        let spec = SegmentSpec { participants: 2, ..SegmentSpec::default() };
        let made = Attachment::create(&Place::Unnamed, "segment", &spec).expect("a segment");
        let at = made.publish().expect("a segment without a name");
        let seen = participants(at.segment());
        assert_eq!(seen.len(), 1);
        assert!(seen[0].alive && seen[0].is_here && seen[0].pid == std::process::id());
    }
}
