//! The participants of a segment, for listings.

use core::sync::atomic::Ordering::Relaxed;

use ringway_core::owner::Owner;
use ringway_sys::process;

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
    let describe = |(index, life): (u8, ringway_core::membership::Life)| {
        let identity = table::identity(segment, index);
        let attached = &segment.participant(index).attached_unix_nanos;
        ParticipantInfo {
            index,
            generation: life.generation(),
            pid: identity.pid,
            is_here: identity.is_local(),
            attached_unix_nanos: attached.load(Relaxed), // pairs with: life
            alive: !table::is_dead(segment, index, process::liveness_of),
        }
    };
    table::living(segment).map(describe).collect()
}
