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

/// What was done about a finding, or can be, and whether it is fixed.
pub(super) type Remedy = (String, Outcome);

pub(super) fn left(remedy: impl Into<String>) -> Remedy {
    (remedy.into(), Outcome::Found)
}

pub(super) fn fixed(remedy: &str) -> Remedy {
    (remedy.to_owned(), Outcome::Fixed)
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Found,
    /// A second look found it gone.
    Fixed,
    /// Nothing is wrong with the segment, but this process cannot see all of it.
    Note,
    /// Nothing is known to be wrong with the segment, which this process cannot examine.
    Unexamined,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Fixed => "fixed",
            Self::Note | Self::Unexamined => "note",
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

    /// Whether nothing is left that is wrong.
    pub(super) fn are_mended(&self) -> bool {
        self.0.iter().all(|finding| finding.outcome != Outcome::Found)
    }

    /// How many segments could not be examined.
    pub(super) fn unexamined(&self) -> usize {
        self.0.iter().filter(|finding| finding.outcome == Outcome::Unexamined).count()
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
                "note": matches!(outcome, Outcome::Note | Outcome::Unexamined),
            })
        };
        self.0.iter().map(object).collect()
    }

    /// `segments` is how many there are.
    pub(super) fn sheet(&self, segments: usize) -> String {
        let line = |finding: &Finding| {
            let Finding { name, kind, text, remedy, outcome } = finding;
            let (mark, name) = (outcome.name(), printable(name));
            format!("{mark}: {name}: {kind}: {text}; {remedy}\n")
        };
        let lines: String = self.0.iter().map(line).collect();
        let is_noted = |finding: &Finding| finding.outcome.name() == "note";
        let examined = segments.saturating_sub(self.unexamined());
        if !self.0.iter().all(is_noted) || examined == 0 && segments != 0 {
            return lines;
        }
        format!("{lines}{} examined, all is well\n", count(examined as u64, "segment"))
    }
}
