//! `ringway ls`.

use std::io::{self, Write};

use clap::Args;
use ringway::Place;
use ringway::inspect::{self, Snapshot};
use serde_json::{Value, json};

use crate::outcome::{Done, Failure, unwritten};
use crate::terms::{age, bytes};

/// Lists the queues of this host
///
/// Example: ringway ls --json
#[derive(Args)]
pub(crate) struct Ls {
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

impl Ls {
    pub(crate) fn run(self) -> Done {
        let names = inspect::list().map_err(|error| Failure::Failed(format!("cannot list the queues: {error}")))?;
        let queues: Vec<(String, Result<Snapshot, String>)> = names
            .into_iter()
            .map(|name| {
                let seen = look(&name);
                (name, seen)
            })
            .collect();
        let text = if self.json { list(&queues).to_string() + "\n" } else { table(&queues) };
        io::stdout().write_all(text.as_bytes()).map_err(unwritten)
    }
}

fn look(name: &str) -> Result<Snapshot, String> {
    let segment = inspect::open(&Place::from(name)).map_err(|error| error.to_string())?;
    inspect::snapshot(&segment).map_err(|fault| fault.to_string())
}

fn living(snapshot: &Snapshot) -> (usize, usize) {
    let alive = snapshot.holders.iter().filter(|holder| holder.attendee.alive).count();
    (alive, snapshot.holders.len() - alive)
}

fn list(queues: &[(String, Result<Snapshot, String>)]) -> Value {
    queues
        .iter()
        .map(|(name, seen)| match seen {
            Ok(snapshot) => {
                let (alive, dead) = living(snapshot);
                json!({
                    "name": name,
                    "maxsize": snapshot.maxsize,
                    "size": snapshot.size,
                    "shut_down": snapshot.shut_down,
                    "living_participants": alive,
                    "dead_participants": dead,
                    "virtual_bytes": snapshot.virtual_bytes,
                    "resident_bytes": snapshot.resident_bytes,
                    "created_unix_nanos": snapshot.created_unix_nanos,
                })
            }
            Err(reason) => json!({ "name": name, "refused": reason }),
        })
        .collect()
}

fn table(queues: &[(String, Result<Snapshot, String>)]) -> String {
    let width = queues.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(4);
    let mut text = format!(
        "{:width$}  {:>15}  {:>11}  {:>10}  {:>10}  AGE\n",
        "NAME", "SIZE/MAXSIZE", "ALIVE/DEAD", "VIRTUAL", "RESIDENT"
    );
    for (name, seen) in queues {
        text += &match seen {
            Ok(snapshot) => {
                let (alive, dead) = living(snapshot);
                format!(
                    "{name:width$}  {:>15}  {:>11}  {:>10}  {:>10}  {}{}\n",
                    format!("{}/{}", snapshot.size, snapshot.maxsize),
                    format!("{alive}/{dead}"),
                    bytes(snapshot.virtual_bytes),
                    bytes(snapshot.resident_bytes),
                    age(snapshot.created_unix_nanos),
                    if snapshot.shut_down { ", shut down" } else { "" },
                )
            }
            Err(reason) => format!("{name:width$}  {reason}\n"),
        };
    }
    text
}
