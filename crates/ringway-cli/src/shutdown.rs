//! `ringway shutdown`.

use clap::Args;

use crate::outcome::{Done, failed};
use crate::terms::Bytes;

/// Shuts a queue down for everybody: puts fail, gets take what is left and then end
///
/// Example: ringway shutdown jobs
#[derive(Args)]
pub(crate) struct Shutdown {
    /// The name of the queue
    name: String,
    /// Drop what is left
    #[arg(long)]
    immediate: bool,
}

impl Shutdown {
    pub(crate) fn run(self) -> Done {
        let queue = Bytes::options().open_any(&self.name).map_err(failed)?;
        queue.shutdown(self.immediate).map_err(failed)
    }
}
