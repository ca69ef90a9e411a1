//! `ringway create`.

use clap::Args;

use crate::args::{Measures, Target};
use crate::outcome::{Done, failed};

/// Creates a queue of plain bytes
///
/// Example: ringway create jobs --maxsize 100
#[derive(Args)]
pub(crate) struct Create {
    /// The name of the queue, CONTEXT/QUEUE, or a path with a slash in it
    name: String,
    #[command(flatten)]
    measures: Measures,
}

impl Create {
    pub(crate) fn run(self) -> Done {
        Target::of(&self.name).create(&self.measures.options()).map(drop).map_err(failed)
    }
}
