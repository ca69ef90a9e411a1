//! The `ringway` command, one file a subcommand.

mod args;
mod bench;
mod create;
mod crew;
mod demo;
mod doctor;
mod get;
mod ls;
mod outcome;
mod put;
mod rm;
mod shutdown;
mod slices;
mod stat;
mod streams;
mod text;
mod view;
mod worker;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::outcome::{Done, Failure};
use crate::streams::Stream;
pub use crate::streams::Streams;

/// Queues and locks between processes, on shared memory.
///
/// A NAME stands for an object alone in its segment, or for a context, which holds several;
/// CONTEXT/OBJECT stands for one of these. If there is no segment named CONTEXT, a NAME with a
/// slash in it is the path of a file.
///
/// Exit status: 0 done, 1 failure, 2 usage, 3 timed out, 4 the doctor found something, 5 `get
/// --count` found the queue drained and shut down; of `put` and `get` also 128 and the number of the
/// signal that ended them.
#[derive(Parser)]
#[command(version, name = "ringway", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Create(create::Create),
    Put(put::Put),
    Get(get::Get),
    Shutdown(shutdown::Shutdown),
    Rm(rm::Rm),
    Ls(ls::Ls),
    Stat(stat::Stat),
    Doctor(doctor::Doctor),
    Bench(bench::Bench),
    Demo(demo::Demo),
    /// A worker process of `bench` or `demo`.
    #[command(hide = true, name = worker::SUBCOMMAND)]
    Worker(worker::Worker),
}

impl Command {
    fn run(self) -> Done {
        match self {
            Self::Create(create) => create.run(),
            Self::Put(put) => put.run(),
            Self::Get(get) => get.run(),
            Self::Shutdown(shutdown) => shutdown.run(),
            Self::Rm(rm) => rm.run(),
            Self::Ls(ls) => ls.run(),
            Self::Stat(stat) => stat.run(),
            Self::Doctor(doctor) => doctor.run(),
            Self::Bench(bench) => bench.run(),
            Self::Demo(demo) => demo.run(),
            Self::Worker(worker) => worker.run(),
        }
    }

    /// The standard stream that it cannot do without.
    fn needed(&self) -> Option<Stream> {
        match self {
            Self::Create(_) | Self::Shutdown(_) | Self::Rm(_) => None,
            Self::Put(_) => Some(Stream::Input),
            Self::Get(_)
            | Self::Ls(_)
            | Self::Stat(_)
            | Self::Doctor(_)
            | Self::Bench(_)
            | Self::Demo(_)
            | Self::Worker(_) => Some(Stream::Output),
        }
    }
}

/// Does what the command line asks for, with these standard streams.
pub fn run(streams: Streams) -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        // That may be the help, which has to be written like any output.
        Err(told) => return explain(&told, streams),
    };
    let done = command.needed().map_or(Ok(()), |stream| streams.check(stream));
    match done.and_then(|()| command.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Prints the help, the version, or what is wrong with the command line.
fn explain(told: &clap::Error, streams: Streams) -> ExitCode {
    let usage = ExitCode::from(told.exit_code() as u8);
    if told.use_stderr() {
        let _ = told.print();
        return usage;
    }
    let printed = streams.check(Stream::Output).and_then(|()| {
        told.print().and_then(|()| io::stdout().flush()).map_err(outcome::unwritten)
    });
    printed.map_or_else(Failure::report, |()| usage)
}
