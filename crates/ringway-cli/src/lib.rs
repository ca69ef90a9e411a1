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
mod text;
mod view;
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Queues and locks between processes, on shared memory.
///
/// A NAME stands for an object alone in its segment, or for a context, which holds several;
/// CONTEXT/OBJECT stands for one of these. If there is no segment named CONTEXT, a NAME with a
/// slash in it is the path of a file.
///
/// Exit status: 0 done, 1 failure, 2 usage, 3 timed out, 4 the doctor found something; of `put`
/// and `get` also 130 and 143, ended by SIGINT and SIGTERM.
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

/// Does what the command line asks for.
pub fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Create(create) => create.run(),
        Command::Put(put) => put.run(),
        Command::Get(get) => get.run(),
        Command::Shutdown(shutdown) => shutdown.run(),
        Command::Rm(rm) => rm.run(),
        Command::Ls(ls) => ls.run(),
        Command::Stat(stat) => stat.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Bench(bench) => bench.run(),
        Command::Demo(demo) => demo.run(),
        Command::Worker(worker) => worker.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
