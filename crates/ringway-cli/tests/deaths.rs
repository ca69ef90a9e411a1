//! Worker processes that die under `bench`: it ends with an error that names them, and nothing is
//! left behind.

mod support;

use std::fs;
use std::io::Read;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use support::{Running, ringway};

/// More messages than anybody lives to see.
const FOR_EVER: &str = "1000000000000000";

fn bench(arguments: &[&str]) -> Running {
    let arguments = [&["bench", "--messages", FOR_EVER], arguments].concat();
    Running(ringway(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
}

/// The worker processes of a bench that have this job, once there are `count`.
fn workers(bench: &Running, job: &str, count: usize) -> Vec<u32> {
    let pid = bench.0.id();
    loop {
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        let found: Vec<u32> = children
            .split_whitespace()
            .map(|child| child.parse().unwrap())
            .filter(|child| arguments_of(*child).contains(&job.to_owned()))
            .collect();
        if found.len() == count {
            return found;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn arguments_of(pid: u32) -> Vec<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

fn kill(pid: u32) {
    let killed =
        std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
    assert!(killed.success());
}

fn names_of(bench: &Running) -> Vec<String> {
    let begin = format!("ringway.bench-{}-", bench.0.id());
    let names = fs::read_dir("/dev/shm")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(&begin)).collect()
}

#[test]
fn a_bench_ends_when_any_of_its_workers_dies() {
    let through = ["--producers", "2", "--consumers", "2", "--maxsize", "8"];
    for (arguments, job, count) in [
        (&through[..], "bench-put", 2),
        (&through, "bench-get", 2),
        (&["--maxsize", "8", "--wait", "park"], "bench-get", 1),
        (&["--round-trip"], "bench-echo", 1),
        (&["--round-trip", "--wait", "spin"], "bench-echo", 1),
    ] {
        let mut bench = bench(arguments);
        let workers = workers(&bench, job, count);
        kill(workers[0]);
        let mut said = String::new();
        bench.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(bench.0.wait().unwrap().code(), Some(1), "{arguments:?}: {said}");
        assert!(
            said.contains(&format!("(pid {}) ended with signal: 9", workers[0])),
            "{arguments:?}: {said}"
        );
        assert_eq!(names_of(&bench), Vec::<String>::new());
    }
}

#[test]
fn the_workers_of_a_killed_bench_end_and_leave_no_name() {
    let mut bench = bench(&["--consumers", "2", "--maxsize", "8"]);
    let mut all = workers(&bench, "bench-get", 2);
    all.extend(workers(&bench, "bench-put", 1));
    while !names_of(&bench).is_empty() {
        thread::sleep(Duration::from_millis(1)); // goes when all have it open
    }
    bench.0.kill().unwrap();
    bench.0.wait().unwrap();
    for worker in all {
        while arguments_of(worker).contains(&"worker-process".to_owned()) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}
