//! How a subcommand ends when it fails.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use ringway::{PutError, PutErrorKind};

/// Why a subcommand stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit status 1.
    Failed(String),
    /// Exit status 3.
    TimedOut(String),
    /// Exit status 4: the doctor has already printed its findings.
    Found,
    /// Exit status 5: the queue was shut down and has fewer messages than were asked for.
    Drained(String),
    /// Ended by this signal, with the exit status that a shell gives it.
    Signal(u8),
    /// The reader of the output has gone, so there is nothing left to print.
    ReaderGone,
}

pub(crate) type Done = Result<(), Failure>;

impl Failure {
    /// Prints what happened and returns the exit status.
    pub(crate) fn report(self) -> ExitCode {
        let (text, status) = match self {
            Self::Failed(text) => (text, 1),
            Self::TimedOut(text) => (text, 3),
            Self::Drained(text) => (text, 5),
            Self::Signal(signal) => return ExitCode::from(128 + signal),
            Self::Found => return ExitCode::from(4),
            Self::ReaderGone => return ExitCode::SUCCESS,
        };
        complain(&text);
        ExitCode::from(status)
    }

    /// The same failure, with what was being done in front of its text.
    pub(crate) fn while_doing(self, what: impl std::fmt::Display) -> Self {
        match self {
            Self::Failed(text) => Self::Failed(format!("{what}: {text}")),
            Self::TimedOut(text) => Self::TimedOut(format!("{what}: {text}")),
            other => other,
        }
    }
}

/// Prints one line on standard error. Unlike `eprintln!` it does not panic when that is closed.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "ringway: {text}");
}

/// An error of the library, as a failure with its text.
pub(crate) fn failed(error: impl Error) -> Failure {
    Failure::Failed(error.to_string())
}

/// A put that failed, with the exit status that belongs to it.
pub(crate) fn not_put<V>(error: PutError<V>) -> Failure {
    match error {
        PutError { kind: PutErrorKind::Full { .. }, .. }
        | PutError { kind: PutErrorKind::NoBlock { .. }, .. } => {
            Failure::TimedOut(error.to_string())
        }
        _ => Failure::Failed(error.to_string()),
    }
}

/// Output that cannot be written.
pub(crate) fn unwritten(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::ReaderGone,
        _ => Failure::Failed(format!("cannot write the output: {error}")),
    }
}
