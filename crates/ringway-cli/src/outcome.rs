//! How a subcommand ends when it does not end well.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

/// Why a subcommand stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit status 1.
    Failed(String),
    /// Exit status 3.
    TimedOut(String),
    /// Exit status 4: the doctor has already said what it found.
    Found,
    /// Ended by this signal, with the exit status that a shell gives it.
    Signal(u8),
    /// Whoever read our output has gone. Nothing is left to say, and nobody to say it to.
    NobodyReads,
}

pub(crate) type Done = Result<(), Failure>;

impl Failure {
    /// Says what happened and answers the exit status.
    pub(crate) fn report(self) -> ExitCode {
        let (text, status) = match self {
            Self::Failed(text) => (text, 1),
            Self::TimedOut(text) => (text, 3),
            Self::Signal(signal) => return ExitCode::from(128 + signal),
            Self::Found => return ExitCode::from(4),
            Self::NobodyReads => return ExitCode::SUCCESS,
        };
        complain(&text);
        ExitCode::from(status)
    }

    /// The same, with what was being done in front.
    pub(crate) fn while_doing(self, what: impl std::fmt::Display) -> Self {
        match self {
            Self::Failed(text) => Self::Failed(format!("{what}: {text}")),
            Self::TimedOut(text) => Self::TimedOut(format!("{what}: {text}")),
            other => other,
        }
    }
}

/// One line on standard error. Unlike `eprintln!` it does not panic when nobody reads that either.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "ringway: {text}");
}

/// Any error of the library is a failure with its text.
pub(crate) fn failed(error: impl Error) -> Failure {
    Failure::Failed(error.to_string())
}

/// Output that cannot be written.
pub(crate) fn unwritten(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::NobodyReads,
        _ => Failure::Failed(format!("cannot write the output: {error}")),
    }
}
