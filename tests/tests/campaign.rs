//! The short form of the campaigns: every operation killed at every instruction (by image), and at
//! some for real, and frozen at some. The full form is the `campaign` binary.

use std::path::Path;

use ringway_tests::campaign::program::subject_named;
use ringway_tests::campaign::tally::{Plan, Tally};

/// Tries operations of a subject, all of them if none are named.
fn survives(subject: &str, is_meant: impl Fn(&str) -> bool, plan: Plan) {
    let program = Path::new(env!("CARGO_BIN_EXE_campaign"));
    let subject = subject_named(subject).expect("a subject");
    let mut total = Tally::default();
    for operation in subject.operations().iter().filter(|name| is_meant(name)) {
        let tally = subject.run(program, operation, plan).unwrap_or_else(|what| panic!("{what}"));
        total += tally;
    }
    assert!(total.images > 10 && total.points > 1000, "{total}");
    println!("{total}, lost 0, duplicated 0, wedged 0");
}

const PLAN: Plan = Plan { kills: 2, in_company: 12, freezes: 2, is_short: true };

/// Those that walk the whole segment or ask the kernel a lot.
fn is_long(operation: &str) -> bool {
    ["Attach", "Detach", "Recover"].contains(&operation)
}

#[test]
fn a_process_that_dies_or_stops_in_a_put_or_a_get_harms_nobody() {
    survives("queue", |operation| !is_long(operation), PLAN);
}

#[test]
fn a_process_that_dies_or_stops_while_it_comes_or_goes_harms_nobody() {
    survives("queue", is_long, PLAN);
}

#[test]
fn a_process_that_dies_or_stops_while_it_creates_harms_nobody() {
    survives("creation", |_| true, PLAN);
}

#[test]
fn a_putter_that_dies_or_stops_while_it_comes_or_goes_keeps_no_getter_waiting() {
    survives("ends", |_| true, PLAN);
}

#[test]
fn a_process_that_dies_or_stops_with_a_lock_harms_nobody() {
    survives("lock", |_| true, PLAN);
}

#[test]
fn a_process_that_dies_or_stops_among_several_objects_harms_nobody() {
    survives("objects", |_| true, Plan { kills: 1, freezes: 1, ..PLAN });
}
