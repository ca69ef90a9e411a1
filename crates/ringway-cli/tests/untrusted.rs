//! Segments that this user must not trust: they are listed, shown and removed without being mapped.

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

use ringway::{Context, Lock, Queue};
use serde_json::Value;
use support::{Name, json, run, run_as_nobody, status, stderr, stdout};

const NOBODY: u32 = 65534;

/// A context with a queue and a lock that belongs to another user. `None` where this process may
/// not give it away.
fn context_of_another_user() -> Option<Name> {
    let name = Name::new("foreign");
    let context = Context::create(&name.0).unwrap();
    Queue::<[u8]>::options().maxsize(3).create_in(&context, "jobs").unwrap();
    Lock::create_in(&context, "print").unwrap();
    give_away(&name).then_some(name)
}

fn give_away(name: &Name) -> bool {
    let given = chown(name.file(), Some(NOBODY), Some(NOBODY));
    if given.is_err() {
        eprintln!("skipped: only root can give a file away");
    }
    given.is_ok()
}

fn entry(name: &Name) -> Value {
    let (_, list) = json(&["ls", "--json"]);
    let entries = list.as_array().unwrap().iter();
    entries.rev().find(|entry| entry["name"] == name.0).expect("its entry").clone()
}

fn kinds(list: &Value) -> Vec<(&str, bool)> {
    let entries = list.as_array().unwrap().iter();
    entries
        .map(|entry| (entry["kind"].as_str().unwrap(), entry["note"].as_bool().unwrap()))
        .collect()
}

#[test]
fn a_segment_of_another_user_is_shown_with_owner_and_mode() {
    let Some(name) = context_of_another_user() else { return };
    let listed = entry(&name);
    assert_eq!((&listed["owner"], &listed["mode"]), (&NOBODY.into(), &"0600".into()), "{listed}");
    assert!(listed["untrusted"].as_str().unwrap().contains("belongs to user 65534"), "{listed}");
    let objects = serde_json::json!([
        { "name": "jobs", "kind": "queue" }, { "name": "print", "kind": "lock" },
    ]);
    assert_eq!((&listed["objects"], &listed["attached_processes"]), (&objects, &0.into()));
    let table = stdout(&run(&["ls"]));
    let line = table.lines().find(|line| line.starts_with(&name.0)).unwrap();
    let told = "context of 2 objects, user 65534, mode 0600, untrusted: the file belongs to user";
    assert!(line.contains(told), "{line}");

    let (code, stat) = json(&["stat", &name.0, "--json"]);
    assert_eq!((code, &stat["owner"], &stat["objects"]), (0, &NOBODY.into(), &objects));
    let sheet = stdout(&run(&["stat", &name.0]));
    assert!(sheet.contains("user 65534, mode 0600") && sheet.contains("lock print"), "{sheet}");
    assert!(sheet.contains("it was read, and not mapped"), "{sheet}");

    // By its own user it is examined, and found abandoned.
    let theirs = run_as_nobody(&["doctor", &name.0]).unwrap();
    assert!(stdout(&theirs).contains("found: ") && stdout(&theirs).contains("abandoned"));
}

#[test]
fn a_segment_of_another_user_is_no_finding_unless_it_was_asked_for() {
    let Some(name) = context_of_another_user() else { return };
    let (code, found) = json(&["doctor", &name.0, "--json", "--fix", "--remove-abandoned"]);
    assert_eq!((code, kinds(&found)), (4, vec![("untrusted", true)]), "it was asked for");
    let text = found[0]["finding"].as_str().unwrap();
    assert!(text.starts_with("context of 2 objects of user 65534, mode 0600: "), "{text}");
    assert_eq!(found[0]["remedy"], "look as user 65534");
    assert!(name.file().exists());
    let told = stdout(&run(&["doctor"]));
    assert!(told.contains(&format!("note: {}: untrusted", name.0)), "{told}");
}

#[test]
fn root_removes_a_segment_of_another_user() {
    let Some(name) = context_of_another_user() else { return };
    let alone = run(&["rm", &format!("{}/print", name.0)]);
    assert_eq!(status(&alone), 1);
    assert!(stderr(&alone).contains("is not trusted (user 65534, mode 0600)"), "{alone:?}");
    assert_eq!(status(&run(&["rm", &name.0])), 0);
    assert!(!name.file().exists());
}

