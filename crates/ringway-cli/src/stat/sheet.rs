//! Rows for people.

use std::fmt::Write as _;

use ringway::inspect::printable;

use crate::text::{age, bytes};
use crate::view::SegmentView;

/// A text of rows, each with a label.
#[derive(Default)]
pub(super) struct Sheet(String);

impl Sheet {
    pub(super) fn row(&mut self, label: &str, value: &str) {
        let _ = writeln!(self.0, "{label:<14}{value}");
    }

    /// A line below a row.
    pub(super) fn line(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.0, "{:indent$}{text}", "");
    }

    /// The rows that each sheet ends with, before the participants. `open` says how many there are.
    pub(super) fn segment(&mut self, whole: &SegmentView, made: u64, open: &str) {
        let (space, memory) = (bytes(whole.virtual_bytes), bytes(whole.resident_bytes));
        self.row("memory", &format!("{space} virtual, {memory} resident"));
        self.row("created", &format!("{} ago", age(made)));
        self.row("participants", open);
    }

    pub(super) fn end(self) -> String {
        self.0
    }
}

/// How many participants there are of a segment, and of an object in a context those that have it
/// open.
pub(super) fn open_in(whole: &SegmentView, context: Option<&str>, users: usize) -> String {
    let (all, max) = (whole.participants.len(), whole.participants_max);
    match context {
        None => format!("{all} of {max}"),
        Some(context) => format!("{users} of the {all} of {}", printable(context)),
    }
}
