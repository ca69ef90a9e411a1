//! Why a process was not started, or has no result.

use std::io;

use ringway_sys::children::Exit;
use thiserror::Error;

use crate::error::Reason;

/// Why a process was not started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// `init` was not called.
    #[error(
        "cannot start a process: call `ringway::init()` first in main, or write \
         `ringway::entry!();` once in a program whose main is not yours, as a test"
    )]
    NotInitialised,
    /// This is a forked child, whose parent has the processes.
    #[error("cannot start a process in a forked child: only its parent has what that takes")]
    Forked,
    /// The function is not one of the executable, but of a library that it has loaded.
    #[error("cannot start a process: its function is not in the executable {program}")]
    NotInExecutable {
        /// The executable.
        program: String,
    },
    /// The arguments cannot be archived, or a handle in them cannot be handed over.
    #[error("cannot start a process: its arguments cannot be handed over: {0}")]
    Arguments(Reason),
    /// The system refuses.
    #[error("cannot start a process: cannot {action}: {source}")]
    Io {
        /// What it refuses.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl SpawnError {
    pub(super) fn io(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}

/// Why a process has no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JoinError {
    /// Its function panicked.
    #[error("{process} panicked: {message}")]
    Panicked {
        /// The process.
        process: String,
        /// What the panic said, and where; with a backtrace if `RUST_BACKTRACE` asks for one.
        message: String,
    },
    /// It was killed, or ended by itself before its function returned.
    #[error("{process} {}", ended(.exit))]
    Died {
        /// The process.
        process: String,
        /// How it ended.
        exit: Exit,
    },
    /// It could not begin.
    #[error("{process} could not begin: {reason}")]
    NotBegun {
        /// The process.
        process: String,
        /// Why.
        reason: String,
    },
    /// What its function returned cannot be archived or read.
    #[error("the result of {process} cannot be handed over: {reason}")]
    Result {
        /// The process.
        process: String,
        /// Why.
        reason: String,
    },
}

fn ended(exit: &Exit) -> String {
    match exit {
        Exit::Code(code) => format!("ended with code {code} before its function returned"),
        Exit::Signal(signal) => format!("was ended by signal {signal}"),
        Exit::Unknown => "ended; other code of this process has waited for it".to_owned(),
    }
}
