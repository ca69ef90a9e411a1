//! Figures as Markdown, JSON and plots.

mod plot;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::conditions::Conditions;
use crate::link::Rival;
use crate::measure::{Row, Table};
use crate::targets;
use crate::workload::Kind;

/// Everything about one run of the harness.
pub struct Report {
    /// What it was taken on.
    pub conditions: Conditions,
    /// Counted rounds of each workload.
    pub rounds: usize,
    /// Names and releases of the rivals.
    pub versions: Vec<(String, String)>,
    /// The workloads.
    pub tables: Vec<Table>,
}

impl Report {
    /// About these rivals; the tables come later.
    pub fn new(rivals: &[Box<dyn Rival>], rounds: usize) -> Self {
        let versions = rivals.iter().map(|rival| (rival.name(), rival.version())).collect();
        Self { conditions: Conditions::now(), rounds, versions, tables: Vec::new() }
    }

    /// Writes `results.json`, `README.md` and a plot of each workload into a folder.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("results.json"), serde_json::to_string_pretty(&self.object())? + "\n")?;
        fs::write(folder.join("README.md"), self.markdown())?;
        for table in &self.tables {
            plot::bars(table, &folder.join(format!("{}.svg", file_name(table))))?;
        }
        Ok(())
    }

    fn markdown(&self) -> String {
        let Conditions { kernel, processor, cores, commit, rustc } = &self.conditions;
        let mut text = format!(
            "# Figures\n\nTaken by `cargo run --release --manifest-path benches/heavy/Cargo.toml`, commit {commit}, on \
             {processor}, {cores} cores, {kernel}, {rustc}. {} interleaved rounds, medians with least and most; partners \
             are pinned to cores, taken round. *Forked* marks crates for threads that were laid in shared memory before a fork: ceilings, \
             which stop when a process dies. Each rival first proved that every byte arrives.\n",
            self.rounds
        );
        for table in &self.tables {
            let _ = write!(text, "\n## {}\n\n{}\n\n", title(table), conditions_of(table));
            let _ = writeln!(text, "![{0}]({1}.svg)\n", title(table), file_name(table));
            let p99 = table.workload.kind == Kind::RoundTrip;
            text += if p99 {
                "| | between | waits | p50, us | least | most | p99 | ringway against it |\n|---|---|---|---|---|---|---|---|\n"
            } else {
                "| | between | waits | M msg/s | least | most | ringway against it |\n|---|---|---|---|---|---|---|\n"
            };
            for row in sorted(table) {
                text += &line(row, table);
            }
        }
        text += &targets::markdown(&self.tables);
        text += "\n## Releases\n\n";
        for (name, version) in &self.versions {
            let _ = writeln!(text, "* {name}: {version}");
        }
        text
    }

    fn object(&self) -> Value {
        let Conditions { kernel, processor, cores, commit, rustc } = &self.conditions;
        let tables: Vec<Value> = self.tables.iter().map(object).collect();
        json!({
            "commit": commit, "kernel": kernel, "processor": processor, "cores": cores, "rustc": rustc,
            "rounds": self.rounds, "pinned": true,
            "versions": self.versions.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "workloads": tables,
        })
    }
}

/// What a workload is called in headings.
pub fn title(table: &Table) -> String {
    let load = &table.workload.load;
    match table.workload.kind {
        Kind::RoundTrip => format!("Round trip, {} bytes, through two queues", load.size),
        Kind::Throughput => format!("{} to {}, {}", load.senders, load.receivers, bytes(load.size)),
    }
}

fn bytes(size: usize) -> String {
    match size {
        0..1024 => format!("{size} bytes"),
        1024..1_048_576 => format!("{} KiB", size >> 10),
        _ => format!("{} MiB", size >> 20),
    }
}

fn file_name(table: &Table) -> String {
    table.workload.name.replace(':', "-to-")
}

fn conditions_of(table: &Table) -> String {
    format!("Capacity {}; a cache line took {:.0} ns from core to core.", table.workload.load.capacity, table.hop_nanos)
}

/// Best first; those without a figure last.
pub fn sorted(table: &Table) -> Vec<&Row> {
    let mut rows: Vec<&Row> = table.rows.iter().collect();
    let key = |row: &Row| match (&row.figure, table.workload.kind) {
        (Err(_), _) => f64::INFINITY,
        (Ok(figure), Kind::Throughput) => -figure.median,
        (Ok(figure), Kind::RoundTrip) => figure.median,
    };
    rows.sort_by(|a, b| key(a).total_cmp(&key(b)));
    rows
}

fn line(row: &Row, table: &Table) -> String {
    let Row { name, between, waits, figure } = row;
    match figure {
        Err(why) => {
            let rest = if table.workload.kind == Kind::RoundTrip { "| | | |" } else { "| | |" };
            format!("| {name} | {between} | {waits} | {why} {rest} |\n")
        }
        Ok(figure) => {
            let ours = targets::median(table, "ringway").unwrap_or(f64::NAN);
            let ratio =
                if table.workload.kind == Kind::RoundTrip { figure.median / ours } else { ours / figure.median };
            let p99 = figure.p99.map_or(String::new(), |p99| format!(" {p99:.2} |"));
            format!(
                "| {name} | {between} | {waits} | {} | {} | {} |{p99} {ratio:.2} |\n",
                number(figure.median),
                number(figure.min),
                number(figure.max)
            )
        }
    }
}

/// Three digits that count.
pub fn number(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v if v >= 0.1 => format!("{v:.2}"),
        v => format!("{v:.4}"),
    }
}

/// A workload as text for a terminal.
pub fn sheet(table: &Table) -> String {
    let unit = if table.workload.kind == Kind::RoundTrip { "us, p50" } else { "M messages/s" };
    let mut text = format!("{}\n{}\n", title(table), conditions_of(table));
    let _ = writeln!(text, "{:>10} {:>10} {:>10}  {unit}", "median", "least", "most");
    for row in sorted(table) {
        let _ = match &row.figure {
            Ok(figure) => writeln!(
                text,
                "{:>10} {:>10} {:>10}  {} ({}, {})",
                number(figure.median),
                number(figure.min),
                number(figure.max),
                row.name,
                row.between,
                row.waits
            ),
            Err(why) => writeln!(text, "{:>10} {:>10} {:>10}  {}: {why}", "-", "-", "-", row.name),
        };
    }
    text
}

fn object(table: &Table) -> Value {
    let rows: Vec<Value> = table
        .rows
        .iter()
        .map(|row| match &row.figure {
            Ok(figure) => json!({
                "name": row.name, "between": row.between, "waits": row.waits,
                "median": figure.median, "min": figure.min, "max": figure.max, "p99": figure.p99,
            }),
            Err(why) => json!({ "name": row.name, "between": row.between, "missing": why }),
        })
        .collect();
    let load = &table.workload.load;
    json!({
        "name": table.workload.name,
        "unit": if table.workload.kind == Kind::RoundTrip { "us" } else { "M messages/s" },
        "senders": load.senders, "receivers": load.receivers, "message_bytes": load.size, "capacity": load.capacity,
        "hop_nanos": table.hop_nanos, "rivals": rows,
    })
}