#[test]
fn rm_asks_the_kernel_whether_an_untrusted_segment_is_in_use() {
    let name = Name::new("foreign-in-use");
    let queue = Queue::<[u8]>::create(&name.0, 3).unwrap();
    if !give_away(&name) {
        return;
    }
    assert_eq!(entry(&name)["attached_processes"], 1);
    let refused = run(&["rm", &name.0]);
    assert_eq!(status(&refused), 1);
    assert!(stderr(&refused).contains("is open in 1 process; with --wait"), "{}", stderr(&refused));
    assert_eq!(status(&run(&["rm", "--in-use", &name.0])), 0);
    assert!(!name.file().exists());
    queue.put(b"still here").unwrap();
}

#[test]
fn a_segment_that_others_can_reach_is_a_finding() {
    let name = Name::new("reachable");
    run(&["create", &name.0]);
    for (mode, told) in [(0o606, "any user may write"), (0o604, "any user may read")] {
        fs::set_permissions(name.file(), Permissions::from_mode(mode)).unwrap();
        let listed = entry(&name);
        assert_eq!(listed["mode"], format!("0{mode:o}"));
        assert!(listed["untrusted"].as_str().unwrap().contains(told), "{listed}");
        let (code, found) = json(&["doctor", &name.0, "--json"]);
        assert_eq!((code, kinds(&found)), (4, vec![("untrusted", false)]));
        let remedy = format!("take the permission away (chmod o= '{}')", name.file().display());
        assert_eq!(found[0]["remedy"], remedy);
    }
    assert!(Command::new("chmod").arg("o=").arg(name.file()).status().unwrap().success());
    assert_eq!(json(&["stat", &name.0, "--json"]).1["kind"], "queue");
}

/// A context takes 64 GiB of address space, which a process with this limit cannot map.
#[test]
fn an_untrusted_segment_is_not_mapped() {
    let limited = |command: &str, name: &Name| {
        let program = env!("CARGO_BIN_EXE_ringway");
        let script = format!("ulimit -v 1000000; exec '{program}' {command} '{}'", name.0);
        Command::new("sh").args(["-c", &script]).output().unwrap()
    };
    let own = Name::new("own");
    let _context = Context::create(&own.0).unwrap();
    let told = limited("stat", &own);
    assert!(stderr(&told).contains("cannot map the file"), "{}", stderr(&told));

    let Some(name) = context_of_another_user() else { return };
    for (command, code, told) in
        [("stat", 0, "lock print"), ("doctor", 4, "context of 2 objects"), ("rm", 0, "")]
    {
        let output = limited(command, &name);
        assert_eq!(status(&output), code, "{}", stderr(&output));
        assert!(stdout(&output).contains(told), "{}", stdout(&output));
    }
    assert!(!name.file().exists());
}

#[test]
fn a_file_of_another_user_that_is_no_segment_is_refused() {
    let Some(name) = context_of_another_user() else { return };
    let file = fs::File::options().write(true).open(name.file()).unwrap();
    file.set_len(8192).unwrap();
    assert!(entry(&name)["refused"].as_str().unwrap().contains("the size of the file is 8192"));
    let (_, found) = json(&["doctor", &name.0, "--json", "--fix"]);
    assert_eq!(kinds(&found), [("refused", false)]);
    assert_eq!(status(&run(&["rm", &name.0])), 1);
    assert_eq!(status(&run(&["rm", "--force", &name.0])), 0);
    assert!(!name.file().exists());
}

#[test]
fn a_segment_that_cannot_be_read_is_shown_with_owner_and_mode() {
    let name = Name::new("private");
    run(&["create", &name.0]);
    let Some(output) = run_as_nobody(&["ls"]) else { return };
    let told = stdout(&output);
    let line = told.lines().find(|line| line.starts_with(&name.0)).unwrap();
    assert!(
        line.contains("segment, user 0, mode 0600: segment")
            && line.contains("cannot open the file: Permission denied"),
        "{line}"
    );
    let output = run_as_nobody(&["stat", &name.0]).unwrap();
    assert!(stdout(&output).contains("owner         user 0, mode 0600"), "{}", stdout(&output));
    let output = run_as_nobody(&["rm", &name.0]).unwrap();
    assert_eq!(status(&output), 1);
    assert!(name.file().exists());
}
