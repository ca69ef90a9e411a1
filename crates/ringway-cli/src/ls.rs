//! `ringway ls`.

use std::io::{self, Write};

use clap::Args;
use ringway::inspect::{self, Snapshot, printable};
use ringway::{OpenError, Place};
use serde_json::{Value, json};

use crate::outcome::{Done, Failure, unwritten};
use crate::terms::{age, bytes, marks};

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
        let names = inspect::list()
            .map_err(|error| Failure::Failed(format!("cannot list the queues: {error}")))?;
        let queues: Vec<(String, Result<Snapshot, String>)> = names
            .into_iter()
            .filter_map(|name| {
                let seen = look(&name)?;
                Some((name, seen))
            })
            .collect();
        let text = if self.json { list(&queues).to_string() + "\n" } else { table(&queues) };
        io::stdout().write_all(text.as_bytes()).map_err(unwritten)
    }
}

/// What there is to see, or why it is refused; `None` when it is gone since it was listed.
fn look(name: &str) -> Option<Result<Snapshot, String>> {
    match inspect::open(&Place::from(name)) {
        Ok(segment) => Some(inspect::snapshot(&segment).map_err(|fault| fault.to_string())),
        Err(OpenError::NotFound { .. }) => None,
        Err(error) => Some(Err(error.to_string())),
    }
}

fn living(snapshot: &Snapshot) -> (usize, usize) {
    let alive = snapshot.holders.iter().filter(|holder| holder.participant.alive).count();
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
                    "marked_as_removed": snapshot.removed,
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
    let width =
        queues.iter().map(|(name, _)| printable(name).chars().count()).max().unwrap_or(0).max(4);
    let mut text = format!(
        "{:width$}  {:>15}  {:>11}  {:>10}  {:>10}  AGE\n",
        "NAME", "SIZE/MAXSIZE", "ALIVE/DEAD", "VIRTUAL", "RESIDENT"
    );
    for (name, seen) in queues {
        let name = printable(name);
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
                    marks(snapshot),
                )
            }
            Err(reason) => format!("{name:width$}  {reason}\n"),
        };
    }
    text
}
