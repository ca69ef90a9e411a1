//! Worker processes: this very program again, told over its standard input when to begin.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A worker process that is ready to begin.
pub struct Worker {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts this program with `arguments` and waits until it is ready.
    pub fn start(arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Self {
        let program = std::env::current_exe().expect("the path of this program");
        let mut command = Command::new(program);
        command.arg("worker").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        prepare(&mut command);
        let mut child = command.spawn().expect("a worker process");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a worker that says it is ready");
        assert_eq!(line, "ready\n", "worker {arguments:?} failed");
        Self { child, output }
    }

    /// Lets it begin.
    pub fn go(&mut self) {
        self.child.stdin.take().expect("its input").write_all(b"g").expect("a living worker");
    }

    /// What it printed in the end, as a number.
    pub fn result(mut self) -> u64 {
        let mut text = String::new();
        self.output.read_to_string(&mut text).expect("its result");
        assert!(self.child.wait().expect("its end").success(), "a worker failed");
        text.trim().parse().expect("a number")
    }
}

/// In a worker: says that it is ready, and waits for the word.
pub fn ready() {
    println!("ready");
    let _ = std::io::stdin().read(&mut [0]).expect("the word to begin");
}
