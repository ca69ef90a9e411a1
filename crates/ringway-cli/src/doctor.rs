//! `ringway doctor`.

mod examine;
mod finding;
mod living;
mod unopened;

use std::io::{self, Write};

use clap::Args;
use ringway::inspect;

use crate::outcome::{Done, Failure, unwritten};
use examine::Doctoring;
use finding::Findings;

/// Looks for dead and stopped participants, blocks that nobody owns, damage, and queues that are half made, half removed or left behind
///
/// With --fix it takes back what the dead held, removes what killed creators left half made, and removes queues that were
/// shut down, drained and left. It removes no message unless --remove-abandoned says so. Exit status: 0 all is well, or was
/// mended; 4 something was found.
///
/// Example: ringway doctor --fix
#[derive(Args)]
pub(crate) struct Doctor {
    /// The name of the queue, or a path with a slash in it; all queues of /dev/shm if there is none
    name: Option<String>,
    /// Mend what can be mended without harm
    #[arg(long)]
    fix: bool,
    /// Also remove queues that no living process has open, with the messages that are in them
    #[arg(long, requires = "fix")]
    remove_abandoned: bool,
    /// Print a JSON list of findings
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(crate) fn run(self) -> Done {
        let unlisted =
            |error: io::Error| Failure::Failed(format!("cannot list the queues: {error}"));
        let remains = inspect::unfinished(self.name.as_deref()).map_err(unlisted)?;
        let names = match &self.name {
            Some(name) => vec![name.clone()],
            None => inspect::list().map_err(unlisted)?,
        };
        let doctoring = Doctoring { fix: self.fix, remove_abandoned: self.remove_abandoned };
        let mut findings = Findings::default();
        for remains in &remains {
            doctoring.bury(remains, &mut findings);
        }
        for name in names
            .iter()
            .filter(|name| !remains.iter().any(|left| left.is_visible && left.name == **name))
        {
            match doctoring.examine(name, &mut findings) {
                // Only what was asked for by its name has to be there.
                Err(failure) if self.name.is_some() && findings.is_empty() => return Err(failure),
                _ => {}
            }
        }
        let text = if self.json {
            findings.list().to_string() + "\n"
        } else {
            findings.sheet(names.len())
        };
        io::stdout().write_all(text.as_bytes()).map_err(unwritten)?;
        if findings.are_mended() { Ok(()) } else { Err(Failure::Found) }
    }
}
