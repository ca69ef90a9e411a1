//! C1 and C17: a segment can be trusted as far as those who can write to it, and used as far as
//! those who can lock it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use ringway::{CreateError, OpenError, Place, Queue, QueueOptions};
use ringway_tests::{Folder, Name, Worker};

/// A user who may do little.
const NOBODY: u32 = 65534;

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(8).max_message(64)
}

fn as_nobody(arguments: &[&str]) -> Option<Worker> {
    // SAFETY: asks only.
    if unsafe { libc::geteuid() } != 0 {
        eprintln!("SKIPPED: only root can become another user");
        return None;
    }
    let program = env!("CARGO_BIN_EXE_worker");
    let command = || {
        let mut command = Command::new(program);
        command.uid(NOBODY).gid(NOBODY);
        command
    };
    if command().arg("none").output().is_err() {
        eprintln!("SKIPPED: another user cannot run {program}");
        return None;
    }
    Some(Worker::start(command().args(arguments)))
}

/// A queue that another user has made at `place` and goes on to use.
fn made_by_nobody(place: &str, mode: &str) -> Option<Worker> {
    let mut maker = as_nobody(&["create", place, mode, "0"])?;
    assert_eq!(maker.hear(), "ready");
    assert_eq!(maker.ask(""), "created");
    Some(maker)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn file_of(place: &Place) -> File {
    OpenOptions::new().read(true).write(true).open(place.path().unwrap()).unwrap()
}

/// Every call that maps the segment at `place`, with what came of it.
fn attempts(place: &Place) -> [(&'static str, Result<(), String>); 4] {
    let opened = |result: Result<Queue<[u8]>, OpenError>| match result {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    let created = |result: Result<Queue<[u8]>, CreateError>| match result {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    [
        ("open", opened(options().open(place.clone()))),
        ("open_or_create", created(options().open_or_create(place.clone()))),
        ("open_any", opened(options().open_any(place.clone()))),
        ("open_fd", opened(options().open_fd(file_of(place)))),
    ]
}

fn each_refuses(place: &Place, reason: &str) {
    for (call, result) in attempts(place) {
        match result {
            Err(text) => assert!(text.contains(reason), "{call} of {place:?}: {text}"),
            Ok(()) => panic!("{call} of {place:?} maps the segment; it should name {reason}"),
        }
    }
}

fn each_succeeds(place: &Place) {
    for (call, result) in attempts(place) {
        assert_eq!(result, Ok(()), "{call} of {place:?}");
    }
}

/// The name of a queue can be guessed, and the directory of shared memory is open to all.
#[test]
fn c01_a_segment_that_another_user_made_is_refused() {
    let folder = Folder::new("squat");
    set_mode(&folder, 0o777);
    let name = Name::new("squat");
    let file = folder.join("q");
    let places = [
        (name.to_string(), name.place()),
        (format!("portable:{name}"), Place::Portable(name.to_string())),
        (format!("file:{}", file.display()), Place::File(file)),
    ];
    for (text, place) in places {
        let Some(_maker) = made_by_nobody(&text, "600") else { return };
        let path = place.path().unwrap();
        for mode in [0o600, 0o660, 0o666] {
            set_mode(&path, mode);
            each_refuses(&place, &NOBODY.to_string());
        }
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn c01_a_segment_that_others_can_write_or_lock_is_refused() {
    let name = Name::new("open-to-all");
    let _queue = options().create(&*name).unwrap();
    for mode in [0o606, 0o666, 0o604, 0o644, 0o664] {
        set_mode(&name.path(), mode);
        each_refuses(&name.place(), "any user may");
    }
    set_mode(&name.path(), 0o600);
    each_succeeds(&name.place());
}

#[test]
fn c01_a_segment_for_a_group_opens_for_its_owner() {
    let name = Name::new("group");
    let _queue = options().mode(0o660).create(&*name).unwrap();
    each_succeeds(&name.place());

    let theirs = Name::new("group");
    let Some(_maker) = made_by_nobody(&theirs, "660") else { return };
    let Some(mut owner) = as_nobody(&["open", &theirs]) else { return };
    assert_eq!(owner.hear(), "open");
}

/// A process that can read the file can hold read locks on it, which keep everybody from attaching
/// and from removing.
#[test]
fn c17_a_mode_that_lets_others_read_but_not_write_is_refused() {
    for mode in [0o604, 0o644, 0o664, 0o640] {
        let name = Name::new("readable");
        match options().mode(mode).create(&*name) {
            Err(error) => assert!(error.to_string().contains("mode"), "{error}"),
            Ok(_) => panic!("a queue of mode {mode:#o} was made"),
        }
        assert!(!name.path().exists());
    }
}
