//! `ringway put`.

use std::io::{self, BufRead};
use std::time::Duration;

use clap::Args;

use crate::outcome::{Done, Failure, failed};
use crate::terms::{Measures, not_put, seconds};

/// Puts each line of standard input as one message
///
/// The line feed is not part of the message. When this ends with 0, all messages are in the queue.
///
/// Example: ringway put lines --create < access.log
#[derive(Args)]
pub(crate) struct Put {
    /// The name of the queue
    name: String,
    /// Make the queue if there is none
    #[arg(long)]
    create: bool,
    #[command(flatten)]
    measures: Measures,
    /// How long to wait for a place, for each message; 0 does not wait
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

impl Put {
    pub(crate) fn run(self) -> Done {
        let options = self.measures.options();
        let queue = match self.create {
            true => options.open_or_create(&self.name).map_err(failed)?,
            false => options.open(&self.name).map_err(failed)?,
        };
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        let mut number = 0_u64;
        loop {
            line.clear();
            number += 1;
            let read = input
                .read_until(b'\n', &mut line)
                .map_err(|error| Failure::Failed(format!("cannot read line {number} of standard input: {error}")))?;
            if read == 0 {
                return Ok(());
            }
            let message = line.strip_suffix(b"\n").unwrap_or(&line);
            let put = match self.timeout {
                None => queue.put_bytes(message),
                Some(Duration::ZERO) => queue.try_put_bytes(message),
                Some(timeout) => queue.put_bytes_timeout(message, timeout),
            };
            put.map_err(|error| not_put(error).while_doing(format_args!("line {number}")))?;
        }
    }
}
