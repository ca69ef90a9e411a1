//! `ringway put`.

use std::io::{self, BufRead, BufReader, StdinLock};
use std::time::Duration;

use clap::Args;
use ringway::{PutError, PutErrorKind, Role};

use crate::args::{Bytes, Measures, Target, seconds};
use crate::outcome::{Done, Failure, failed, not_put};
use crate::slices::{Signals, Timeout, is_readable};

/// Puts each line of standard input as one message
///
/// The line feed is not part of the message. When this ends with 0, all messages are in the queue.
/// While the queue is full, it waits.
///
/// Example: ringway put lines --create < access.log
#[derive(Args)]
pub(crate) struct Put {
    /// The name of the queue, CONTEXT/QUEUE, or a path with a slash in it
    name: String,
    /// Create the queue if there is none
    #[arg(long)]
    create: bool,
    #[command(flatten)]
    measures: Measures,
    /// How long to wait for a free place, for each message; 0 does not wait
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    timeout: Option<Duration>,
}

impl Put {
    pub(crate) fn run(self) -> Done {
        let signals = Signals::watch()?;
        let (target, options) =
            (Target::of(&self.name), self.measures.options().role(Role::Putter));
        let queue = match self.create {
            true => target.open_or_create(&options).map_err(failed)?,
            false => target.open(&options).map_err(failed)?,
        };
        let mut input =
            Input { from: BufReader::with_capacity(1 << 16, io::stdin().lock()), line: Vec::new() };
        for number in 1_u64.. {
            let unread = |error| {
                Failure::Failed(format!("cannot read line {number} of standard input: {error}"))
            };
            let Some(message) = input.next_line(&signals, unread)? else { break };
            self.put(&queue, message, &signals)
                .map_err(|failure| failure.while_doing(format_args!("line {number}")))?;
        }
        Ok(())
    }

    fn put(&self, queue: &Bytes, message: &[u8], signals: &Signals) -> Done {
        let mut put = queue.try_put(message);
        let wait = Timeout::of(self.timeout);
        while let Err(
            PutError { kind: PutErrorKind::Full { .. }, .. }
            | PutError { kind: PutErrorKind::NoBlock { .. }, .. },
        ) = put
        {
            if wait.is_over() {
                break;
            }
            signals.check()?;
            put = queue.put_deadline(message, wait.slice());
        }
        put.map_err(not_put)
    }
}

/// Standard input by lines.
struct Input {
    /// Its buffer is larger than that of standard input, which therefore stays empty.
    from: BufReader<StdinLock<'static>>,
    line: Vec<u8>,
}

impl Input {
    /// The next line without its line feed; `None` at the end. When a signal comes, bytes without a
    /// line feed are dropped.
    fn next_line(
        &mut self,
        signals: &Signals,
        unread: impl Fn(io::Error) -> Failure,
    ) -> Result<Option<&[u8]>, Failure> {
        self.line.clear();
        loop {
            while self.from.buffer().is_empty() {
                signals.check()?;
                if is_readable(self.from.get_ref()).map_err(&unread)? {
                    break;
                }
            }
            let found = self.from.fill_buf().map_err(&unread)?;
            let end = found.iter().position(|byte| *byte == b'\n');
            self.line.extend_from_slice(&found[..end.unwrap_or(found.len())]);
            let (is_last, used) = (found.is_empty(), end.map_or(found.len(), |end| end + 1));
            self.from.consume(used);
            if end.is_some() || is_last && !self.line.is_empty() {
                return Ok(Some(&self.line));
            }
            if is_last {
                return Ok(None);
            }
        }
    }
}
