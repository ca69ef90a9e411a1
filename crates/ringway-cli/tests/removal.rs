//! Removals that the system refuses, and what a mark without a removal is told as.

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use ringway::{OpenError, Queue};
use ringway_segment::layout::FRAME_AT;
use serde_json::Value;
use support::places::Places;
use support::{Name, run, run_as_nobody, run_with, status, stderr, stdout};

#[test]
fn a_removal_that_the_system_refuses_changes_nothing() {
    let name = Name::new("not-ours");
    run_with(&["put", &name.0, "--create"], b"1\n2\n");
    let let_in = |mode| fs::set_permissions(name.file(), Permissions::from_mode(mode)).unwrap();
    let why = format!(
        "cannot remove {}: Operation not permitted (os error 1); it belongs to uid 0",
        name.file().display()
    );
    let untrusted = "untrusted: queue of user 0, mode 0666: any user may write to the file; take";
    for (arguments, code, why) in [
        (&["rm", &*name.0][..], 1, &*why),
        (&["rm", "--force", &name.0], 1, &why),
        (&["doctor", &name.0, "--fix", "--remove-abandoned"], 4, untrusted),
    ] {
        let_in(0o666);
        let Some(output) = run_as_nobody(arguments) else { return };
        let told = stdout(&output) + &stderr(&output);
        assert_eq!(status(&output), code, "{told}");
        assert!(told.contains(why), "{told}");
        let_in(0o600); // what any user may write to is not opened
        let queue = Queue::<[u8]>::open(&name.0).unwrap();
        assert_eq!((queue.len().unwrap(), queue.snapshot().unwrap().removed), (2, false));
    }
}

/// Sets the flag that says that a segment is removed.
fn mark(name: &Name) {
    Places::of(name).write(FRAME_AT, &[1]);
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
    assert!(found.contains("marked as removed: it cannot be opened"), "{found}");
    let fixed = stdout(&run(&["doctor", &name.0, "--fix"]));
    assert!(fixed.contains("the mark was taken back"), "{fixed}");
    assert_eq!(stdout(&run(&["get", &name.0, "--count", "2"])), "1\n2\n");
    mark(&name);
    assert_eq!(status(&run(&["rm", &name.0])), 0);
    assert!(!name.file().exists());
}
