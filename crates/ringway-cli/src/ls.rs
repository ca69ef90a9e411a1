//! `ringway ls`.

mod list;
mod table;

use std::io::{self, Write};

use clap::Args;
use ringway::inspect::{self, Facts, Segment};
use ringway::{ObjectInfo, OpenError, Place};

use crate::outcome::{Done, Failure, unwritten};
use crate::view::{ObjectView, Objects, Seen, SegmentView, see, view};

/// Lists the queues, locks and contexts of this host
///
/// A context has a line, and so has each object in it. Segments that other users can reach, or that
/// belong to another user, are listed with their owner and mode.
///
/// Example: ringway ls --json
#[derive(Args)]
pub(crate) struct Ls {
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

impl Ls {
    pub(crate) fn run(self) -> Done {
        let names = inspect::list()
            .map_err(|error| Failure::Failed(format!("cannot list the segments: {error}")))?;
        let listed: Vec<Listed> = names.into_iter().filter_map(Listed::look).collect();
        let text =
            if self.json { list::of(&listed).to_string() + "\n" } else { table::of(&listed) };
        io::stdout().write_all(text.as_bytes()).map_err(unwritten)
    }
}

/// A file that is listed.
struct Listed {
    name: String,
    what: What,
}

enum What {
    /// An object alone in its segment.
    Single(SegmentView, ObjectInfo, Result<ObjectView, String>),
    /// A segment of objects with names of their own.
    Context(SegmentView, Vec<(ObjectInfo, Result<ObjectView, String>)>),
    Unmapped(Facts),
    Refused(String),
}

impl Listed {
    /// `None` if it has gone since it was listed.
    fn look(name: String) -> Option<Self> {
        let what = match see(&Place::from(&name)) {
            Ok(Seen::Mapped(segment)) => What::of(&segment),
            Ok(Seen::Unmapped(facts)) => What::Unmapped(facts),
            Err(OpenError::NotFound { .. }) => return None,
            Err(error) => What::Refused(error.to_string()),
        };
        Some(Self { name, what })
    }
}

impl What {
    fn of(segment: &Segment) -> Self {
        let objects = Objects::of(segment);
        let (is_context, damage) = (objects.is_context, objects.damage());
        let look = |object: ObjectInfo| {
            let seen = view(segment, &object);
            (object, seen)
        };
        let whole = SegmentView::of(segment);
        let mut objects: Vec<_> = objects.list.into_iter().map(look).collect();
        match (is_context, objects.pop(), damage) {
            (false, Some((object, seen)), _) => Self::Single(whole, object, seen),
            (false, None, damage) => Self::Refused(damage.unwrap_or_default()),
            (true, last, _) => Self::Context(whole, objects.into_iter().chain(last).collect()),
        }
    }
}
