//! What the doctor cannot see from where it looks is not blamed on the segment.

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Output};

use ringway::{Lock, Queue};
use serde_json::Value;
use support::{Folder, Name, run, status, stderr, stdout};

const NOBODY: u32 = 65534;

/// Runs a script under a `/proc` that is mounted with `options`; `None` where that is not
/// permitted.
fn under_proc(options: &str, script: &str) -> Option<Output> {
    let mount = |script: &str| {
        let script = format!("mount -t proc -o {options} proc /proc && {script}");
        Command::new("unshare").args(["-m", "sh", "-c", &script]).output()
    };
    match mount("true") {
        Ok(output) if output.status.success() => Some(mount(script).expect("as before")),
        failed => {
            eprintln!("SKIPPED: cannot mount /proc here: {failed:?}");
            None
        }
    }
}

fn findings(output: &Output) -> Vec<(String, String, bool)> {
    let list: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(output)));
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let entries = list.as_array().unwrap().iter();
    entries
        .map(|entry| (text(entry, "kind"), text(entry, "finding"), entry["note"] == true))
        .collect()
}

/// A copy of the command that any user may run.
fn copy() -> (Folder, String) {
    let folder = Folder::new();
    fs::set_permissions(&folder.0, Permissions::from_mode(0o755)).unwrap();
    let path = folder.0.join("ringway");
    // Another process writes it, so that no child of another test has it open for writing.
    assert!(Command::new("cp").arg(program()).arg(&path).status().unwrap().success());
    (folder, path.to_str().unwrap().to_owned())
}

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_ringway"))
}

#[test]
fn processes_that_proc_hides_are_noted() {
    let name = Name::new("hidepid");
    let _queue = Queue::<[u8]>::create(&name.0, 3).unwrap();
    if chown(name.file(), Some(NOBODY), Some(NOBODY)).is_err() {
        return eprintln!("SKIPPED: only root can give a file away");
    }
    let (_folder, command) = copy();
    let doctor = format!(
        "exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups {command} doctor --json {}",
        name.0
    );
    let Some(output) = under_proc("hidepid=2", &doctor) else { return };
    let told = format!("/proc does not show whether it is stopped: pid {}", std::process::id());
    assert_eq!(findings(&output), [("hidden".to_owned(), told, true)]);
    assert_eq!(status(&output), 0, "{}", stdout(&output));
}

#[test]
fn a_proc_without_a_boot_id_is_not_the_fault_of_a_file() {
    let folder = Folder::new();
    let path = folder.0.join("queue");
    let path = path.to_str().unwrap();
    assert_eq!(status(&run(&["create", path, "--maxsize", "3"])), 0);
    let script = format!("{} doctor --json --fix {path}", program().display());
    let Some(output) = under_proc("subset=pid", &script) else { return };
    let found = findings(&output);
    if found.iter().any(|(kind, ..)| kind == "abandoned") {
        return eprintln!("SKIPPED: files of this folder lie in memory, and need no boot id");
    }
    let [(kind, text, is_note)] = &found[..] else { panic!("{found:?}") };
    assert!(kind == "unreadable" && *is_note && text.contains("boot id"), "{found:?}");
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(list[0]["remedy"], "mount /proc for this process, without subset=pid");
    assert!(fs::metadata(path).is_ok());
}

#[test]
fn segments_in_memory_are_examined_without_a_boot_id() {
    let name = Name::new("subset");
    let _lock = Lock::create(&name.0).unwrap();
    let script = format!("{} doctor {}", program().display(), name.0);
    let Some(output) = under_proc("subset=pid", &script) else { return };
    assert_eq!(stdout(&output), "1 segment examined, all is well\n", "{}", stderr(&output));
}
