//! `ringway rm`.

use std::fs;
use std::path::Path;

use clap::Args;
use ringway::OpenError;
use ringway::inspect::{self, attendees};

use crate::outcome::{Done, Failure, complain, failed};
use crate::terms::{place, quoted_path};

/// Removes the names of queues
///
/// Refuses while a living process has the queue open. With --force it removes the name all the same, and those processes
/// go on with a queue that nobody else can open; it also removes what is not a whole queue.
///
/// Example: ringway rm jobs
#[derive(Args)]
pub(crate) struct Rm {
    /// Names of queues, or paths with a slash in them
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
        if failures.is_empty() {
            Ok(())
        } else {
            Err(Failure::Failed(failures.join("\nringway: ")))
        }
    }
}

/// What is no queue, or none that we can open.
fn remove_file(path: &Path, force: bool, error: OpenError) -> Done {
    let is_there = path.symlink_metadata().is_ok();
    if is_there && force {
        complain(&format!("{error}; removing {} all the same", quoted_path(path)));
        let by_hand =
            |error| format!("cannot remove {}: {error}; remove it by hand", quoted_path(path));
        return fs::remove_file(path).map_err(|error| Failure::Failed(by_hand(error)));
    }
    let is_foreign = matches!(error, OpenError::Refused { .. } | OpenError::BadName { .. });
    let is_file = is_there && !path.symlink_metadata().is_ok_and(|facts| facts.is_dir());
    Err(Failure::Failed(match is_file && is_foreign {
        true => format!("{error}; --force removes {} all the same", quoted_path(path)),
        false => error.to_string(),
    }))
}

fn remove(name: &str, force: bool) -> Done {
    let place = place(name);
    let segment = match inspect::open(&place) {
        Ok(segment) => segment,
        Err(error @ OpenError::NotFound { .. }) => return Err(failed(error)),
        Err(error) => return remove_file(&place.path().unwrap_or_default(), force, error),
    };
    let living: Vec<String> = attendees(&segment)
        .iter()
        .filter(|attendee| attendee.alive)
        .map(|attendee| attendee.pid.to_string())
        .collect();
    if !force && !living.is_empty() {
        let pids = living.join(", ");
        let text = format!(
            "{} is open in process {pids}; end it, or use --force to remove the name only",
            segment.label()
        );
        return Err(Failure::Failed(text));
    }
    match inspect::remove(&segment).map_err(failed)? {
        true => Ok(()),
        false => Err(Failure::Failed(format!(
            "{}: the name is gone, or stands for another queue by now",
            segment.label()
        ))),
    }
}
