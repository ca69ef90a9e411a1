//! What is wrong with those who live.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use ringway::inspect::{self, Attendee, Holds, Segment, Snapshot};

use crate::terms::count;

/// Between the two looks at somebody who holds much.
const MEANWHILE: Duration = Duration::from_millis(200);

fn living(snapshot: &Snapshot) -> impl Iterator<Item = &Attendee> {
    snapshot.holders.iter().map(|holder| &holder.participant).filter(|attendee| attendee.alive)
}

/// Participants that stand still, each with what lets it go on.
pub(super) fn stopped(snapshot: &Snapshot) -> Vec<(String, String)> {
    let pids: BTreeSet<u32> =
        living(snapshot).filter(|attendee| attendee.is_here).map(|attendee| attendee.pid).collect();
    let still = |pid| match inspect::info_of(pid)?.state {
        "stopped" => {
            Some((format!("pid {pid} is stopped"), format!("kill -CONT {pid} lets it go on")))
        }
        "traced" => Some((
            format!("pid {pid} is stopped by a debugger"),
            "the debugger lets it go on".to_owned(),
        )),
        _ => None,
    };
    pids.into_iter().filter_map(still).collect()
}

/// Participants that keep more than they were allowed. Who is found with much is looked at once more: in a queue that
/// flows, it holds something else by then.
pub(super) fn hoarders(segment: &Segment, snapshot: &Snapshot) -> Vec<String> {
    let first = Holds::look(segment, None);
    if living(snapshot).all(|attendee| first.of(attendee).beyond == 0) {
        return Vec::new();
    }
    thread::sleep(MEANWHILE);
    let second = Holds::look(segment, Some(&first));
    let hoard = |attendee: &Attendee| {
        let held = second.of(attendee);
        let (pid, beyond, loans) = (attendee.pid, held.beyond, snapshot.loans);
        let what =
            format!("{} and {}", count(held.messages, "message"), count(held.blocks, "block"));
        (beyond != 0)
            .then(|| format!("pid {pid} holds {what}, {beyond} more than the {loans} that the option `loans` allows"))
    };
    living(snapshot).filter_map(hoard).collect()
}
