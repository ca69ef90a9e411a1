//! `ringway rm`.

use std::fs;

use clap::Args;
use ringway::inspect::{self, attendees};
use ringway::{OpenError, Place};

use crate::outcome::{Done, Failure, complain, failed};

/// Removes the names of queues
///
/// Refuses while a living process has the queue open. With --force it removes the name all the same, and those processes
/// go on with a queue that nobody else can open; it also removes what is not a whole queue.
///
/// Example: ringway rm jobs
#[derive(Args)]
pub(crate) struct Rm {
    /// Names of queues
    #[arg(required = true)]
    names: Vec<String>,
    /// Remove it whoever uses it and whatever it is
    #[arg(long)]
    force: bool,
}

impl Rm {
    pub(crate) fn run(self) -> Done {
        let mut failures = Vec::new();
        for name in &self.names {
            if let Err(Failure::Failed(text) | Failure::TimedOut(text)) = remove(name, self.force) {
                failures.push(text);
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(Failure::Failed(failures.join("\nringway: "))) }
    }
}

fn remove(name: &str, force: bool) -> Done {
    let place = Place::from(name);
    let segment = match inspect::open(&place) {
        Ok(segment) => segment,
        Err(error @ (OpenError::NotFound { .. } | OpenError::BadName { .. })) => return Err(failed(error)),
        Err(error) if force => {
            complain(&format!("{error}; removing it all the same"));
            let path = place.path().unwrap_or_default();
            return fs::remove_file(&path)
                .map_err(|error| Failure::Failed(format!("cannot remove {}: {error}", path.display())));
        }
        Err(error @ OpenError::Refused { .. }) => {
            return Err(Failure::Failed(format!("{error}; --force removes it all the same")));
        }
        Err(error) => return Err(failed(error)),
    };
    let living: Vec<String> =
        attendees(&segment).iter().filter(|attendee| attendee.alive).map(|attendee| attendee.pid.to_string()).collect();
    if !force && !living.is_empty() {
        let pids = living.join(", ");
        let text = format!("queue '{name}' is open in process {pids}; end it, or use --force to remove the name only");
        return Err(Failure::Failed(text));
    }
    match inspect::remove(&segment).map_err(failed)? {
        true => Ok(()),
        false => Err(Failure::Failed(format!("queue '{name}': the name is gone, or stands for another queue by now"))),
    }
}
