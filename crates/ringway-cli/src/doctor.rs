//! `ringway doctor`.

mod examine;
mod finding;
mod half_made;
mod living;
mod trouble;
mod unopened;

use std::io::{self, Write};

use clap::Args;
use ringway::inspect;

use crate::args::Target;
use crate::outcome::{Done, Failure, unwritten};
use examine::Doctoring;
use finding::Findings;

/// Looks for dead and stopped participants, what they left behind, damage, and abandoned segments
///
/// It finds blocks and locks whose owners are dead, locks held by stopped processes, segments and
/// objects that were half made or half removed, and segments that no living process has open. With
/// --fix it takes back what the dead held, removes what killed creators left half made, and removes
/// queues that were shut down, drained and left. It removes no message unless --remove-abandoned is
/// given.
///
/// A segment that any user can read or write is a finding. Segments of other users, which it may
/// not examine, are noted with owner and mode, and so is what it cannot see for other reasons.
///
/// Exit status: 0 all is well, or was mended; 4 something was found, or NAME could not be examined.
///
/// Example: ringway doctor --fix
#[derive(Args)]
pub(crate) struct Doctor {
    /// The name of an object or a context, or a path with a slash in it; without one, all segments
    /// of /dev/shm. A context is examined with all its objects
    name: Option<String>,
    /// Mend what can be mended without harm
    #[arg(long)]
    fix: bool,
    /// Also remove segments that no living process has open, with the messages in them
    #[arg(long, requires = "fix")]
    remove_abandoned: bool,
    /// Print a JSON list of findings
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(crate) fn run(self) -> Done {
        let unlisted =
            |error: io::Error| Failure::Failed(format!("cannot list the segments: {error}"));
        // Of CONTEXT/OBJECT, the context: what is wrong with one object concerns the others.
        let name = self.name.as_deref().map(|name| match Target::of(name) {
            Target::Segment(_) => name,
            Target::Object { .. } => name.split('/').next().unwrap_or(name),
        });
        let unfinished = inspect::unfinished(name).map_err(unlisted)?;
        let names = match name {
            Some(name) => vec![name.to_owned()],
            None => inspect::list().map_err(unlisted)?,
        };
        let doctoring = Doctoring { fix: self.fix, remove_abandoned: self.remove_abandoned };
        let mut findings = Findings::default();
        for unfinished in &unfinished {
            doctoring.clear_away(unfinished, &mut findings);
        }
        let is_whole =
            |name: &&String| !unfinished.iter().any(|left| left.is_visible && left.name == **name);
        for segment in names.iter().filter(is_whole) {
            match doctoring.examine(segment, &mut findings) {
                // Only a segment that was asked for by its name has to be there.
                Err(failure) if name.is_some() && findings.is_empty() => return Err(failure),
                _ => {}
            }
        }
        let text = if self.json {
            findings.list().to_string() + "\n"
        } else {
            findings.sheet(names.len())
        };
        io::stdout().write_all(text.as_bytes()).map_err(unwritten)?;
        // A segment that was asked for by its name has to have been examined.
        let is_blind = name.is_some() && findings.unexamined() != 0;
        if findings.are_mended() && !is_blind { Ok(()) } else { Err(Failure::Found) }
    }
}
