//! Files that anybody may have left where queues are: with names that write to terminals, and of any kind.

mod support;

use std::fs;

use support::{Name, run, status, stderr, stdout};

/// What reaches the terminal of whoever looks.
fn told(arguments: &[&str]) -> String {
    let output = run(arguments);
    stdout(&output) + &stderr(&output)
}

#[test]
fn names_with_control_characters_are_shown_escaped() {
    for (odd, shown) in [("\x1b[31m", r"\x1b[31m"), ("\nforged", r"\x0aforged"), ("\u{9b}2J", r"\xc2\x9b2J")] {
        let name = Name::new("odd");
        let name = Name(format!("{}{odd}", name.0));
        assert!(stderr(&run(&["create", &name.0])).contains("it has a slash or a control character"));
        fs::write(name.file(), b"junk").unwrap();
        for arguments in
            [&["ls"][..], &["doctor"], &["doctor", &name.0], &["stat", &name.0], &["rm", &name.0], &["put", &name.0]]
        {
            let told = told(arguments);
            assert!(told.lines().all(|line| !line.contains(char::is_control)), "{arguments:?}: {told:?}");
            assert!(!told.lines().any(|line| line.starts_with("forged")), "{arguments:?}: {told:?}");
        }
        assert!(told(&["ls"]).contains(shown), "{}", told(&["ls"]));
        let found = told(&["doctor", &name.0]);
        assert!(found.contains("ringway rm --force $'test-odd-") && found.contains(shown), "{found}");
        assert_eq!(status(&run(&["rm", &name.0])), 1);
        assert_eq!(status(&run(&["rm", "--force", &name.0])), 0);
        assert!(!name.file().exists());
    }
}
