//! A workload as text for a terminal.

use std::fmt::Write as _;

use super::{circumstances, left_out, number, ranked};
use crate::measure::Table;

/// A line for each rival.
pub fn sheet(table: &Table) -> String {
    let mut text = format!("{}\n{}\n", table.workload.title, circumstances(table));
    let _ = writeln!(
        text,
        "{:>10} {:>10} {:>10}  {}",
        "median",
        "least",
        "most",
        table.workload.kind.unit()
    );
    for (row, median) in ranked(table) {
        let Ok(figure) = &row.figure else { continue };
        let [median, min, max] = [median, figure.min, figure.max].map(number);
        let about = &row.about;
        let _ = writeln!(
            text,
            "{median:>10} {min:>10} {max:>10}  {} ({}, {})",
            about.name,
            about.between.name(),
            about.waits
        );
    }
    if let Some(told) = left_out(table) {
        text += &told;
        text.push('\n');
    }
    text
}
