//! Figures as Markdown, JSON and plots.

mod json;
mod markdown;
mod plot;
mod sheet;
mod summary;

use std::fs;
use std::path::Path;

use crate::conditions::Conditions;
use crate::measure::{Row, Table};

pub use sheet::sheet;

/// Everything about one run of the harness.
pub struct Report {
    /// What it was taken on.
    pub conditions: Conditions,
    /// Counted rounds of each workload.
    pub rounds: usize,
    /// The lock file of the program, which tells the releases of crates.
    pub lock: &'static str,
    /// The workloads.
    pub tables: Vec<Table>,
}

impl Report {
    /// Writes `results.json`, `README.md`, a plot of each workload and one of them all into a
    /// folder.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
        fs::create_dir_all(folder)?;
        fs::write(
            folder.join("results.json"),
            serde_json::to_string_pretty(&json::object(self))? + "\n",
        )?;
        fs::write(folder.join("README.md"), markdown::page(self))?;
        for table in &self.tables {
            plot::bars(table, &folder.join(format!("{}.svg", file_name(table))))?;
        }
        summary::throughput(&self.tables, &folder.join("throughput.svg"))
    }
}

fn file_name(table: &Table) -> String {
    table.workload.name.replace(':', "-to-")
}

/// What a workload was measured with, in a sentence.
fn circumstances(table: &Table) -> String {
    format!(
        "Capacity {}; a cache line took {:.0} ns from core to core.",
        table.workload.load.capacity, table.hop_nanos
    )
}

/// Those with a figure, best first.
fn ranked(table: &Table) -> Vec<(&Row, f64)> {
    let mut rows: Vec<_> = table
        .rows
        .iter()
        .filter_map(|row| row.figure.as_ref().ok().map(|figure| (row, figure.median)))
        .collect();
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    if !table.workload.kind.is_cost() {
        rows.reverse();
    }
    rows
}

/// Those without a figure, and why.
fn left_out(table: &Table) -> Option<String> {
    let told: Vec<String> = table
        .rows
        .iter()
        .filter_map(|row| {
            row.figure.as_ref().err().map(|why| format!("{} ({why})", row.about.name))
        })
        .collect();
    (!told.is_empty()).then(|| format!("Left out: {}.", told.join(", ")))
}

/// The first Ringway in it, which is the one to compare with, and its median.
fn ours(table: &Table) -> Option<(&'static str, f64)> {
    let row = table.rows.iter().find(|row| is_ours(row))?;
    row.figure.as_ref().ok().map(|figure| (row.about.name, figure.median))
}

fn is_ours(row: &Row) -> bool {
    row.about.name.starts_with("ringway")
}

/// Three digits that count.
fn number(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v if v >= 0.1 => format!("{v:.2}"),
        v => format!("{v:.4}"),
    }
}
