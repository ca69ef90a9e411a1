//! A short form of the table of random kills: Ringway alone, whose row has to be clean.

use std::path::PathBuf;
use std::time::Duration;

use ringway_tests::kill_table::contestants::Contestant;
use ringway_tests::kill_table::trial::{Schedule, Tally};

#[test]
fn ringway_goes_on_after_random_kills() {
    let own = PathBuf::from(env!("CARGO_BIN_EXE_kill-table"));
    // Here a slow machine is no fault. What stands still for so long never moves again.
    let patience = Duration::from_secs(600);
    let schedule = Schedule { seed: 28, patience, own, python: "python3".to_owned() };
    let ringway = Contestant::named("ringway").expect("a contestant");
    let mut sum = Tally::default();
    for number in 0..8 {
        sum += schedule.run(ringway, number).unwrap_or_else(|failure| panic!("{failure:?}"));
    }
    assert_eq!(sum, Tally { trials: 8, ..Tally::default() });
}
