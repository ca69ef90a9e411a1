//! `ringway create`.

use clap::Args;

use crate::outcome::{Done, failed};
use crate::terms::{Measures, place};

/// Makes a queue of plain bytes
///
/// Example: ringway create jobs --maxsize 100
#[derive(Args)]
pub(crate) struct Create {
    /// The name of the queue, or a path with a slash in it
    name: String,
    #[command(flatten)]
    measures: Measures,
}

impl Create {
    pub(crate) fn run(self) -> Done {
        self.measures.options().create(place(&self.name)).map(drop).map_err(failed)
    }
}
