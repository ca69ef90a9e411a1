//! Files that any user may have left where segments are: with names that write to terminals, and of
//! any kind.

mod support;

use std::fs;
use std::process::Command;

use support::{Name, run, run_as_nobody, status, stderr, stdout};

/// What reaches the terminal of the user who looks.
fn told(arguments: &[&str]) -> String {
    let output = run(arguments);
    stdout(&output) + &stderr(&output)
}

#[test]
fn names_with_control_characters_are_shown_escaped() {
    for (odd, shown) in
        [("\x1b[31m", r"\x1b[31m"), ("\nforged", r"\x0aforged"), ("\u{9b}2J", r"\xc2\x9b2J")]
    {
        let name = Name::new("odd");
        let name = Name(format!("{}{odd}", name.0));
        assert!(
            stderr(&run(&["create", &name.0])).contains("it has a slash or a control character")
        );
        fs::write(name.file(), b"junk").unwrap();
        for arguments in [
            &["ls"][..],
            &["doctor"],
            &["doctor", &name.0],
            &["stat", &name.0],
            &["rm", &name.0],
            &["put", &name.0],
        ] {
            let told = told(arguments);
            assert!(
                told.lines().all(|line| !line.contains(char::is_control)),
                "{arguments:?}: {told:?}"
            );
            assert!(
                !told.lines().any(|line| line.starts_with("forged")),
                "{arguments:?}: {told:?}"
            );
        }
        assert!(told(&["ls"]).contains(shown), "{}", told(&["ls"]));
        let found = told(&["doctor", &name.0]);
        assert!(
            found.contains("ringway rm --force $'test-odd-") && found.contains(shown),
            "{found}"
        );
        assert_eq!(status(&run(&["rm", &name.0])), 1);
        assert_eq!(status(&run(&["rm", "--force", &name.0])), 0);
        assert!(!name.file().exists());
    }
}

#[test]
fn what_is_no_file_is_told_and_removed_by_force_where_that_can_be() {
    let name = Name::new("kind");
    let (path, file) = (name.file().to_str().unwrap().to_owned(), name.file());
    let make = |program: &str, arguments: &[&str]| {
        assert!(Command::new(program).args(arguments).status().unwrap().success());
    };
    for (program, arguments, kind) in [
        ("mkfifo", &[&*path][..], "a named pipe"),
        ("ln", &["-s", "/dev/null", &path], "a symbolic link"),
    ] {
        make(program, arguments);
        let found = told(&["doctor", &name.0]);
        let text = format!("refused: the kind of file is {kind}, expected a regular file; if it");
        assert!(found.contains(&text) && found.contains("ringway rm --force"), "{found}");
        assert_eq!(status(&run(&["rm", "--force", &name.0])), 0);
        assert!(file.symlink_metadata().is_err());
    }
    fs::create_dir(&file).unwrap();
    let (found, refused) = (told(&["doctor", &name.0]), told(&["rm", "--force", &name.0]));
    fs::remove_dir(&file).unwrap();
    assert!(
        found.contains(&format!(
            "is a directory, expected a regular file; if it is of no use to another program: remove '{path}' by hand"
        )),
        "{found}"
    );
    assert!(
        refused.contains(&format!(
            "cannot remove '{path}': Is a directory (os error 21); remove it by hand"
        )),
        "{refused}"
    );
}

#[test]
fn a_file_of_another_user_is_told_with_another_remedy_than_a_limit() {
    let name = Name::new("unreadable");
    run(&["create", &name.0]);
    let Some(output) = run_as_nobody(&["doctor", &name.0]) else { return };
    let told = format!(
        "note: {}: unreadable: cannot open the file: Permission denied (os error 13) (user 0, mode \
         0600); look as root",
        name.0
    );
    assert!(stdout(&output).contains(&told), "{}", stdout(&output));
    let script =
        format!("ulimit -v 1000000; exec '{}' doctor {}", env!("CARGO_BIN_EXE_ringway"), name.0);
    let limited = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(
        stdout(&limited).contains("raise the limit of address space (ulimit -v)"),
        "{}",
        stdout(&limited)
    );
}
