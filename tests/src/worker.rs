//! Processes of the `worker` binary that a test starts, talks to and ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// A worker process. Dropping it kills it, and no other.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
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
        Self { child, input, output }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
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

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        // SAFETY: a signal to our own child, which was not waited for, so that its id is still its
        // own.
        assert_eq!(unsafe { libc::kill(self.pid() as i32, signal) }, 0);
    }

    /// Kills it and waits until it is dead, but leaves the corpse: it is a zombie from now on.
    pub fn kill_unburied(&self) {
        self.signal(libc::SIGKILL);
        // SAFETY: all fields are numbers.
        let mut about: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: waits for our own child and writes to a local.
        let waited = unsafe {
            libc::waitid(libc::P_PID, self.pid(), &mut about, libc::WEXITED | libc::WNOWAIT)
        };
        assert_eq!(waited, 0);
    }

    /// Kills it, and waits for its end.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops it, and waits until it stands still.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
        let mut status = 0;
        // SAFETY: waits for our own child and writes to a local.
        let waited = unsafe { libc::waitpid(self.pid() as i32, &mut status, libc::WUNTRACED) };
        assert!(waited == self.pid() as i32 && libc::WIFSTOPPED(status));
    }

    /// Lets it run again.
    pub fn thaw(&self) {
        self.signal(libc::SIGCONT);
    }

    /// Closes its input and waits for its own end.
    pub fn finish(&mut self) -> ExitStatus {
        self.input = None;
        self.child.wait().expect("wait for a worker")
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

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}
