//! `ringway stat`.

use std::fmt::Write as _;
use std::io::{self, Write};

use clap::Args;
use ringway::Place;
use ringway::inspect::{self, Snapshot};
use serde_json::{Value, json};

use crate::outcome::{Done, failed, unwritten};
use crate::terms::{age, bytes};

/// Shows a queue: its size, its totals, and who has it open
///
/// Example: ringway stat jobs
#[derive(Args)]
pub(crate) struct Stat {
    /// The name of the queue
    name: String,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

impl Stat {
    pub(crate) fn run(self) -> Done {
        let segment = inspect::open(&Place::from(&self.name)).map_err(failed)?;
        let snapshot = inspect::snapshot(&segment).map_err(failed)?;
        let text = match self.json {
            true => object(&self.name, &snapshot).to_string() + "\n",
            false => sheet(&self.name, &snapshot),
        };
        io::stdout().write_all(text.as_bytes()).map_err(unwritten)
    }
}

fn object(name: &str, snapshot: &Snapshot) -> Value {
    let participants: Vec<Value> = snapshot
        .holders
        .iter()
        .map(|holder| {
            json!({
                "pid": holder.attendee.pid,
                "alive": holder.attendee.alive,
                "entry": holder.attendee.index,
                "generation": holder.attendee.generation,
                "attached_unix_nanos": holder.attendee.attached_unix_nanos,
                "held_messages": holder.messages,
                "held_blocks": holder.blocks,
            })
        })
        .collect();
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
        "waiting_to_get": snapshot.waiting_to_get,
        "waiting_to_put": snapshot.waiting_to_put,
        "schema": snapshot.schema,
        "created_unix_nanos": snapshot.created_unix_nanos,
        "virtual_bytes": snapshot.virtual_bytes,
        "resident_bytes": snapshot.resident_bytes,
        "participants_max": snapshot.participants_max,
        "participants": participants,
    })
}

fn sheet(name: &str, snapshot: &Snapshot) -> String {
    let mut text = String::new();
    let mut row = |label: &str, value: String| {
        let _ = writeln!(text, "{label:<14}{value}");
    };
    row("queue", name.to_owned());
    row(
        "size",
        format!("{} of {}{}", snapshot.size, snapshot.maxsize, if snapshot.shut_down { ", shut down" } else { "" }),
    );
    row("messages", format!("{}, at most {}", snapshot.schema, bytes(snapshot.max_message)));
    row("puts", snapshot.puts.to_string());
    row("gets", snapshot.gets.to_string());
    row("lost", format!("{} with {} dead participants", snapshot.lost, snapshot.recovered));
    row("sleepers", format!("at most {} to get, {} to put", snapshot.waiting_to_get, snapshot.waiting_to_put));
    row("memory", format!("{} virtual, {} resident", bytes(snapshot.virtual_bytes), bytes(snapshot.resident_bytes)));
    row("created", format!("{} ago", age(snapshot.created_unix_nanos)));
    row("participants", format!("{} of {}", snapshot.holders.len(), snapshot.participants_max));
    for holder in &snapshot.holders {
        let attendee = &holder.attendee;
        let _ = writeln!(
            text,
            "  pid {:<9} {:<6} since {}, holds {} messages and {} blocks",
            attendee.pid,
            if attendee.alive { "alive" } else { "dead" },
            age(attendee.attached_unix_nanos),
            holder.messages,
            holder.blocks,
        );
    }
    text
}
