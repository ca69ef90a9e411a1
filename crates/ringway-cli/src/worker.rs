//! Worker processes of `bench` and `demo`: this very program again, under a hidden subcommand.
//!
//! A worker says `ready`, and begins when it reads a byte.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use clap::{Args, Subcommand};

use crate::outcome::{Done, Failure};
use crate::{bench, demo};

/// The hidden subcommand.
pub(crate) const SUBCOMMAND: &str = "worker-process";

/// What a worker is to do.
#[derive(Args)]
pub(crate) struct Worker {
    #[command(subcommand)]
    job: Job,
}

#[derive(Subcommand)]
enum Job {
    BenchPut(bench::PutJob),
    BenchGet(bench::GetJob),
    BenchEcho(bench::EchoJob),
    DemoPut(demo::PutJob),
    DemoGet(demo::GetJob),
}

impl Worker {
    pub(crate) fn run(self) -> Done {
        match self.job {
            Job::BenchPut(job) => job.run(),
            Job::BenchGet(job) => job.run(),
            Job::BenchEcho(job) => job.run(),
            Job::DemoPut(job) => job.run(),
            Job::DemoGet(job) => job.run(),
        }
    }
}

/// In a worker: says that it is ready, and waits for the word to begin.
pub(crate) fn ready() -> Done {
    say("ready")?;
    let read = io::stdin().read(&mut [0]).map_err(|error| Failure::Failed(error.to_string()))?;
    if read == 0 { Err(Failure::NobodyReads) } else { Ok(()) }
}

/// In a worker: one line to the parent.
pub(crate) fn say(line: impl std::fmt::Display) -> Done {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(crate::outcome::unwritten)
}

/// A worker process. It is killed when this is dropped before its end.
pub(crate) struct Process {
    child: Child,
    output: Option<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a worker and waits until it is ready.
    pub(crate) fn start(job: &[String]) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::Failed(format!("cannot start a worker process: {error}"));
        let program = std::env::current_exe().map_err(failed)?;
        let mut command = Command::new(program);
        command.arg(SUBCOMMAND).args(job).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let output = child.stdout.take().map(BufReader::new);
        let mut process = Self { child, output };
        match process.line()?.as_deref() {
            Some("ready") => Ok(process),
            said => Err(Failure::Failed(format!("a worker process was not ready but said {said:?}"))),
        }
    }

    /// Lets it begin.
    pub(crate) fn go(&mut self) -> Done {
        match &mut self.child.stdin {
            Some(input) => input.write_all(b"g").map_err(|error| Failure::Failed(format!("a worker died: {error}"))),
            None => Ok(()),
        }
    }

    /// The next line that it says; `None` when it says no more.
    pub(crate) fn line(&mut self) -> Result<Option<String>, Failure> {
        let Some(output) = &mut self.output else { return Ok(None) };
        let mut line = String::new();
        let read = output.read_line(&mut line).map_err(|error| Failure::Failed(format!("a worker died: {error}")))?;
        Ok((read != 0).then(|| line.trim_end().to_owned()))
    }

    /// What it says, to be read elsewhere.
    pub(crate) fn take_output(&mut self) -> Option<BufReader<ChildStdout>> {
        self.output.take()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for its good end.
    pub(crate) fn end(mut self) -> Done {
        let status = self.child.wait().map_err(|error| Failure::Failed(error.to_string()))?;
        if status.success() { Ok(()) } else { Err(Failure::Failed(format!("a worker process ended with {status}"))) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
