//! The campaigns in full: `cargo run --release -p ringway-tests --bin campaign`.
//!
//! ```text
//! campaign [--subject NAME] [--kills N] [--company N] [--freezes N] [--short] [OPERATION ...]
//! ```
//!
//! Without names, all operations of all subjects (queue, lock, creation, ends, objects). There are images
//! at every instruction always. In each scene there are besides N real kills at instructions that
//! are evenly spread and N at instructions that change the segment, likewise stops, and N trials in
//! company: kills while another process really sleeps, or stops while another process is in the
//! middle of a recovery. N is 100 where nothing is said. `--short` leaves out the scenes that
//! differ least. It ends at the first thing that does not hold, and names the operation, the scene
//! and the instruction.

use std::process::ExitCode;

use ringway_tests::campaign::program::{SUBJECTS, subject_named, subject_of, work};
use ringway_tests::campaign::tally::{Plan, Tally};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if work(&arguments) {
        return ExitCode::SUCCESS;
    }
    let Some((plan, operations)) = understood(&arguments) else {
        eprintln!(
            "campaign [--subject NAME] [--kills N] [--company N] [--freezes N] [--short] \
             [OPERATION ...]"
        );
        for subject in SUBJECTS {
            eprintln!("{}: {}", subject.name(), subject.operations().join(", "));
        }
        return ExitCode::from(2);
    };
    match run(&operations, plan) {
        Ok(total) => println!("{total}, lost 0, duplicated 0, wedged 0"),
        Err(what) => {
            eprintln!("{what}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// How much to try of which operations.
fn understood(arguments: &[String]) -> Option<(Plan, Vec<String>)> {
    let mut plan = Plan { kills: 100, in_company: 100, freezes: 100, is_short: false };
    let mut operations = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut number = || rest.next()?.parse().ok();
        match argument.as_str() {
            "--kills" => plan.kills = number()?,
            "--company" => plan.in_company = number()?,
            "--freezes" => plan.freezes = number()?,
            "--short" => plan.is_short = true,
            "--subject" => operations.extend(subject_named(rest.next()?)?.operations()),
            operation => {
                subject_of(operation)?;
                operations.push(operation.to_owned());
            }
        }
    }
    if operations.is_empty() {
        operations = SUBJECTS.into_iter().flat_map(|subject| subject.operations()).collect();
    }
    Some((plan, operations))
}

fn run(operations: &[String], plan: Plan) -> Result<Tally, String> {
    let program = std::env::current_exe().expect("the path of this program");
    let mut total = Tally::default();
    for subject in SUBJECTS {
        let mut sum = Tally::default();
        let of_subject = subject.operations();
        let chosen: Vec<_> = operations.iter().filter(|name| of_subject.contains(name)).collect();
        for operation in &chosen {
            let tally = subject.run(&program, operation, plan)?;
            println!("{operation}: {tally}");
            sum += tally;
        }
        if !chosen.is_empty() {
            println!("subject {}: {sum}", subject.name());
        }
        total += sum;
    }
    Ok(total)
}
