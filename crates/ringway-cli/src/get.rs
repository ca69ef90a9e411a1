//! `ringway get`.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use ringway::{GetError, GetErrorKind, Label, ReceivedBytes};

use crate::args::{Bytes, Target, seconds};
use crate::outcome::{Done, Failure, failed};
use crate::slices::{Signals, Timeout, is_unread};
use crate::text::count;

/// Writes messages to standard output, one a line
///
/// Ends with 0 when the queue was shut down and is drained, or after N messages. A message that was
/// taken has left the queue: if `get` is killed before it has written the message, or if no process
/// reads what it has written, the message is lost. To take some messages, use --count N rather than
/// `| head`.
///
/// Example: ringway get lines | grep error
#[derive(Args)]
pub(crate) struct Get {
    /// The name of the queue, CONTEXT/QUEUE, or a path with a slash in it
    name: String,
    /// Stop after N messages
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    count: Option<u64>,
    /// How long to wait for each message; 0 does not wait
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    timeout: Option<Duration>,
}

impl Get {
    pub(crate) fn run(self) -> Done {
        let signals = Signals::watch()?;
        let queue = Target::of(&self.name).open(&Bytes::options()).map_err(failed)?;
        let mut output = Output {
            queue: queue.label(),
            to: io::stdout().lock(),
            taken: Vec::new(),
            messages: 0,
        };
        let ended = self.drain(&queue, &mut output, &signals);
        // However it ended: no other process has what was taken.
        output.flush()?;
        ended
    }

    fn drain(&self, queue: &Bytes, output: &mut Output, signals: &Signals) -> Done {
        let mut left = self.count.unwrap_or(u64::MAX);
        while left != 0 {
            signals.check()?;
            output.check()?;
            let taken = match queue.try_get_bytes() {
                Err(GetError { kind: GetErrorKind::Empty, .. }) => {
                    output.flush()?; // the reader sees what there is before we sleep
                    self.wait(queue, output, signals)?
                }
                taken => taken,
            };
            match taken {
                Ok(message) => output.write(&message)?,
                Err(GetError { kind: GetErrorKind::ShutDown, .. }) => return Ok(()),
                Err(error @ GetError { kind: GetErrorKind::Empty, .. }) => {
                    return Err(Failure::TimedOut(error.to_string()));
                }
                Err(error) => return Err(failed(error)),
            }
            left -= 1;
        }
        Ok(())
    }

    fn wait<'q>(
        &self,
        queue: &'q Bytes,
        output: &Output,
        signals: &Signals,
    ) -> Result<Result<ReceivedBytes<'q>, GetError>, Failure> {
        let wait = Timeout::of(self.timeout);
        loop {
            match queue.get_bytes_deadline(wait.slice()) {
                Err(GetError { kind: GetErrorKind::Empty, .. }) if !wait.is_over() => {}
                taken => return Ok(taken),
            }
            signals.check()?;
            output.check()?;
        }
    }
}

/// Standard output, and what was taken and not written yet.
struct Output {
    queue: Label,
    to: io::StdoutLock<'static>,
    taken: Vec<u8>,
    messages: u64,
}

impl Output {
    const FULL: usize = 1 << 16;

    fn write(&mut self, message: &[u8]) -> Done {
        self.taken.extend_from_slice(message);
        self.taken.push(b'\n');
        self.messages += 1;
        if self.taken.len() < Self::FULL { Ok(()) } else { self.flush() }
    }

    /// Fails also when only the reader has gone: messages are lost then.
    fn flush(&mut self) -> Done {
        let written = self.to.write_all(&self.taken).and_then(|()| self.to.flush());
        self.taken.clear();
        let messages = std::mem::take(&mut self.messages);
        written.map_err(|error| {
            let (what, queue) = (count(messages, "message"), &self.queue);
            Failure::Failed(format!(
                "{what} taken from {queue} could not be written, and are lost: {error}"
            ))
        })
    }

    /// Fails when the reader has gone, before another message is taken.
    fn check(&self) -> Done {
        if !self.taken.is_empty() || !is_unread(&self.to) {
            return Ok(());
        }
        let why = "the reader of the output has gone, and what it has not read is lost";
        Err(Failure::Failed(format!("{}: {why}; to take some messages, use --count N", self.queue)))
    }
}
