//! Standard output, written without a buffer and without being blocked in it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;

use ringway::Label;
use rustix::io::ioctl_fionread;

use crate::outcome::{Done, Failure};
use crate::slices::{Signals, is_unread, is_writable};
use crate::text::count;

/// A pipe that has room has it for this many bytes.
const PIECE: usize = 4096;

/// Standard output.
pub(super) struct Output {
    to: File,
    /// Where the messages come from.
    queue: Label,
    is_pipe: bool,
    /// The lengths of the last lines that were written to a pipe: all that are unread, at least.
    lines: VecDeque<usize>,
    /// Their sum.
    bytes: u64,
}

impl Output {
    pub(super) fn standard(queue: Label) -> Result<Self, Failure> {
        // The descriptor itself: what standard output buffers could not be given back.
        let to = io::stdout().as_fd().try_clone_to_owned().map(File::from).map_err(failed)?;
        let is_pipe = to.metadata().map_err(failed)?.file_type().is_fifo();
        Ok(Self { to, queue, is_pipe, lines: VecDeque::new(), bytes: 0 })
    }

    pub(super) fn is_pipe(&self) -> bool {
        self.is_pipe
    }

    /// Waits until something can be written. Fails when the reader has gone.
    pub(super) fn wait(&mut self, signals: &Signals) -> Done {
        loop {
            signals.check()?;
            self.check()?;
            if is_writable(&self.to).map_err(failed)? {
                return self.check();
            }
        }
    }

    /// Writes; returns how many bytes were written, and what ended it.
    pub(super) fn write(&mut self, bytes: &[u8], signals: &Signals) -> (usize, Done) {
        let mut written = 0;
        while written < bytes.len() {
            match is_writable(&self.to) {
                Ok(true) => {}
                Ok(false) => match signals.check() {
                    Ok(()) => continue,
                    ended => return (written, ended),
                },
                Err(error) => return (written, Err(failed(error))),
            }
            let rest = &bytes[written..];
            let piece = if self.is_pipe { &rest[..rest.len().min(PIECE)] } else { rest };
            match self.to.write(piece) {
                Ok(0) => return (written, Err(failed(ErrorKind::WriteZero.into()))),
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                    return (written, Err(self.reader_gone()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    return (written, Err(signals.check().err().unwrap_or(failed(error))));
                }
            }
        }
        (written, Ok(()))
    }

    /// Notes a line that was written whole.
    pub(super) fn wrote(&mut self, bytes: usize) {
        if self.is_pipe {
            self.lines.push_back(bytes);
            self.bytes += bytes as u64;
        }
    }

    /// Bytes in the pipe that were not read, of whichever writer.
    pub(super) fn unread_bytes(&self) -> Result<u64, Failure> {
        ioctl_fionread(&self.to).map_err(|error| failed(error.into()))
    }

    /// Lines in the pipe that were not read to their end.
    pub(super) fn unread_lines(&mut self) -> Result<u64, Failure> {
        let unread = self.unread_bytes()?;
        while let Some(&first) = self.lines.front()
            && self.bytes.saturating_sub(first as u64) >= unread
        {
            self.lines.pop_front();
            self.bytes -= first as u64;
        }
        Ok(self.lines.len() as u64)
    }

    /// Fails when the reader has gone.
    pub(super) fn check(&mut self) -> Done {
        if is_unread(&self.to) { Err(self.reader_gone()) } else { Ok(()) }
    }

    fn reader_gone(&mut self) -> Failure {
        let lost = match self.is_pipe.then(|| self.unread_lines()) {
            Some(Ok(0)) => "it has read all that was written".to_owned(),
            Some(Ok(lines)) => {
                let lost = count(lines, "message");
                format!("{lost} that it has not read from the pipe are lost")
            }
            _ => "what it has not read is lost".to_owned(),
        };
        let instead = "to take some messages, use --count N";
        let queue = &self.queue;
        let text = format!("{queue}: the reader of the output has gone, and {lost}; {instead}");
        Failure::Failed(text)
    }
}

fn failed(error: io::Error) -> Failure {
    Failure::Failed(format!("cannot write the output: {error}"))
}
