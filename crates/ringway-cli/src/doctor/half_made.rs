//! Files that killed creators have left.

use ringway::inspect::{Maker, Unfinished, printable};

use super::examine::Doctoring;
use super::finding::{Finding, Findings, fixed, left};
use crate::text::quoted_path;

impl Doctoring {
    /// What a killed creator has left.
    pub(super) fn clear_away(&self, unfinished: &Unfinished, findings: &mut Findings) {
        let text = match unfinished.is_visible {
            true => "its creator did not finish it".to_owned(),
            false => format!("its creator left {}", printable(&unfinished.path.to_string_lossy())),
        };
        let (text, (remedy, outcome)) = match unfinished.maker() {
            Maker::AtWork => (text + " yet, and has it open", left("wait for it, or end it")),
            Maker::Unknown(error) => {
                let by_hand = quoted_path(&unfinished.path);
                let remedy = format!(
                    "cannot see whether its creator has it open ({error}); if not: rm {by_hand}"
                );
                (text, left(remedy))
            }
            Maker::Gone if !self.fix => (text + " and is gone", left("--fix removes it")),
            Maker::Gone => match unfinished.remove() {
                Ok(true) => (text + " and is gone", fixed("it was removed")),
                Ok(false) => (text, left("another process has it open by now")),
                Err(error) => (text, left(format!("it cannot be removed: {error}"))),
            },
        };
        let name = unfinished.name.clone();
        findings.add(Finding { name, kind: "half made", text, remedy, outcome });
    }
}
