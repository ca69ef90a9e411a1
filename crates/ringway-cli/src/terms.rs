//! Arguments and texts that several subcommands share.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use ringway::inspect::{Snapshot, printable};
use ringway::{
    MAXSIZE_MAX, MESSAGE_MAX, Place, PutError, PutErrorKind, Queue, QueueOptions, WaitStrategy,
};

use crate::outcome::Failure;

/// A queue of plain bytes, which is what the command puts and gets.
pub(crate) type Bytes = Queue<[u8]>;

/// What an argument stands for: with a slash, a path.
pub(crate) fn place(argument: &str) -> Place {
    match argument.contains('/') {
        true => Place::File(PathBuf::from(argument)),
        false => Place::from(argument),
    }
}

/// The measures of a queue that may have to be made.
#[derive(Args)]
pub(crate) struct Measures {
    /// Messages that it holds at most
    #[arg(long, value_name = "N", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(1..=MAXSIZE_MAX))]
    maxsize: Option<u64>,
    /// Bytes of the largest message
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(1..=MESSAGE_MAX))]
    max_message: Option<u64>,
}

impl Measures {
    /// Options with these measures, and the library's where nothing was said.
    pub(crate) fn options(&self) -> QueueOptions<[u8]> {
        let mut options = Bytes::options();
        if let Some(maxsize) = self.maxsize {
            options = options.maxsize(maxsize);
        }
        if let Some(bytes) = self.max_message {
            options = options.max_message(bytes);
        }
        options
    }
}

/// How workers wait.
#[derive(Clone, Copy, ValueEnum, Debug)]
pub(crate) enum Wait {
    /// Never sleep
    Spin,
    /// Spin for some microseconds, then sleep
    Adaptive,
    /// Sleep at once
    Park,
}

impl Wait {
    pub(crate) fn strategy(self) -> WaitStrategy {
        match self {
            Self::Spin => WaitStrategy::Spin,
            Self::Adaptive => WaitStrategy::Adaptive,
            Self::Park => WaitStrategy::Park,
        }
    }
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::Adaptive => "adaptive",
            Self::Park => "park",
        }
    }
}

/// Seconds on the command line: a number that is not negative, with a fraction if need be, or `inf`.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("{text:?} is not a number of seconds"))?;
    if seconds == f64::INFINITY {
        return Ok(Duration::MAX);
    }
    Duration::try_from_secs_f64(seconds).map_err(|error| format!("{text:?} seconds: {error}"))
}

/// A put that did not go through, with the exit status that belongs to it.
pub(crate) fn not_put<V>(error: PutError<V>) -> Failure {
    match error {
        PutError { kind: PutErrorKind::Full { .. }, .. }
        | PutError { kind: PutErrorKind::NoBlock { .. }, .. } => {
            Failure::TimedOut(error.to_string())
        }
        _ => Failure::Failed(error.to_string()),
    }
}

/// What has become of a queue, to be written after its size or age.
pub(crate) fn marks(snapshot: &Snapshot) -> String {
    let marks = [(snapshot.shut_down, ", shut down"), (snapshot.removed, ", marked as removed")];
    marks.into_iter().filter_map(|(is_set, mark)| is_set.then_some(mark)).collect()
}

/// A number of things.
pub(crate) fn count(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Bytes for people.
pub(crate) fn bytes(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

/// How long ago something was, for people.
pub(crate) fn age(unix_nanos: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    indicatif::HumanDuration(now.saturating_sub(Duration::from_nanos(unix_nanos))).to_string()
}

/// The beginning of a text that others have made, safe for a terminal.
pub(crate) fn beginning(text: &str) -> String {
    const MOST: usize = 80;
    let safe = |letter: char| if letter.is_control() { '?' } else { letter };
    let end = if text.chars().nth(MOST).is_some() { "..." } else { "" };
    text.chars().take(MOST).map(safe).chain(end.chars()).collect()
}

/// A name as a shell takes it.
pub(crate) fn quoted(name: &str) -> String {
    match name.contains(char::is_control) {
        true => format!("$'{}'", printable(&name.replace('\\', r"\\").replace('\'', r"\'"))),
        false => format!("'{}'", name.replace('\'', r"'\''")),
    }
}

/// The same of a path.
pub(crate) fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}
