//! The table of random kills: `cargo run --release -p ringway-tests --bin kill-table`.
//!
//! `kill-table [--trials N] [--seed N] [--patience SECONDS] [--python PROGRAM] [CONTESTANT ...]`

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use ringway_tests::kill_table::contestants::{CONTESTANTS, Contestant};
use ringway_tests::kill_table::trial::{Failure, Schedule, Tally};
use ringway_tests::kill_table::worker;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["host", contestant, folder, name] => worker::host(contestant, Path::new(folder), name),
        ["work", contestant, folder, name, number] => {
            worker::work(contestant, Path::new(folder), name, number.parse().unwrap_or(0))
        }
        _ => return table(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kill-table {}: {error}", arguments.join(" "));
            ExitCode::FAILURE
        }
    }
}

fn table(arguments: &[&str]) -> ExitCode {
    let own = std::env::current_exe().expect("the path of this program");
    let mut schedule =
        Schedule { seed: 1, patience: Duration::from_secs(5), own, python: "python3".to_owned() };
    let (mut trials, mut chosen) = (60, Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut number = || rest.next().and_then(|text| text.parse::<u64>().ok());
        let understood = match *argument {
            "--trials" => number().map(|count| trials = count),
            "--seed" => number().map(|seed| schedule.seed = seed),
            "--patience" => {
                number().map(|seconds| schedule.patience = Duration::from_secs(seconds))
            }
            "--python" => rest.next().map(|&program| schedule.python = program.to_owned()),
            name => Contestant::named(name).map(|contestant| chosen.push(contestant)),
        };
        if understood.is_none() {
            let names: Vec<&str> = CONTESTANTS.iter().map(|contestant| contestant.name).collect();
            eprintln!(
                "kill-table [--trials N] [--seed N] [--patience SECONDS] [--python PROGRAM] [CONTESTANT ...]; contestants: {}",
                names.join(", ")
            );
            return ExitCode::from(2);
        }
    }
    if chosen.is_empty() {
        chosen.extend(CONTESTANTS);
    }
    println!("| | trials | wedged | lost | duplicated |\n|---|---|---|---|---|");
    for contestant in chosen {
        match row(&schedule, contestant, trials) {
            Ok(tally) => println!("| {} | {tally} |", contestant.what),
            Err(Failure::Missing(what)) => eprintln!("SKIPPED {}: {what}", contestant.name),
            Err(Failure::Strange(what)) => {
                eprintln!("{what}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn row(schedule: &Schedule, contestant: Contestant, trials: u64) -> Result<Tally, Failure> {
    let mut sum = Tally::default();
    for number in 0..trials {
        sum += schedule.run(contestant, number)?;
        let _ = write!(io::stderr(), "\r{} {sum} ", contestant.name);
    }
    eprintln!();
    Ok(sum)
}
