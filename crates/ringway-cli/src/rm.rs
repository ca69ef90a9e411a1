//! `ringway rm`.

use std::fs;
use std::path::Path;

use clap::Args;
use ringway::inspect::{self, Facts, ParticipantInfo, Trust};
use ringway::{OpenError, Place};

use crate::args::Target;
use crate::outcome::{Done, Failure, complain, failed};
use crate::text::{ownership, processes, quoted_path};
use crate::view::{Seen, find, see};

/// Removes the names of queues, locks and contexts
///
/// CONTEXT/OBJECT removes one object of a context, CONTEXT the context with all its objects. It
/// refuses while a living process has the object open. With --force it removes the name all the
/// same: these processes go on, and no other can open it. With --force it also removes a file that
/// is no whole segment.
///
/// Example: ringway rm jobs
#[derive(Args)]
pub(crate) struct Rm {
    /// Names of objects or contexts, CONTEXT/OBJECT, or paths with a slash in them
    #[arg(required = true)]
    names: Vec<String>,
    /// Remove it even if it is in use, and whatever it is
    #[arg(long)]
    force: bool,
}

impl Rm {
    pub(crate) fn run(self) -> Done {
        let mut failures = Vec::new();
        for name in &self.names {
            let removed = match Target::of(name) {
                Target::Segment(place) => remove_segment(&place, self.force),
                Target::Object { context, name } => remove_object(&context, &name, self.force),
            };
            if let Err(Failure::Failed(text) | Failure::TimedOut(text)) = removed {
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

fn remove_segment(place: &Place, force: bool) -> Done {
    let segment = match see(place) {
        Ok(Seen::Mapped(segment)) => segment,
        Ok(Seen::Unmapped(facts)) => return remove_unmapped(place, &facts, force),
        Err(error @ OpenError::NotFound { .. }) => return Err(failed(error)),
        Err(error) => return remove_file(&place.path().unwrap_or_default(), force, error),
    };
    let label = segment.label().to_owned();
    check_unused(&label, inspect::participants(&segment), force)?;
    confirm(&label, inspect::remove(&segment).map_err(failed)?)
}

/// One object of a context.
fn remove_object(context: &Place, name: &str, force: bool) -> Done {
    let segment = match see(context).map_err(failed)? {
        Seen::Mapped(segment) => segment,
        Seen::Unmapped(facts) => {
            let (label, whose) = (context.label("context"), ownership(&facts));
            let text = format!(
                "{label} is not trusted ({whose}), so none of its objects can be removed alone"
            );
            return Err(Failure::Failed(text));
        }
    };
    let (object, label) = find(&segment, context, name)?;
    check_unused(&label, inspect::users(&segment, &object), force)?;
    confirm(&label, inspect::remove_object(context, Trust::default(), &object).map_err(failed)?)
}

/// A segment that is not mapped, and whose words are not believed: the kernel tells whether
/// processes have it open.
fn remove_unmapped(place: &Place, facts: &Facts, force: bool) -> Done {
    let label = place.label("segment");
    let refusal = match &facts.content {
        Err(error) => Some(format!("{error} ({}); see --force", ownership(facts))),
        Ok(content) if content.participants != 0 => {
            Some(in_use(&label, &processes(content.participants)))
        }
        Ok(_) => None,
    };
    if let (Some(refusal), false) = (refusal, force) {
        return Err(Failure::Failed(refusal));
    }
    confirm(&label, facts.remove(force).map_err(failed)?)
}

/// What is no segment, or one that cannot be opened.
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

fn check_unused(label: &str, participants: Vec<ParticipantInfo>, force: bool) -> Done {
    let living = participants.iter().filter(|participant| participant.alive);
    let pids: Vec<String> = living.map(|participant| participant.pid.to_string()).collect();
    if force || pids.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(in_use(label, &format!("process {}", pids.join(", ")))))
}

fn in_use(label: &str, users: &str) -> String {
    format!("{label} is open in {users}; end it, or use --force to remove the name only")
}

fn confirm(label: &str, is_removed: bool) -> Done {
    match is_removed {
        true => Ok(()),
        false => {
            let text = format!("{label}: the name is gone, or stands for another by now");
            Err(Failure::Failed(text))
        }
    }
}
