//! A POSIX pipe, one `write` and one `read` a message; its buffer holds 1,024 messages of 64 bytes.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};

use crate::link::{Link, Load, Receiver, Sender};
use crate::rival::{About, Rival};

/// Up to so many bytes a `write` is one piece, also with several senders; a `read` with several
/// receivers is not more.
const ATOMIC: usize = 4096;

/// A pipe.
pub struct Pipe;

impl Rival for Pipe {
    type Link = Ends;
    fn about(&self) -> About {
        About::of_kernel("pipe")
    }
    fn carries(&self, load: &Load) -> bool {
        load.size <= ATOMIC || load.is_one_to_one()
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Ends>, String> {
        (0..count).map(|_| Ends::new(load.size)).collect()
    }
}

/// Both ends.
pub struct Ends {
    reader: PipeReader,
    writer: PipeWriter,
    size: usize,
}

impl Ends {
    fn new(size: usize) -> Result<Self, String> {
        let (reader, writer) = pipe().map_err(|error| error.to_string())?;
        Ok(Self { reader, writer, size })
    }
}

/// An end.
pub struct End<F> {
    file: F,
    buffer: Vec<u8>,
}

impl Link for Ends {
    type Sender<'l> = End<&'l PipeWriter>;
    type Receiver<'l> = End<&'l PipeReader>;
    fn sender(&self, _index: usize) -> Self::Sender<'_> {
        End { file: &self.writer, buffer: vec![0; self.size] }
    }
    fn receiver(&self, _index: usize) -> Self::Receiver<'_> {
        End { file: &self.reader, buffer: vec![0; self.size] }
    }
}

impl Sender for End<&PipeWriter> {
    #[inline]
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        write(&mut self.buffer);
        self.file.write_all(&self.buffer).expect("a reader");
    }
}

impl Receiver for End<&PipeReader> {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        self.file.read_exact(&mut self.buffer).expect("a writer");
        read(&self.buffer);
    }
}
