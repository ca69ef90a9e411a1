//! `ringway doctor`.

use std::io::{self, Write};

use clap::Args;
use ringway::inspect::{self, Segment};
use ringway::{OpenError, Place};
use serde_json::{Value, json};

use crate::outcome::{Done, Failure, failed, unwritten};
use crate::terms::Bytes;

/// Looks for dead participants, blocks that nobody owns, damage, and queues that were left behind
///
/// With --fix it takes back what the dead held, and removes queues that were shut down, drained and left. Exit status: 0
/// all is well, 4 something was found.
///
/// Example: ringway doctor --fix
#[derive(Args)]
pub(crate) struct Doctor {
    /// The name of the queue; all queues if there is none
    name: Option<String>,
    /// Mend what can be mended
    #[arg(long)]
    fix: bool,
    /// Print a JSON list of findings
    #[arg(long)]
    json: bool,
}

/// One thing that is not as it should be.
struct Finding {
    queue: String,
    kind: &'static str,
    text: String,
    /// What was done about it, or can be.
    remedy: String,
    fixed: bool,
}

impl Doctor {
    pub(crate) fn run(self) -> Done {
        let names = match &self.name {
            Some(name) => vec![name.clone()],
            None => inspect::list().map_err(|error| Failure::Failed(format!("cannot list the queues: {error}")))?,
        };
        let mut findings = Vec::new();
        for name in &names {
            let missing_is_an_error = self.name.is_some();
            examine(name, self.fix, missing_is_an_error, &mut findings)?;
        }
        let text = if self.json { list(&findings).to_string() + "\n" } else { sheet(&names, &findings) };
        io::stdout().write_all(text.as_bytes()).map_err(unwritten)?;
        if findings.is_empty() { Ok(()) } else { Err(Failure::Found) }
    }
}

fn examine(name: &str, fix: bool, missing_is_an_error: bool, findings: &mut Vec<Finding>) -> Done {
    let place = Place::from(name);
    let mut found = |kind, text: String, remedy: String, fixed| {
        findings.push(Finding { queue: name.to_owned(), kind, text, remedy, fixed });
    };
    let segment = match inspect::open(&place) {
        Ok(segment) => segment,
        Err(error @ OpenError::NotFound { .. }) if missing_is_an_error => return Err(failed(error)),
        Err(OpenError::NotFound { .. }) => return Ok(()), // gone since it was listed
        Err(error @ OpenError::Refused { .. }) => {
            let remedy = format!("if nobody is just making it: ringway rm --force '{name}'");
            found("refused", error.to_string(), remedy, false);
            return Ok(());
        }
        Err(error) => return Err(failed(error)),
    };
    let dead = dead_participants(&segment);
    let orphaned = inspect::accounts(&segment).orphaned;
    if !dead.is_empty() || orphaned != 0 {
        // Opening and recovering is what anybody who uses the queue does as well.
        let recovered = fix.then(|| Bytes::options().open_any(name).map_err(failed)).transpose()?;
        if let Some(queue) = &recovered {
            queue.recover().map_err(failed)?;
        }
        let fixed = recovered.is_some() && dead_participants(&segment).is_empty();
        let remedy = match fixed {
            true => "what they held was taken back".to_owned(),
            false => "whoever uses the queue next takes back what they held, or --fix does".to_owned(),
        };
        if !dead.is_empty() {
            let pids: Vec<String> = dead.iter().map(u32::to_string).collect();
            found("dead participants", format!("dead: pid {}", pids.join(", ")), remedy.clone(), fixed);
        }
        if orphaned != 0 {
            found("orphaned blocks", format!("{orphaned} blocks belong to nobody"), remedy, fixed);
        }
    }
    let damaged = inspect::accounts(&segment).damaged;
    let remedy = || "take out what can be got, then remove and make it anew".to_owned();
    if damaged != 0 {
        found("damage", format!("{damaged} blocks have a state that nobody writes"), remedy(), false);
    }
    match inspect::snapshot(&segment) {
        Err(fault) => found("damage", fault.to_string(), remedy(), false),
        Ok(snapshot) if snapshot.shut_down && snapshot.size == 0 && snapshot.holders.is_empty() => {
            let fixed = fix && inspect::remove(&segment);
            let remedy = if fixed { "its name was removed".to_owned() } else { format!("ringway rm '{name}'") };
            found("abandoned", "shut down, drained, and open nowhere".to_owned(), remedy, fixed);
        }
        Ok(_) => {}
    }
    Ok(())
}

fn dead_participants(segment: &Segment) -> Vec<u32> {
    inspect::attendees(segment).iter().filter(|attendee| !attendee.alive).map(|attendee| attendee.pid).collect()
}

fn list(findings: &[Finding]) -> Value {
    findings
        .iter()
        .map(|finding| {
            let Finding { queue, kind, text, remedy, fixed } = finding;
            json!({ "name": queue, "kind": kind, "finding": text, "remedy": remedy, "fixed": fixed })
        })
        .collect()
}

fn sheet(names: &[String], findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { queue, kind, text: what, remedy, fixed } in findings {
        let mark = if *fixed { "fixed" } else { "found" };
        text += &format!("{mark}: {queue}: {kind}: {what}; {remedy}\n");
    }
    if findings.is_empty() {
        text += &format!(
            "{} looked at, all is well\n",
            if names.len() == 1 { "1 queue".to_owned() } else { format!("{} queues", names.len()) }
        );
    }
    text
}
