//! `ringway shutdown`.

use clap::Args;
use ringway::Role;

use crate::args::{Bytes, Target};
use crate::outcome::{Done, failed};

/// Shuts a queue down for all processes: puts fail, gets take what is left and then end
///
/// Example: ringway shutdown jobs
#[derive(Args)]
pub(crate) struct Shutdown {
    /// The name of the queue, CONTEXT/QUEUE, or a path with a slash in it
    name: String,
    /// Drop what is left
    #[arg(long)]
    immediate: bool,
}

impl Shutdown {
    pub(crate) fn run(self) -> Done {
        let options = Bytes::options().role(Role::Getter); // it counts as no putter
        let queue = match Target::of(&self.name) {
            Target::Segment(place) => options.open_any(place),
            target => target.open(&options),
        };
        let queue = queue.map_err(failed)?;
        let done = if self.immediate { queue.shutdown_now() } else { queue.shutdown() };
        done.map_err(failed)
    }
}
