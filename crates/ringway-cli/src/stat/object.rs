//! A queue for programs.

use serde_json::{Value, json};

use super::{Participant, View};

pub(super) fn of(view: &View) -> Value {
    let View { name, snapshot, participants } = view;
    json!({
        "name": name,
        "maxsize": snapshot.maxsize,
        "max_message": snapshot.max_message,
        "size": snapshot.size,
        "puts": snapshot.puts,
        "gets": snapshot.gets,
        "lost": snapshot.lost,
        "recovered": snapshot.recovered,
        "shut_down": snapshot.shut_down,
        "marked_as_removed": snapshot.removed,
        "waiting_to_get": snapshot.waiting_to_get,
        "waiting_to_put": snapshot.waiting_to_put,
        "schema": snapshot.schema,
        "created_unix_nanos": snapshot.created_unix_nanos,
        "virtual_bytes": snapshot.virtual_bytes,
        "resident_bytes": snapshot.resident_bytes,
        "participants_max": snapshot.participants_max,
        "loans": snapshot.loans,
        "participants": participants.iter().map(participant).collect::<Vec<_>>(),
    })
}

fn participant(participant: &Participant) -> Value {
    let Participant { attendee, info, held } = participant;
    json!({
        "pid": attendee.pid,
        "pid_is_of_this_namespace": attendee.is_here,
        "alive": attendee.alive,
        "command": info.as_ref().map(|info| &info.command),
        "state": info.as_ref().map(|info| info.state),
        "threads": info.as_ref().map(|info| info.threads),
        "entry": attendee.index,
        "generation": attendee.generation,
        "attached_unix_nanos": attendee.attached_unix_nanos,
        "held_messages": held.messages,
        "kept_messages": held.kept_messages,
        "kept_for_seconds": held.kept_for.as_secs_f64(),
        "gets_since_oldest": held.oldest,
        "held_blocks": held.blocks,
        "loans_at_least": held.loans,
        "beyond_loans": held.beyond,
    })
}
