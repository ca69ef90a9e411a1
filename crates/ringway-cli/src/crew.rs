//! The worker processes that a command has started. They are heard all at once, since any of them
//! may be the next to speak, or to die.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use crate::outcome::{Done, Failure};
use crate::worker::SUBCOMMAND;

/// Worker processes, numbered in the order in which they were started. Those that still run are
/// killed when it is dropped.
pub(crate) struct Crew {
    workers: Vec<Process>,
    running: usize,
    said: Receiver<(usize, Option<String>)>,
    listener: Sender<(usize, Option<String>)>,
}

struct Process {
    /// What errors call it.
    label: String,
    child: Child,
    /// Open until the end of the crew: a worker ends when it is closed.
    input: Option<ChildStdin>,
}

impl Crew {
    pub(crate) fn new() -> Self {
        let (listener, said) = mpsc::channel();
        Self { workers: Vec::new(), running: 0, said, listener }
    }

    /// Starts a worker, waits until it is ready, and returns its number.
    pub(crate) fn start(&mut self, label: &str, job: &[String]) -> Result<usize, Failure> {
        self.start_and_at_end(label, job, || ())
    }

    /// The same. `at_end` runs in another thread as soon as the worker has ended.
    pub(crate) fn start_and_at_end(
        &mut self,
        label: &str,
        job: &[String],
        at_end: impl FnOnce() + Send + 'static,
    ) -> Result<usize, Failure> {
        let failed = |error: io::Error| Failure::Failed(format!("cannot start {label}: {error}"));
        let program = std::env::current_exe().map_err(failed)?;
        let mut command = Command::new(program);
        command.arg(SUBCOMMAND).args(job).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let number = self.workers.len();
        self.workers.push(Process { label: format!("{label} (pid {})", child.id()), child, input });
        let Some(mut output) = output.map(BufReader::new) else { return Ok(number) };
        match line_of(&mut output).as_deref() {
            Some("ready") => {}
            None => return Err(self.ended_too_soon(number)),
            Some(said) => {
                return Err(Failure::Failed(format!("{label} was not ready but said {said:?}")));
            }
        }
        self.running += 1;
        let listener = self.listener.clone();
        thread::spawn(move || {
            while let Some(line) = line_of(&mut output) {
                let _ = listener.send((number, Some(line)));
            }
            at_end();
            let _ = listener.send((number, None));
        });
        Ok(number)
    }

    /// Lets a worker begin.
    pub(crate) fn go(&mut self, worker: usize) -> Done {
        let written =
            self.workers[worker].input.as_mut().map_or(Ok(()), |input| input.write_all(b"g"));
        written.map_err(|_| self.ended_too_soon(worker))
    }

    /// Whether there are workers whose end was not heard yet.
    pub(crate) fn is_running(&self) -> bool {
        self.running != 0
    }

    /// Waits for the next line of any worker; no line says that it has ended.
    pub(crate) fn hear(&mut self) -> Result<(usize, Option<String>), Failure> {
        let heard = self.said.recv().map_err(|error| Failure::Failed(error.to_string()))?;
        if heard.1.is_none() {
            self.running -= 1;
        }
        Ok(heard)
    }

    pub(crate) fn pid(&self, worker: usize) -> u32 {
        self.workers[worker].child.id()
    }

    /// Kills a worker with SIGKILL.
    pub(crate) fn kill(&mut self, worker: usize) {
        self.workers[worker].kill();
    }

    /// Waits for the end of a worker, which has to be a good one.
    pub(crate) fn end(&mut self, worker: usize) -> Done {
        let Process { label, child, .. } = &mut self.workers[worker];
        match child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::Failed(format!("{label} ended with {status}"))),
            Err(error) => Err(Failure::Failed(format!("cannot wait for {label}: {error}"))),
        }
    }

    fn ended_too_soon(&mut self, worker: usize) -> Failure {
        match self.end(worker) {
            Ok(()) => {
                Failure::Failed(format!("{} ended before it began", self.workers[worker].label))
            }
            Err(failure) => failure,
        }
    }
}

/// The next whole line. A killed worker may leave half a line, without a line feed; that is no
/// line.
fn line_of(output: &mut BufReader<ChildStdout>) -> Option<String> {
    let mut line = String::new();
    output.read_line(&mut line).ok()?;
    line.strip_suffix('\n').map(str::to_owned)
}

impl Process {
    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
