//! How many lines may be on their way to the reader, so that one reader does not hoard what another
//! could work on.

use std::num::NonZeroU64;
use std::thread;
use std::time::{Duration, Instant};

use super::output::Output;
use crate::args::Bytes;
use crate::outcome::Done;
use crate::slices::Signals;

/// A reader that reads half of what it was given within this time is given twice as much.
const QUICK: Duration = Duration::from_millis(5);
/// One that takes longer than this is given half as much.
const SLOW: Duration = Duration::from_millis(20);
/// Most messages that are held at once.
const MOST: u64 = 4096;

/// The pace of a `get`.
pub(super) struct Pace {
    kind: Kind,
    /// Lines that may be taken now.
    lines: u64,
    /// Most of them at once, so that the getter does not use up the blocks of a small queue.
    most: u64,
}

enum Kind {
    /// As fast as the output takes them.
    Free,
    /// At most this number of lines unread in the pipe.
    Fixed(u64),
    /// Small batches first, and then as many lines as the reader reads in some milliseconds.
    Adaptive {
        window: u64,
        /// Lines and bytes of the last batch.
        last: (u64, u64),
        since: Instant,
    },
}

impl Pace {
    pub(super) fn new(prefetch: Option<NonZeroU64>, output: &Output, queue: &Bytes) -> Self {
        // What cannot be written is lost if it cannot go back.
        let most = if queue.returns() { (queue.maxsize() / 16).clamp(8, MOST) } else { 1 };
        let kind = match (output.is_pipe(), prefetch) {
            (false, _) => Kind::Free,
            (true, Some(lines)) => Kind::Fixed(lines.get()),
            (true, None) => Kind::Adaptive { window: 1, last: (0, 0), since: Instant::now() },
        };
        Self { kind, lines: most, most }
    }

    /// How many lines may be taken now.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Waits until some may be taken.
    pub(super) fn wait(&mut self, output: &mut Output, signals: &Signals) -> Done {
        let started = Instant::now();
        loop {
            let may_take = match &mut self.kind {
                Kind::Free => self.most,
                Kind::Fixed(lines) => lines.saturating_sub(output.unread_lines()?),
                Kind::Adaptive { window, last: (lines, bytes), since } => {
                    let unread = output.unread_bytes()?;
                    if *window < MOST && unread * 2 > *bytes {
                        0
                    } else {
                        // Old lengths are dropped, and not all are kept for ever.
                        output.unread_lines()?;
                        let taken = since.elapsed();
                        if taken < QUICK && *lines >= (*window).min(self.most) {
                            *window = (*window * 2).min(MOST);
                        } else if taken > SLOW && *lines != 0 {
                            *window = (*window / 2).max(1);
                        }
                        *window
                    }
                }
            };
            if may_take != 0 {
                self.lines = may_take.min(self.most);
                return Ok(());
            }
            signals.check()?;
            output.check()?;
            // The reader is not kept waiting for long by what is a part of the time that it took.
            let pause = started.elapsed() / 8;
            thread::sleep(pause.clamp(Duration::from_micros(20), Duration::from_millis(1)));
        }
    }

    /// Notes that a batch will be written.
    pub(super) fn writes(&mut self) {
        if let Kind::Adaptive { since, .. } = &mut self.kind {
            *since = Instant::now();
        }
    }

    /// Notes what was written.
    pub(super) fn wrote(&mut self, count: usize, length: usize) {
        if let Kind::Adaptive { last, since, window } = &mut self.kind {
            *last = (count as u64, length as u64);
            // Of the largest batches the time to write them tells: they fill the pipe.
            if *window < MOST {
                *since = Instant::now();
            }
        }
    }
}
