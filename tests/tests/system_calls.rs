//! Once warm, a put or a get that finds nobody asleep makes no system call. Who sleeps for a time
//! does so by the clock that nobody can set (fault 20).

use std::process::Command;

use ringway::Queue;
use ringway_tests::{Folder, Name, Worker};

/// Lines that strace wrote between the two marks; `None` when there is no strace or it may not
/// trace.
fn calls_between_marks(rounds: u32) -> Option<Vec<String>> {
    let (name, folder) = (Name::new("warm"), Folder::new("trace"));
    let _queue = Queue::<[u8]>::options()
        .maxsize(100)
        .max_message(256)
        .participants(2)
        .create(&*name)
        .unwrap();
    let trace = folder.join("trace");
    let mut command = Command::new("strace");
    command.arg("-f").arg("-o").arg(&trace).arg(env!("CARGO_BIN_EXE_worker"));
    command.args(["warm", &name, &rounds.to_string()]);
    if Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .status()
        .map_or(true, |status| !status.success())
    {
        eprintln!("SKIPPED: strace is not there, or may not trace");
        return None;
    }
    assert!(Worker::start(&mut command).finish().success());
    let trace = std::fs::read_to_string(trace).unwrap();
    let mut parts = trace.split_inclusive('\n').collect::<Vec<_>>();
    let marks: Vec<usize> = (0..parts.len()).filter(|&at| parts[at].contains("getppid(")).collect();
    let [first, last] = marks[..] else { panic!("two marks are expected in\n{trace}") };
    Some(parts.drain(first + 1..last).map(str::to_owned).collect())
}

#[test]
fn warm_puts_and_gets_make_no_system_call() {
    for rounds in [1_000, 100_000] {
        let Some(calls) = calls_between_marks(rounds) else { return };
        println!("{rounds} rounds: {} system calls", calls.len());
        assert!(calls.is_empty(), "{rounds} rounds: {calls:?}");
    }
}

#[test]
fn timed_waits_do_not_go_by_the_wall_clock() {
    let (name, folder) = (Name::new("clock"), Folder::new("trace"));
    let queue = Queue::<[u8]>::options().maxsize(4).max_message(64).create(&*name).unwrap();
    if Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .status()
        .map_or(true, |status| !status.success())
    {
        eprintln!("SKIPPED: strace is not there, or may not trace");
        return;
    }
    let trace = folder.join("trace");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-e", "trace=futex,clock_nanosleep,nanosleep,poll,ppoll", "-o"])
        .arg(&trace);
    let mut worker =
        Worker::start(command.arg(env!("CARGO_BIN_EXE_worker")).args(["interrupted", &name, "50"]));
    while worker.hear() != "empty" {}
    queue.put("end").unwrap();
    assert_eq!(worker.hear(), "end");
    assert!(worker.finish().success());
    let trace = std::fs::read_to_string(trace).unwrap();
    assert!(trace.contains("FUTEX_WAIT"), "{trace}");
    assert!(!trace.contains("CLOCK_REALTIME"), "{trace}");
}
