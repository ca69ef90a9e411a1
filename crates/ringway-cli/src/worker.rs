//! Worker processes of `bench` and `demo`: this very program again, under a hidden subcommand.
//!
//! A worker says `ready`, begins when it reads a byte, and ends when its parent is gone.

use std::io::{self, Read, Write};
use std::process;
use std::thread;

use clap::{Args, Subcommand};

use crate::outcome::{Done, Failure, unwritten};
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
///
/// Its input stays open for as long as its parent lives, so the end of input ends the worker.
pub(crate) fn ready() -> Done {
    say("ready")?;
    let mut input = io::stdin();
    match input.read(&mut [0]).map_err(|error| Failure::Failed(error.to_string()))? {
        0 => Err(Failure::ReaderGone),
        _ => {
            thread::spawn(move || {
                while input.read(&mut [0]).is_ok_and(|read| read != 0) {}
                process::exit(1);
            });
            Ok(())
        }
    }
}

/// In a worker: one line to the parent.
pub(crate) fn say(line: impl std::fmt::Display) -> Done {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(unwritten)
}
