//! `ringway get`.

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use clap::Args;
use ringway::GetError;
use ringway::inspect::printable;

use crate::outcome::{Done, Failure, failed};
use crate::terms::{Bytes, seconds};

/// Writes messages to standard output, one a line
///
/// Ends with 0 when the queue was shut down and is drained, or after so many messages. A message that was taken leaves
/// the queue: what a killed `get` had not written yet goes with it.
///
/// Example: ringway get lines | grep error
#[derive(Args)]
pub(crate) struct Get {
    /// The name of the queue
    name: String,
    /// Stop after so many messages
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// How long to wait for each message; 0 does not wait
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

impl Get {
    pub(crate) fn run(self) -> Done {
        let queue = Bytes::options().open(&self.name).map_err(failed)?;
        let mut output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        let ended = self.drain(&queue, &mut output);
        // However it ended: what was taken is in nobody's hands but ours.
        output.flush().map_err(|error| self.unwritten(error))?;
        ended
    }

    fn drain(&self, queue: &Bytes, output: &mut impl Write) -> Done {
        let mut left = self.count.unwrap_or(u64::MAX);
        while left != 0 {
            // Who reads sees what there is before we sleep.
            let taken = match queue.try_get_bytes() {
                Err(GetError::Empty { .. }) => {
                    output.flush().map_err(|error| self.unwritten(error))?;
                    match self.timeout {
                        None => queue.get_bytes(),
                        Some(timeout) => queue.get_bytes_timeout(timeout),
                    }
                }
                taken => taken,
            };
            let message = match taken {
                Ok(message) => message,
                Err(GetError::ShutDown { .. }) => return Ok(()),
                Err(error @ GetError::Empty { .. }) => return Err(Failure::TimedOut(error.to_string())),
                Err(error) => return Err(failed(error)),
            };
            output.write_all(&message).and_then(|()| output.write_all(b"\n")).map_err(|error| self.unwritten(error))?;
            left -= 1;
        }
        Ok(())
    }

    /// Also when it is only that nobody reads any more: messages are lost, and that is no quiet end.
    fn unwritten(&self, error: io::Error) -> Failure {
        Failure::Failed(format!(
            "messages taken from queue '{}' could not be written, and are lost: {error}",
            printable(&self.name)
        ))
    }
}
