//! What is wrong with participants that live.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use ringway::inspect::{self, Holdings, ParticipantInfo, Segment, Snapshot};
use ringway::{Kind, ObjectInfo, SegmentError};

use crate::text::count;

/// Between the two looks at a participant that holds much.
const MEANWHILE: Duration = Duration::from_millis(200);

/// A process that stands still.
pub(super) struct Stopped {
    /// `pid 7 is stopped`.
    pub(super) text: String,
    /// What lets it go on.
    pub(super) remedy: String,
}

/// The living participants of a segment whose processes stand still, and those that `/proc` hides
/// from this process.
pub(super) fn standing(segment: &Segment) -> (BTreeMap<u32, Stopped>, Vec<u32>) {
    let (mut stopped, mut hidden) = (BTreeMap::new(), Vec::new());
    let here = inspect::participants(segment).into_iter();
    for pid in here.filter(|info| info.alive && info.is_here).map(|info| info.pid) {
        match inspect::info_of(pid).map(|process| process.state) {
            Some(state) => drop(Stopped::of(pid, state).map(|found| stopped.insert(pid, found))),
            None => hidden.push(pid),
        }
    }
    if !hidden.is_empty() {
        // One that has ended meanwhile is not hidden.
        let left = inspect::participants(segment);
        hidden.retain(|pid| left.iter().any(|info| info.alive && info.pid == *pid));
    }
    (stopped, hidden)
}

impl Stopped {
    fn of(pid: u32, state: &str) -> Option<Self> {
        match state {
            "stopped" => Some(Self {
                text: format!("pid {pid} is stopped"),
                remedy: format!("kill -CONT {pid} lets it go on"),
            }),
            "traced" => Some(Self {
                text: format!("pid {pid} is stopped by a debugger"),
                remedy: "the debugger lets it go on".to_owned(),
            }),
            _ => None,
        }
    }
}

/// Locks whose holders stand still.
pub(super) fn stopped_holders<'s, 'o>(
    segment: &Segment,
    objects: &'o [ObjectInfo],
    stopped: &'s BTreeMap<u32, Stopped>,
) -> Vec<(&'o ObjectInfo, &'s Stopped)> {
    let locks = objects.iter().filter(|object| object.kind == Kind::Lock);
    let held_by = |lock: &'o ObjectInfo| {
        let holder = inspect::lock_snapshot(segment, lock).ok()?.holder?;
        let is_here = holder.alive && holder.is_here;
        Some((lock, stopped.get(&holder.pid).filter(|_| is_here)?))
    };
    locks.filter_map(held_by).collect()
}

/// Participants that keep more than they were allowed. One that is found with much is looked at
/// again: in a queue that flows, it holds something else by then.
pub(super) fn hoarders(
    segment: &Segment,
    queue: &ObjectInfo,
    snapshot: &Snapshot,
) -> Result<Vec<String>, SegmentError> {
    let living = || {
        let participants = snapshot.holders.iter().map(|holder| &holder.participant);
        participants.filter(|participant| participant.alive)
    };
    let first = Holdings::look(segment, queue, None)?;
    if living().all(|participant| first.of(participant).beyond == 0) {
        return Ok(Vec::new());
    }
    thread::sleep(MEANWHILE);
    let second = Holdings::look(segment, queue, Some(&first))?;
    let hoard = |participant: &ParticipantInfo| {
        let held = second.of(participant);
        let (pid, beyond, loans) = (participant.pid, held.beyond, snapshot.loans);
        let (messages, blocks) = (count(held.messages, "message"), count(held.blocks, "block"));
        (beyond != 0).then(|| {
            format!(
                "pid {pid} holds {messages} and {blocks}, {beyond} more than the {loans} that the \
                 option `loans` allows"
            )
        })
    };
    Ok(living().filter_map(hoard).collect())
}
