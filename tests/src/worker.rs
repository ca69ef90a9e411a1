//! Processes of the `worker` binary that a test starts, talks to and ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::ops::Deref;
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use ringway_child::Child;

/// A worker process.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
}

impl Deref for Worker {
    type Target = Child;
    fn deref(&self) -> &Child {
        &self.child
    }
}

impl Worker {
    /// Starts one; see the macro [`worker!`](crate::worker!).
    pub fn spawn(program: &str, arguments: &[&str]) -> Self {
        Self::start(Command::new(program).args(arguments))
    }

    /// Starts one by a command of the caller's, for instance under a tracer.
    pub fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start a worker");
        let (input, output) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        Self { child: child.into(), input, output }
    }

    /// Sends it a line.
    pub fn tell(&mut self, line: &str) {
        writeln!(self.input.as_mut().expect("its input is open"), "{line}")
            .expect("the worker reads");
    }

    /// Its next line; empty when it has ended.
    pub fn hear(&mut self) -> String {
        let mut line = String::new();
        self.output
            .as_mut()
            .expect("its output is open")
            .read_line(&mut line)
            .expect("the worker writes");
        line.trim_end().to_owned()
    }

    /// Sends it a line and waits for the answer.
    pub fn ask(&mut self, line: &str) -> String {
        self.tell(line);
        self.hear()
    }

    /// What it writes, to be read by somebody else.
    pub fn output(&mut self) -> BufReader<ChildStdout> {
        self.output.take().expect("its output is open")
    }

    /// All that it still writes.
    pub fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.output().read_to_string(&mut rest).expect("the worker writes");
        rest
    }

    /// Kills it, and waits for its end.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    /// Closes its input and waits for its own end.
    pub fn finish(&mut self) -> ExitStatus {
        self.input = None;
        self.child.wait()
    }

    /// Processor time that it has used, in clock ticks, a hundred a second.
    pub fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()))
            .expect("the worker lives");
        let fields: Vec<&str> =
            stat[stat.rfind(')').expect("a name in brackets") + 2..].split(' ').collect();
        [11, 12].map(|field| fields[field].parse::<u64>().expect("a number of ticks")).iter().sum()
    }
}
