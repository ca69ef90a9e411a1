//! The command line of the programs that measure.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::link::Rival;
use crate::measure::measure;
use crate::report::{Report, sheet};
use crate::workload;

/// Measures Ringway and others, interleaved, and prints medians.
#[derive(Parser)]
#[command(name = "ringway-bench")]
struct Arguments {
    /// Workloads: 1:1, 2:2, 4:4, 1:4, 4:1, 8B, 256B, 4KiB, 64KiB, 1MiB, round-trip; all if none is named
    workloads: Vec<String>,
    /// Counted rounds
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only rivals whose name contains one of these; may be repeated
    #[arg(long)]
    only: Vec<String>,
    /// Write a table, JSON and plots into this folder
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
}

/// Runs the harness with these rivals.
pub fn run(rivals: Vec<Box<dyn Rival>>) -> ExitCode {
    let arguments = Arguments::parse();
    let named =
        |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|part| name.contains(part.as_str()));
    let rivals: Vec<_> = rivals.into_iter().filter(|rival| named(&rival.name())).collect();
    let known = workload::all();
    if let Some(strange) = arguments.workloads.iter().find(|name| known.iter().all(|workload| workload.name != **name))
    {
        let names: Vec<&str> = known.iter().map(|workload| workload.name.as_str()).collect();
        eprintln!("no workload {strange:?}; there are {}", names.join(", "));
        return ExitCode::from(2);
    }
    for rival in &rivals {
        if let Some(why) = rival.missing() {
            eprintln!("SKIPPED: {}: {why}", rival.name());
        }
    }
    let mut report = Report::new(&rivals, arguments.rounds);
    for workload in known {
        if !arguments.workloads.is_empty() && !arguments.workloads.contains(&workload.name) {
            continue;
        }
        let table = measure(&rivals, &workload, arguments.rounds);
        println!("{}", sheet(&table));
        report.tables.push(table);
    }
    if let Some(folder) = &arguments.write
        && let Err(error) = report.write(folder)
    {
        eprintln!("cannot write into {}: {error}", folder.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
