//! What the doctor found, and how it tells.

use ringway::inspect::printable;
use serde_json::{Value, json};

/// One thing that is not as it should be.
pub(super) struct Finding {
    pub(super) queue: String,
    pub(super) kind: &'static str,
    /// What it is.
    pub(super) text: String,
    /// What was done about it, or can be.
    pub(super) remedy: String,
    /// Whether a second look found it gone.
    pub(super) fixed: bool,
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

    /// Whether nothing is left.
    pub(super) fn are_mended(&self) -> bool {
        self.0.iter().all(|finding| finding.fixed)
    }

    pub(super) fn list(&self) -> Value {
        let object = |finding: &Finding| {
            let Finding { queue, kind, text, remedy, fixed } = finding;
            json!({ "name": queue, "kind": kind, "finding": text, "remedy": remedy, "fixed": fixed })
        };
        self.0.iter().map(object).collect()
    }

    pub(super) fn sheet(&self, looked_at: usize) -> String {
        let line = |finding: &Finding| {
            let Finding { queue, kind, text, remedy, fixed } = finding;
            let mark = if *fixed { "fixed" } else { "found" };
            format!("{mark}: {}: {kind}: {text}; {remedy}\n", printable(queue))
        };
        match (self.0.is_empty(), looked_at) {
            (true, 1) => "1 queue looked at, all is well\n".to_owned(),
            (true, count) => format!("{count} queues looked at, all is well\n"),
            (false, _) => self.0.iter().map(line).collect(),
        }
    }
}
