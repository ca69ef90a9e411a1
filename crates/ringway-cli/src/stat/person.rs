//! A participant, and what the system shows of its process.

use std::collections::BTreeSet;

use ringway::inspect::{self, ParticipantInfo, ProcessInfo};
use serde_json::{Value, json};

use crate::text::{age, beginning, count};

pub(super) struct Person {
    pub(super) info: ParticipantInfo,
    /// `None` of the dead, of those in another PID namespace, and where `/proc` hides it.
    process: Option<ProcessInfo>,
}

impl Person {
    pub(super) fn of(info: &ParticipantInfo) -> Self {
        let is_seen = info.alive && info.is_here;
        let process = is_seen.then(|| inspect::info_of(info.pid)).flatten();
        Self { info: info.clone(), process }
    }

    pub(super) fn sheet(&self) -> String {
        let since = format!("open for {}", age(self.info.attached_unix_nanos));
        let pid = self.info.pid;
        match (self.info.alive, self.info.is_here, &self.process) {
            (false, _, _) => format!("pid {pid}, dead, {since}"),
            (true, false, _) => format!("pid {pid} of another PID namespace, alive, {since}"),
            (true, true, None) => format!("pid {pid}, alive, {since}"),
            (true, true, Some(process)) => {
                let threads = count(process.threads, "thread");
                let (state, command) = (process.state, beginning(&process.command));
                format!("pid {pid}, {state}, {threads}, {since}: {command}")
            }
        }
    }

    pub(super) fn object(&self) -> Value {
        let (info, process) = (&self.info, self.process.as_ref());
        json!({
            "pid": info.pid,
            "pid_is_of_this_namespace": info.is_here,
            "alive": info.alive,
            "command": process.map(|process| &process.command),
            "state": process.map(|process| process.state),
            "threads": process.map(|process| process.threads),
            "entry": info.index,
            "generation": info.generation,
            "attached_unix_nanos": info.attached_unix_nanos,
        })
    }
}

/// At most this many threads can sleep. The dead have left registrations that count as sleepers.
pub(super) fn living_threads<'p>(persons: impl Iterator<Item = &'p Person>) -> u32 {
    let mut seen = BTreeSet::new();
    persons
        .filter(|person| person.info.alive)
        .filter(|person| !person.info.is_here || seen.insert(person.info.pid))
        .map(|person| person.process.as_ref().map_or(u32::MAX, |process| process.threads as u32))
        .fold(0, u32::saturating_add)
}
