//! The campaigns in full: `cargo run --release -p ringway-tests --bin campaign`.
//!
//! `campaign [--kills N] [--sleepers N] [--freezes N] [OPERATION ...]`: images at every instruction always; in each scene N
//! real kills, N kills while somebody really sleeps, and N stops (100 of each).

use std::process::ExitCode;

use ringway_tests::campaign::creation::{self, WAYS};
use ringway_tests::campaign::operation::{OPERATIONS, Operation};
use ringway_tests::campaign::run::{Plan, Tally, one, scenes, work};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if matches!(
        arguments.first().map(String::as_str),
        Some("perform" | "corpse" | "create" | "sleep")
    ) {
        work(&arguments);
        return ExitCode::SUCCESS;
    }
    let mut plan = Plan { kills: 100, sleepers: 100, freezes: 100 };
    let (mut chosen, mut creation) = (Vec::new(), false);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut number = || rest.next().and_then(|text| text.parse().ok());
        let understood = match argument.as_str() {
            "--kills" => number().map(|count| plan.kills = count),
            "--sleepers" => number().map(|count| plan.sleepers = count),
            "--freezes" => number().map(|count| plan.freezes = count),
            "Create" => {
                creation = true;
                Some(())
            }
            name => Operation::named(name).map(|operation| chosen.push(operation)),
        };
        if understood.is_none() {
            eprintln!(
                "campaign [--kills N] [--sleepers N] [--freezes N] [OPERATION ...]; operations: Create, {OPERATIONS:?}"
            );
            return ExitCode::from(2);
        }
    }
    if chosen.is_empty() && !creation {
        chosen.extend(OPERATIONS);
        creation = true;
    }
    match run(&chosen, creation, plan) {
        Ok(total) => println!("{total}, lost 0, duplicated 0, wedged 0"),
        Err(what) => {
            eprintln!("{what}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn run(operations: &[Operation], creation: bool, plan: Plan) -> Result<Tally, String> {
    let worker = std::env::current_exe().expect("the path of this program");
    let mut total = Tally::default();
    for &operation in operations {
        let mut sum = Tally::default();
        for scene in scenes(operation) {
            sum += one(&worker, operation, scene, plan)?;
        }
        println!("{operation:?}: {sum}");
        total += sum;
    }
    for way in WAYS.into_iter().filter(|_| creation) {
        let tally = creation::one(&worker, way, plan)?;
        println!("Create ({way:?}): {tally}");
        total += tally;
    }
    Ok(total)
}
