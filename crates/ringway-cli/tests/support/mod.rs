//! The built command, and names and files that are gone when a test ends.
#![allow(dead_code, reason = "each test uses a part")]

pub mod places;

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use ringway::{Context, Lock, Queue};
use serde_json::Value;

static COUNT: AtomicU64 = AtomicU64::new(0);

/// The command with these arguments, nothing on its standard input.
pub fn ringway(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringway"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub fn run(arguments: &[&str]) -> Output {
    ringway(arguments).output().expect("the built command")
}

/// Runs it with this on its standard input.
pub fn run_with(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = ringway(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the built command");
    let _ = child.stdin.take().expect("its input").write_all(input);
    child.wait_with_output().expect("its end")
}

pub fn status(output: &Output) -> i32 {
    output.status.code().expect("an end without a signal")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A name of its own; the segment under it is removed with it.
pub struct Name(pub String);

impl Name {
    pub fn new(what: &str) -> Self {
        Self(format!(
            "test-{what}-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ))
    }
    pub fn file(&self) -> PathBuf {
        PathBuf::from(format!("/dev/shm/ringway.{}", self.0))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.file());
    }
}

/// A process that is ended with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a `get` that waits for messages, and returns when it has the queue open.
pub fn getter(name: &Name) -> Running {
    let queue = Queue::<[u8]>::open(&name.0).expect("a queue to get from");
    let mut get = Running(
        ringway(&["get", &name.0]).stdout(Stdio::piped()).spawn().expect("the built command"),
    );
    while !queue
        .snapshot()
        .expect("a whole queue")
        .holders
        .iter()
        .any(|holder| holder.participant.pid == get.0.id())
    {
        assert_eq!(get.0.try_wait().expect("our child"), None, "it waits for messages");
        thread::sleep(Duration::from_millis(1));
    }
    get
}

/// Sends a signal, by its name with a dash, to a child that was not waited for.
pub fn signal(child: &Running, signal: &str) {
    let sent = Command::new("kill")
        .args([signal, &child.0.id().to_string()])
        .status()
        .expect("the kill command");
    assert!(sent.success());
}

/// Waits until the kernel shows this letter for the state of a child.
pub fn wait_for_state(child: &Running, letter: char) {
    loop {
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.0.id()))
            .expect("a child that was not waited for");
        if stat[stat.rfind(')').expect("a name in brackets") + 2..].starts_with(letter) {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// A folder that is removed with its content.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let name = format!(
            "ringway-test-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs it as a user who owns nothing; `None` where this process may not become another user.
pub fn run_as_nobody(arguments: &[&str]) -> Option<Output> {
    // A copy, because that user may not enter the folder of the build. Another process makes it:
    // the child of another test may have what is open for writing here, and then it cannot be run.
    let program = Folder::new();
    fs::set_permissions(&program.0, fs::Permissions::from_mode(0o755)).expect("a folder of ours");
    let copy = program.0.join("ringway");
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_ringway")).arg(&copy).status();
    assert!(copied.is_ok_and(|status| status.success()), "a copy of the command");
    let mut command = Command::new(copy);
    command.args(arguments).stdin(Stdio::null()).uid(65534).gid(65534);
    match command.output() {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            eprintln!("skipped: only root can become another user");
            None
        }
        output => Some(output.expect("the built command")),
    }
}

/// In the environment of a holder: what it is to hold.
const HELD: &str = "RINGWAY_TEST_HELD";

/// Starts a process that acquires a lock, and returns when it holds it. `what` is CONTEXT/LOCK, or
/// the name of a lock alone in its segment. The test program has to have an ignored test `holder`
/// that calls [`hold`].
pub fn start_holder(what: &str) -> Running {
    let mut command = Command::new(std::env::current_exe().expect("the path of this program"));
    command.args(["--exact", "holder", "--ignored", "--nocapture"]).env(HELD, what);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = Running(command.spawn().expect("this program"));
    let mut lines = BufReader::new(child.0.stdout.take().expect("its output")).lines();
    let holds = lines.any(|line| line.expect("its output").contains("it holds the lock"));
    assert!(holds, "the holder has ended");
    child
}

/// In a process that [`start_holder`] has started: holds the lock until the starter is gone.
pub fn hold() {
    let what = std::env::var(HELD).expect("to be started by another test");
    let lock = match what.split_once('/') {
        Some((context, name)) => {
            Lock::open_in(&Context::open(context).expect("a context"), name).expect("a lock")
        }
        None => Lock::open(&what).expect("a lock"),
    };
    let _guard = lock.acquire().expect("to hold it");
    println!("it holds the lock");
    let _ = std::io::stdin().read(&mut [0]);
}

/// What a command prints with `--json`, and its exit status.
pub fn json(arguments: &[&str]) -> (i32, Value) {
    let output = run(arguments);
    let value = serde_json::from_slice(&output.stdout);
    (status(&output), value.unwrap_or_else(|_| panic!("{}", stderr(&output))))
}
