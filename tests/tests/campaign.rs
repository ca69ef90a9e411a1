//! The short form of the campaigns: every operation killed at every instruction (by image), and at some for real, and
//! frozen at some. The full form is the `campaign` binary.

use std::path::Path;

use ringway_tests::campaign::creation::{self, WAYS};
use ringway_tests::campaign::operation::{OPERATIONS, Operation};
use ringway_tests::campaign::run::{Plan, Tally, one, scenes};

const PLAN: Plan = Plan { kills: 3, sleepers: 12, freezes: 3 };

fn worker() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_campaign"))
}

/// Scenes with a warm worker, which differ most between the operations; a cold one only where it starts cold.
fn survives(operations: &[Operation]) {
    let mut total = Tally::default();
    for &operation in operations {
        for scene in scenes(operation)
            .into_iter()
            .filter(|scene| scene.warm && (scene.sleepers || scene.wraps))
        {
            total += one(worker(), operation, scene, PLAN).unwrap_or_else(|what| panic!("{what}"));
        }
    }
    assert!(total.images > 10 && total.points > 1000, "{total}");
    println!("{total}, lost 0, duplicated 0, wedged 0");
}

#[test]
fn a_process_that_dies_or_stops_in_a_put_or_a_get_harms_nobody() {
    let short = |operation: &Operation| !LONG.contains(operation);
    survives(&OPERATIONS.into_iter().filter(short).collect::<Vec<_>>());
}

#[test]
fn a_process_that_dies_or_stops_while_it_comes_or_goes_harms_nobody() {
    survives(&LONG);
}

#[test]
fn a_process_that_dies_or_stops_while_it_creates_harms_nobody() {
    for way in WAYS {
        let tally = creation::one(worker(), way, PLAN).unwrap_or_else(|what| panic!("{what}"));
        assert!(tally.images > 0 && tally.points > 1000, "{tally}");
    }
}

/// Those that walk the whole segment or ask the kernel a lot.
const LONG: [Operation; 3] = [Operation::Attach, Operation::Detach, Operation::Recover];
