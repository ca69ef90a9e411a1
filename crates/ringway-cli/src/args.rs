//! Arguments that several subcommands share.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ringway::{
    Context, CreateError, MAXSIZE_MAX, MESSAGE_MAX, OpenError, Place, Queue, QueueOptions,
    WaitStrategy,
};

/// A queue of plain bytes, which is what the command puts and gets.
pub(crate) type Bytes = Queue<[u8]>;

/// What a NAME on the command line stands for.
pub(crate) enum Target {
    /// A segment: a single object, or a context.
    Segment(Place),
    /// An object of a context.
    Object {
        /// Where the context is.
        context: Place,
        /// The name of the object in it.
        name: String,
    },
}

impl Target {
    /// `CONTEXT/OBJECT` if there is a segment named CONTEXT; otherwise a slash makes it a path.
    pub(crate) fn of(argument: &str) -> Self {
        let Some((context, name)) = argument.split_once('/') else {
            return Self::Segment(Place::from(argument));
        };
        let place = Place::from(context);
        let exists = || place.path().is_some_and(|path| path.symlink_metadata().is_ok());
        if !context.is_empty() && !name.is_empty() && exists() {
            Self::Object { context: place, name: name.to_owned() }
        } else {
            Self::Segment(Place::File(PathBuf::from(argument)))
        }
    }

    /// Where the segment is.
    pub(crate) fn place(&self) -> &Place {
        match self {
            Self::Segment(place) | Self::Object { context: place, .. } => place,
        }
    }

    /// Opens the queue of bytes that is meant.
    pub(crate) fn open(&self, options: &QueueOptions<[u8]>) -> Result<Bytes, OpenError> {
        match self {
            Self::Segment(place) => options.open(place.clone()),
            Self::Object { context, name } => {
                options.open_in(&Context::options().open(context.clone())?, name)
            }
        }
    }

    /// Creates the queue of bytes that is meant. Messages can be put back, so that `get` can give
    /// back what it cannot write.
    pub(crate) fn create(&self, options: &QueueOptions<[u8]>) -> Result<Bytes, CreateError> {
        let options = options.clone().put_back(true);
        match self {
            Self::Segment(place) => options.create(place.clone()),
            Self::Object { context, name } => {
                options.create_in(&Context::options().open(context.clone())?, name)
            }
        }
    }

    /// Opens the queue of bytes that is meant, whether or not messages can be put back into it, or
    /// creates it. Others may be faster at either step.
    pub(crate) fn open_or_create(
        &self,
        options: &QueueOptions<[u8]>,
    ) -> Result<Bytes, CreateError> {
        loop {
            match self.open(options) {
                Err(OpenError::NotFound { .. }) => {}
                opened => return opened.map_err(CreateError::Open),
            }
            match self.create(options) {
                Err(CreateError::AlreadyExists { .. }) => {}
                created => return created,
            }
        }
    }
}

/// The measures of a queue that may have to be created.
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
    /// Options with these measures, and the library's defaults for the others. A queue that exists
    /// must have what is said.
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

/// Seconds on the command line: a number that is not negative, with or without a fraction, or
/// `inf`.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("{text:?} is not a number of seconds"))?;
    if seconds == f64::INFINITY {
        return Ok(Duration::MAX);
    }
    Duration::try_from_secs_f64(seconds).map_err(|error| format!("{text:?} seconds: {error}"))
}
