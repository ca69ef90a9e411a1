//! Whether standard input and output were open when the process was started.
//!
//! The runtime of Rust opens `/dev/null` in the place of a descriptor that is closed: what is
//! written there is gone without an error. So they are looked at before it does so.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use rustix::io::fcntl_getfd;
use rustix::stdio;

use crate::outcome::{Done, Failure};

/// A standard stream.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    /// Standard input.
    Input = 1,
    /// Standard output.
    Output = 2,
}

/// The standard streams that were closed at the start: a bit each.
#[derive(Clone, Copy)]
pub struct Streams {
    closed: u8,
}

/// Streams that [`Streams::look`] has found closed.
static CLOSED: AtomicU8 = AtomicU8::new(0);

impl Streams {
    /// Notes which are open. To be called before `main`: afterwards all are.
    pub extern "C" fn look() {
        let closed = |is_closed, stream: Stream| if is_closed { stream as u8 } else { 0 };
        let input = closed(fcntl_getfd(stdio::stdin()).is_err(), Stream::Input);
        let output = closed(fcntl_getfd(stdio::stdout()).is_err(), Stream::Output);
        CLOSED.store(input | output, Relaxed); // before there are threads
    }

    /// What was noted.
    pub fn noted() -> Self {
        Self { closed: CLOSED.load(Relaxed) } // stored before `main`
    }

    /// Refuses a stream that was closed.
    pub(crate) fn check(self, stream: Stream) -> Done {
        if self.closed & stream as u8 == 0 {
            return Ok(());
        }
        let name = match stream {
            Stream::Input => "input",
            Stream::Output => "output",
        };
        Err(Failure::Failed(format!("standard {name} is closed")))
    }
}
