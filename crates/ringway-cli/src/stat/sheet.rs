//! A queue for people.

use std::fmt::Write as _;

use ringway::inspect::{Held, Snapshot, printable};

use super::{Participant, View};
use crate::terms::{age, beginning, bytes, count, marks};

pub(super) fn of(view: &View) -> String {
    let View { name, snapshot, participants } = view;
    let mut text = totals(name, snapshot);
    for participant in participants {
        let _ =
            write!(text, "  {}\n    holds {}\n", person(participant), holding(&participant.held));
        if participant.held.beyond != 0 {
            let _ = writeln!(
                text,
                "    that is {} more than the {} that the option `loans` allows: puts may find no free block",
                participant.held.beyond, snapshot.loans
            );
        }
    }
    text
}

fn totals(name: &str, snapshot: &Snapshot) -> String {
    let mut text = String::new();
    let mut row = |label: &str, value: String| {
        let _ = writeln!(text, "{label:<14}{value}");
    };
    row("queue", printable(name));
    row("size", format!("{} of {}{}", snapshot.size, snapshot.maxsize, marks(snapshot)));
    row(
        "messages",
        format!("{}, at most {}", printable(&snapshot.schema), bytes(snapshot.max_message)),
    );
    row("puts", snapshot.puts.to_string());
    row("gets", snapshot.gets.to_string());
    row(
        "lost",
        format!("{} with {}", snapshot.lost, count(snapshot.recovered, "dead participant")),
    );
    row(
        "sleepers",
        format!("at most {} to get, {} to put", snapshot.waiting_to_get, snapshot.waiting_to_put),
    );
    row(
        "memory",
        format!(
            "{} virtual, {} resident",
            bytes(snapshot.virtual_bytes),
            bytes(snapshot.resident_bytes)
        ),
    );
    row("created", format!("{} ago", age(snapshot.created_unix_nanos)));
    row("participants", format!("{} of {}", snapshot.holders.len(), snapshot.participants_max));
    text
}

fn person(participant: &Participant) -> String {
    let Participant { attendee, info, .. } = participant;
    let since = format!("open for {}", age(attendee.attached_unix_nanos));
    let pid = attendee.pid;
    match (attendee.alive, attendee.is_here, info) {
        (false, _, _) => format!("pid {pid}, dead, {since}"),
        (true, false, _) => format!("pid {pid} of another PID namespace, alive, {since}"),
        (true, true, None) => format!("pid {pid}, alive, {since}"),
        (true, true, Some(info)) => {
            let threads = count(info.threads, "thread");
            format!("pid {pid}, {}, {threads}, {since}: {}", info.state, beginning(&info.command))
        }
    }
}

fn holding(held: &Held) -> String {
    let mut text = count(held.messages, "message");
    if held.kept_messages != 0 {
        let _ = write!(text, " ({} of them kept", held.kept_messages);
        let _ = write!(text, ", the longest for {:.1} s or more", held.kept_for.as_secs_f64());
        match held.oldest {
            Some(0) | None => {}
            Some(gets) => {
                let _ = write!(text, " and {}", count(gets, "get"));
            }
        }
        text.push(')');
    }
    let _ = write!(text, " and {}", count(held.blocks, "block"));
    if held.loans != 0 {
        let _ = write!(text, " ({} of them or more are loans)", held.loans);
    }
    text
}
