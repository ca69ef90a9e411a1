//! The command line of the programs that measure.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::against;
use crate::conditions::Conditions;
use crate::growth;
use crate::measure::measure;
use crate::report::{Report, sheet};
use crate::rival::Contestant;
use crate::workload::{self, Workload};

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
    /// Compare Ringway with that of another build of this program, and measure nobody else
    #[arg(long, value_name = "PROGRAM", conflicts_with = "write")]
    against: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Other {
    /// Measures one rival once, for --against, and prints the figure and its 99th percentile
    Once {
        /// The workload
        workload: String,
        /// The rival
        rival: String,
        /// Messages
        messages: u64,
    },
    /// Measures how speed and memory of Ringway change with maxsize, processes, message size and
    /// number of queues
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
    let done = match &arguments.other {
        Some(Other::Growth { rounds, only, write }) => growth::run(*rounds, only, write.as_deref()),
        Some(Other::Once { workload, rival, messages }) => {
            once(&rivals, workload, rival, *messages).map_err(Into::into)
        }
        None => all(rivals, lock, &arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn once(
    rivals: &[Box<dyn Contestant>],
    workload: &str,
    rival: &str,
    messages: u64,
) -> Result<(), String> {
    let workload = known(workload)?;
    let rival = rivals
        .iter()
        .find(|one| one.about().name == rival && one.joins(workload.kind))
        .ok_or_else(|| format!("no rival {rival:?} in {}", workload.name))?;
    println!("{}", against::once(rival.as_ref(), &workload, messages)?);
    Ok(())
}

fn known(name: &str) -> Result<Workload, String> {
    let all = workload::all();
    let names: Vec<&str> = all.iter().map(|workload| workload.name).collect();
    let names = names.join(", ");
    all.into_iter()
        .find(|workload| workload.name == name)
        .ok_or_else(|| format!("no workload {name:?}; there are {names}"))
}

fn all(
    rivals: Vec<Box<dyn Contestant>>,
    lock: &'static str,
    arguments: &Arguments,
) -> Result<(), Box<dyn Error>> {
    let chosen = |name: &str| {
        arguments.only.is_empty() || arguments.only.iter().any(|part| name.contains(part.as_str()))
    };
    let rivals: Vec<_> = rivals.into_iter().filter(|rival| chosen(rival.about().name)).collect();
    if arguments.list {
        list(&rivals);
        return Ok(());
    }
    let named =
        arguments.workloads.iter().map(|name| known(name)).collect::<Result<Vec<_>, _>>()?;
    let rounds = arguments.rounds.max(1);
    if let Some(other) = &arguments.against {
        let usual = against::WORKLOADS.iter().map(|name| known(name));
        let workloads = if named.is_empty() { usual.collect::<Result<_, _>>()? } else { named };
        for workload in workloads {
            println!("{}", against::compare(&rivals, &workload, rounds, other)?);
        }
        return Ok(());
    }
    for rival in &rivals {
        if let Some(why) = rival.missing() {
            eprintln!("SKIPPED: {}: {why}", rival.about().name);
        }
    }
    let mut report = Report { conditions: Conditions::now(), rounds, lock, tables: Vec::new() };
    for workload in if named.is_empty() { workload::all() } else { named } {
        let table = measure(&rivals, &workload, rounds);
        println!("{}", sheet(&table));
        report.tables.push(table);
        // After each workload, so that a long run that is stopped leaves what it has.
        if let Some(folder) = &arguments.write {
            report
                .write(folder)
                .map_err(|error| format!("cannot write into {}: {error}", folder.display()))?;
        }
    }
    Ok(())
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
