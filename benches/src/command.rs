//! The command line of the programs that measure.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::conditions::Conditions;
use crate::growth;
use crate::measure::measure;
use crate::report::{Report, sheet};
use crate::rival::Contestant;
use crate::workload;

/// Measures Ringway and others, interleaved, and prints medians.
#[derive(Parser)]
#[command(name = "ringway-bench", args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    other: Option<Other>,
    /// Workloads; all if none is named
    workloads: Vec<String>,
    /// Counted rounds
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// List the workloads and the rivals, and do nothing else
    #[arg(long)]
    list: bool,
    /// Only rivals whose name contains one of these; may be repeated
    #[arg(long)]
    only: Vec<String>,
    /// Write a table, JSON and plots into this folder
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Other {
    /// Measures how speed and memory of Ringway change with maxsize, processes, message size and number of queues
    Growth {
        /// Counted rounds
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Only the curves whose name contains this
        #[arg(long, default_value = "")]
        only: String,
        /// Write a table, JSON and plots into this folder
        #[arg(long, value_name = "FOLDER")]
        write: Option<PathBuf>,
    },
}

/// Runs the harness with these rivals, in the program of that lock file.
pub fn run(rivals: Vec<Box<dyn Contestant>>, lock: &'static str) -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Other::Growth { rounds, only, write }) = &arguments.other {
        return match growth::run(*rounds, only, write.as_deref()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    let chosen = |name: &str| {
        arguments.only.is_empty() || arguments.only.iter().any(|part| name.contains(part.as_str()))
    };
    let rivals: Vec<_> = rivals.into_iter().filter(|rival| chosen(rival.about().name)).collect();
    let known = workload::all();
    if let Some(strange) =
        arguments.workloads.iter().find(|name| known.iter().all(|workload| workload.name != **name))
    {
        let names: Vec<&str> = known.iter().map(|workload| workload.name).collect();
        eprintln!("no workload {strange:?}; there are {}", names.join(", "));
        return ExitCode::from(2);
    }
    if arguments.list {
        list(&rivals);
        return ExitCode::SUCCESS;
    }
    for rival in &rivals {
        if let Some(why) = rival.missing() {
            eprintln!("SKIPPED: {}: {why}", rival.about().name);
        }
    }
    let mut report = Report {
        conditions: Conditions::now(),
        rounds: arguments.rounds.max(1),
        lock,
        tables: Vec::new(),
    };
    for workload in known {
        if !arguments.workloads.is_empty()
            && !arguments.workloads.iter().any(|name| name == workload.name)
        {
            continue;
        }
        let table = measure(&rivals, &workload, report.rounds);
        println!("{}", sheet(&table));
        report.tables.push(table);
        // After each workload, so that a long run that is stopped leaves what it has.
        if let Some(folder) = &arguments.write
            && let Err(error) = report.write(folder)
        {
            eprintln!("cannot write into {}: {error}", folder.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn list(rivals: &[Box<dyn Contestant>]) {
    for workload in workload::all() {
        println!("{:16} {}", workload.name, workload.title);
    }
    println!();
    for rival in rivals {
        let about = rival.about();
        let missing = rival.missing().map_or(String::new(), |why| format!("; missing: {why}"));
        println!("{:30} {}, {}{missing}", about.name, about.between.name(), about.waits);
    }
}
