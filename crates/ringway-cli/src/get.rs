//! `ringway get`.

mod output;
mod pace;

use std::num::NonZeroU64;
use std::time::Duration;

use clap::Args;
use ringway::{BATCH_MAX, GetError, GetErrorKind, Received, Role};

use self::output::Output;
use self::pace::Pace;
use crate::args::{Bytes, Target, seconds};
use crate::outcome::{Done, Failure, complain, failed};
use crate::slices::{Signals, Timeout};
use crate::text::count;

/// Writes messages to standard output, one a line
///
/// Ends with 0 when the queue was shut down and is drained, or after N messages; with 5 when it was
/// shut down and drained before N messages came. A message leaves the queue when it has been
/// written. What cannot be written goes back into a queue that the command has created; of another
/// one, at most one message is lost by that, and it is told. What lies in a pipe that no process
/// reads any more is lost: --prefetch bounds it, and --count N takes some messages better than
/// `| head` does.
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
    /// Lines that may lie unread in the pipe that is written to; without it, as many as its reader
    /// reads in some milliseconds
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    prefetch: Option<NonZeroU64>,
}

/// Bytes that are written at once, if there are so many.
const BATCH_BYTES: usize = 1 << 16;

impl Get {
    pub(crate) fn run(self) -> Done {
        let signals = Signals::watch()?;
        let options = Bytes::options().role(Role::Getter);
        let queue = Target::of(&self.name).open(&options).map_err(failed)?;
        let mut output = Output::standard(queue.label())?;
        let mut pace = Pace::new(self.prefetch, &output, &queue);
        let mut left = self.count.unwrap_or(u64::MAX);
        while left != 0 {
            pace.wait(&mut output, &signals)?;
            output.wait(&signals)?;
            let mut batch = Taken::new(&queue);
            let may_take = pace.lines().min(left);
            let Some(first) = self.first(&queue, &mut output, &signals)? else {
                return self.drained(&queue, left);
            };
            batch.add(first);
            while batch.held.len() < may_take as usize && batch.lines.len() < BATCH_BYTES {
                let max = BATCH_MAX.min(may_take as usize - batch.held.len());
                // Why there are no more is told when there are none at all.
                let Ok(more) = queue.try_get_many(max) else { break };
                more.for_each(|message| batch.add(message));
            }
            left -= batch.held.len() as u64;
            batch.write(&mut output, &mut pace, &signals)?;
        }
        Ok(())
    }

    /// The next message, if one comes in time; `None` if none will come any more.
    fn first<'q>(
        &self,
        queue: &'q Bytes,
        output: &mut Output,
        signals: &Signals,
    ) -> Result<Option<Received<'q, [u8]>>, Failure> {
        let wait = Timeout::of(self.timeout);
        let mut taken = queue.try_get();
        loop {
            match taken {
                Ok(message) => return Ok(Some(message)),
                Err(GetError { kind: GetErrorKind::ShutDown, .. }) => return Ok(None),
                Err(error @ GetError { kind: GetErrorKind::Empty, .. }) if wait.is_over() => {
                    return Err(Failure::TimedOut(error.to_string()));
                }
                Err(GetError { kind: GetErrorKind::Empty, .. }) => {}
                Err(error) => return Err(failed(error)),
            }
            signals.check()?;
            output.check()?;
            taken = queue.get_deadline(wait.slice());
        }
    }

    fn drained(&self, queue: &Bytes, left: u64) -> Done {
        let Some(wanted) = self.count else { return Ok(()) };
        let came = wanted - left;
        let queue = queue.label();
        Err(Failure::Drained(format!("{queue} was shut down and is drained: {came} of {wanted}")))
    }
}

/// Messages that were taken, as lines.
struct Taken<'q> {
    queue: &'q Bytes,
    lines: Vec<u8>,
    /// Each with the end of its line.
    held: Vec<(Received<'q, [u8]>, usize)>,
}

impl<'q> Taken<'q> {
    fn new(queue: &'q Bytes) -> Self {
        Self { queue, lines: Vec::new(), held: Vec::new() }
    }

    fn add(&mut self, message: Received<'q, [u8]>) {
        self.lines.extend_from_slice(&message);
        self.lines.push(b'\n');
        self.held.push((message, self.lines.len()));
    }

    /// Writes the lines; their messages are released afterwards.
    fn write(self, output: &mut Output, pace: &mut Pace, signals: &Signals) -> Done {
        pace.writes();
        let (written, result) = output.write(&self.lines, signals);
        let whole = self.held.partition_point(|(_, end)| *end <= written);
        let mut start = 0;
        for (_, end) in &self.held[..whole] {
            output.wrote(end - start);
            start = *end;
        }
        pace.wrote(whole, start);
        let Err(failure) = result else { return Ok(()) };
        let Some(fate) = self.give_back(whole) else { return Err(failure) };
        match failure {
            Failure::Failed(text) => Err(Failure::Failed(format!("{text}; {fate}"))),
            failure => {
                complain(&fate);
                Err(failure)
            }
        }
    }

    /// Puts all but the first messages back; says what has become of them.
    fn give_back(self, written: usize) -> Option<String> {
        let queue = self.queue.label();
        let (mut back, mut lost, mut reason) = (0, 0, None);
        for (message, _) in self.held.into_iter().skip(written) {
            match message.put_back() {
                Ok(()) => back += 1,
                Err(error) => {
                    reason = Some(error.to_string());
                    lost += 1;
                }
            }
        }
        let unwritten = count(back + lost, "message");
        match reason {
            None if back == 0 => None,
            None => Some(format!("{unwritten} went back into {queue}")),
            Some(_) if !self.queue.returns() => {
                Some(format!("{unwritten} taken from {queue} could not be written, and is lost"))
            }
            Some(reason) => Some(format!("{back} of {unwritten} went back into {queue}: {reason}")),
        }
    }
}
