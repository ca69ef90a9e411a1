//! `ringway rm`.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use clap::Args;
use ringway::inspect::{self, Facts, ParticipantInfo, Trust};
use ringway::{OpenError, Place};

use crate::args::{Target, seconds};
use crate::outcome::{Done, Failure, complain, failed};
use crate::slices::Timeout;
use crate::text::{ownership, processes, quoted_path};
use crate::view::{Seen, find, see};

/// Removes the names of queues, locks and contexts
///
/// CONTEXT/OBJECT removes one object of a context, CONTEXT the context with all its objects. It
/// refuses while a living process has the object open; with --wait it waits for that to end. With
/// --force it also removes a file that is no whole segment. With --in-use it takes the name away
/// from the processes that have the object open: they go on with it, but no other finds it, and
/// what is in it ends with them.
///
/// Example: ringway rm --wait jobs
#[derive(Args)]
pub(crate) struct Rm {
    /// Names of objects or contexts, CONTEXT/OBJECT, or paths with a slash in them
    #[arg(required = true)]
    names: Vec<String>,
    /// Wait until no process has it open
    #[arg(long)]
    wait: bool,
    /// How long to wait in all
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "wait",
        allow_negative_numbers = true)]
    timeout: Option<Duration>,
    /// Remove it whatever it is, unless a process has it open
    #[arg(long)]
    force: bool,
    /// Remove it even if processes have it open
    #[arg(long, conflicts_with = "wait")]
    in_use: bool,
}

/// How often to look whether the last user has gone.
const LOOK: Duration = Duration::from_millis(20);

impl Rm {
    pub(crate) fn run(self) -> Done {
        let wait = Timeout::of(if self.wait { self.timeout } else { Some(Duration::ZERO) });
        let (mut failures, mut is_late) = (Vec::new(), true);
        for name in &self.names {
            let removed = match Target::of(name) {
                Target::Segment(place) => self.remove_segment(&place, &wait),
                Target::Object { context, name } => self.remove_object(&context, &name, &wait),
            };
            if let Err(Failure::Failed(text) | Failure::TimedOut(text)) = &removed {
                failures.push(text.clone());
                is_late &= matches!(removed, Err(Failure::TimedOut(_)));
            }
        }
        match (failures.join("\nringway: "), is_late) {
            (text, _) if text.is_empty() => Ok(()),
            (text, true) => Err(Failure::TimedOut(text)),
            (text, false) => Err(Failure::Failed(text)),
        }
    }

    fn remove_segment(&self, place: &Place, wait: &Timeout) -> Done {
        let segment = match see(place) {
            Ok(Seen::Mapped(segment)) => segment,
            Ok(Seen::Unmapped(facts)) => return self.remove_unmapped(place, facts, wait),
            Err(error @ OpenError::NotFound { .. }) => return Err(failed(error)),
            Err(error) => return self.remove_file(&place.path().unwrap_or_default(), error),
        };
        let label = segment.label().to_owned();
        self.check_unused(&label, wait, || living(&inspect::participants(&segment)))?;
        confirm(&label, inspect::remove(&segment).map_err(failed)?)
    }

    /// One object of a context.
    fn remove_object(&self, context: &Place, name: &str, wait: &Timeout) -> Done {
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
        self.check_unused(&label, wait, || living(&inspect::users(&segment, &object)))?;
        let removed = inspect::remove_object(context, Trust::default(), &object);
        confirm(&label, removed.map_err(failed)?)
    }

    /// A segment that is not mapped, and whose words are not believed: the kernel tells whether
    /// processes have it open.
    fn remove_unmapped(&self, place: &Place, facts: Facts, wait: &Timeout) -> Done {
        let label = place.label("segment");
        let mut last = facts;
        self.check_unused(&label, wait, || {
            if let Ok(facts) = inspect::facts(place, Trust::default()) {
                last = facts;
            }
            match &last.content {
                Ok(content) if content.participants == 0 => None,
                Ok(content) => Some(processes(content.participants)),
                Err(_) => attended(&place.path().unwrap_or_default()),
            }
        })?;
        if let (Err(error), false) = (&last.content, self.force || self.in_use) {
            return Err(Failure::Failed(format!("{error} ({}); see --force", ownership(&last))));
        }
        confirm(&label, last.remove(self.force || self.in_use).map_err(failed)?)
    }

    /// What is no segment, or one that cannot be opened.
    fn remove_file(&self, path: &Path, error: OpenError) -> Done {
        let is_there = path.symlink_metadata().is_ok();
        if is_there && (self.force || self.in_use) {
            if let (Some(users), false) = (attended(path), self.in_use) {
                return Err(Failure::Failed(format!("{error}; it is open in {users}")));
            }
            complain(&format!("{error}; removing {} all the same", quoted_path(path)));
            let by_hand =
                |error| format!("cannot remove {}: {error}; remove it by hand", quoted_path(path));
            return fs::remove_file(path).map_err(|error| Failure::Failed(by_hand(error)));
        }
        let is_foreign = matches!(error, OpenError::Refused { .. } | OpenError::BadName { .. });
        let is_file = is_there && !path.symlink_metadata().is_ok_and(|facts| facts.is_dir());
        Err(Failure::Failed(match is_file && is_foreign {
            true => format!(
                "{error}; --force removes {} unless a process has it open",
                quoted_path(path)
            ),
            false => error.to_string(),
        }))
    }

    /// Waits until there are no users, if that was asked for. `users` says who they are.
    fn check_unused(
        &self,
        label: &str,
        wait: &Timeout,
        mut users: impl FnMut() -> Option<String>,
    ) -> Done {
        if self.in_use {
            return Ok(());
        }
        while let Some(users) = users() {
            if self.wait && wait.is_over() {
                return Err(Failure::TimedOut(format!("{label} is still open in {users}")));
            }
            if !self.wait {
                let text = format!("{label} is open in {users}; with --wait it goes after them");
                return Err(Failure::Failed(text));
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }
}

fn living(participants: &[ParticipantInfo]) -> Option<String> {
    let living = participants.iter().filter(|participant| participant.alive);
    let pids: Vec<String> = living.map(|participant| participant.pid.to_string()).collect();
    (!pids.is_empty()).then(|| format!("process {}", pids.join(", ")))
}

/// The users of a file that says nothing of them.
fn attended(path: &Path) -> Option<String> {
    inspect::is_attended(path).then(|| "a process that can use it".to_owned())
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
