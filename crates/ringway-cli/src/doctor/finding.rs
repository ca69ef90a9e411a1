//! What the doctor found, and how it prints that.

use ringway::inspect::printable;
use serde_json::{Value, json};

use crate::text::count;

/// One thing that is not as it should be.
pub(super) struct Finding {
    /// The segment or object, as the command calls it.
    pub(super) name: String,
    pub(super) kind: &'static str,
    /// What is wrong.
    pub(super) text: String,
    /// What was done about it, or can be.
    pub(super) remedy: String,
    pub(super) outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Found,
    /// A second look found it gone.
    Fixed,
    /// Nothing is wrong with the segment: this process cannot examine it, or not wholly.
    Note,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Fixed => "fixed",
            Self::Note => "note",
        }
    }
}

#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn are_mended(&self) -> bool {
        self.0.iter().all(|finding| finding.outcome == Outcome::Fixed)
    }

    pub(super) fn are_mended_or_notes(&self) -> bool {
        self.0.iter().all(|finding| finding.outcome != Outcome::Found)
    }

    pub(super) fn list(&self) -> Value {
        let object = |finding: &Finding| {
            let Finding { name, kind, text, remedy, outcome } = finding;
            json!({
                "name": name,
                "kind": kind,
                "finding": text,
                "remedy": remedy,
                "fixed": *outcome == Outcome::Fixed,
                "note": *outcome == Outcome::Note,
            })
        };
        self.0.iter().map(object).collect()
    }

    pub(super) fn sheet(&self, examined: usize) -> String {
        let line = |finding: &Finding| {
            let Finding { name, kind, text, remedy, outcome } = finding;
            let (mark, name) = (outcome.name(), printable(name));
            format!("{mark}: {name}: {kind}: {text}; {remedy}\n")
        };
        let lines: String = self.0.iter().map(line).collect();
        let segments = count(examined as u64, "segment");
        let notes = self.0.iter().filter(|finding| finding.outcome == Outcome::Note).count();
        match (self.0.len(), notes) {
            (0, _) => format!("{segments} examined, all is well\n"),
            (all, notes) if all == notes => format!("{lines}{segments} looked at, no findings\n"),
            _ => lines,
        }
    }
}
