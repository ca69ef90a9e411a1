//! Removals that the system refuses, and what a mark without a removal is told as.

mod support;

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};

use ringway::{OpenError, Queue};
use serde_json::Value;
use support::{Name, run, run_as_nobody, run_with, status, stderr, stdout};

#[test]
fn a_removal_that_the_system_refuses_changes_nothing() {
    let name = Name::new("not-ours");
    run_with(&["put", &name.0, "--create"], b"1\n2\n");
    fs::set_permissions(name.file(), Permissions::from_mode(0o666)).unwrap();
    let why = format!(
        "cannot remove {}: Operation not permitted (os error 1); it belongs to uid 0",
        name.file().display()
    );
    for (arguments, code) in [
        (&["rm", &*name.0][..], 1),
        (&["rm", "--force", &name.0], 1),
        (&["doctor", &name.0, "--fix", "--remove-abandoned"], 4),
    ] {
        let Some(output) = run_as_nobody(arguments) else { return };
        let told = stdout(&output) + &stderr(&output);
        assert_eq!(status(&output), code, "{told}");
        assert!(told.contains(&why), "{told}");
        let queue = Queue::<[u8]>::open(&name.0).unwrap();
        assert_eq!((queue.len().unwrap(), queue.snapshot().unwrap().removed), (2, false));
    }
}

/// Flag 1 at its place in the segment.
fn mark(name: &Name) {
    OpenOptions::new().write(true).open(name.file()).unwrap().write_all_at(&[1], 4736).unwrap();
}

#[test]
fn a_mark_without_a_removal_is_told_and_taken_back() {
    let name = Name::new("marked");
    run_with(&["put", &name.0, "--create"], b"1\n2\n");
    mark(&name);
    let error = Queue::<[u8]>::open(&name.0).unwrap_err();
    assert!(
        matches!(error, OpenError::Removed { .. }) && error.to_string().contains("doctor --fix"),
        "{error}"
    );
    assert!(name.file().exists(), "opening removes nothing");
    for (arguments, value) in [
        (&["stat", &*name.0, "--over", "0"][..], "2 of 65536, marked as removed"),
        (&["ls"], "marked as removed"),
    ] {
        let told = stdout(&run(arguments));
        assert!(told.lines().any(|line| line.contains(value)), "{told}");
    }
    let stat: Value = serde_json::from_slice(&run(&["stat", &name.0, "--json"]).stdout).unwrap();
    assert_eq!(stat["marked_as_removed"], true);

    let found = stdout(&run(&["doctor", &name.0]));
    assert!(found.contains("marked as removed: nobody can open it"), "{found}");
    let fixed = stdout(&run(&["doctor", &name.0, "--fix"]));
    assert!(fixed.contains("the mark was taken back"), "{fixed}");
    assert_eq!(stdout(&run(&["get", &name.0, "--count", "2"])), "1\n2\n");
    mark(&name);
    assert_eq!(status(&run(&["rm", &name.0])), 0);
    assert!(!name.file().exists());
}
