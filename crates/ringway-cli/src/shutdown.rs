//! `ringway shutdown`.

use clap::Args;

use crate::outcome::{Done, Failure, failed};
use crate::terms::{Bytes, place};

/// Shuts a queue down for everybody: puts fail, gets take what is left and then end
///
/// Example: ringway shutdown jobs
#[derive(Args)]
pub(crate) struct Shutdown {
    /// The name of the queue, or a path with a slash in it
    name: String,
    /// Drop what is left
    #[arg(long)]
    immediate: bool,
}

impl Shutdown {
    pub(crate) fn run(self) -> Done {
        let queue = Bytes::options().open_any(place(&self.name)).map_err(failed)?;
        queue
            .shutdown(self.immediate)
            .map_err(|fault| Failure::Failed(format!("{}: {fault}", queue.name())))
    }
}
