//! A POSIX pipe between two processes, one `write` and one `read` a message.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Instant;

use super::{Outcome, Rival};
use crate::payload;
use crate::worker::{Worker, ready};

/// With the kernel's buffer of 64 KiB, which holds 1024 messages of 64 bytes.
pub struct Pipe;

impl Rival for Pipe {
    fn name(&self) -> String {
        "pipe, processes, buffer 64 KiB, sleeping".to_owned()
    }

    fn run(&self, messages: u64) -> Outcome {
        let (reader, writer) = io::pipe().expect("a pipe");
        let (reader, writer) = (inheritable(&reader), inheritable(&writer));
        let count = messages.to_string();
        let mut get = Worker::start(&["pipe-get", &reader.as_raw_fd().to_string(), &count], |_| ());
        let mut put = Worker::start(&["pipe-put", &writer.as_raw_fd().to_string(), &count], |_| ());
        drop((reader, writer));
        let begin = Instant::now();
        get.go();
        put.go();
        let sum = get.result();
        let took = begin.elapsed();
        put.result();
        Outcome { took, sum }
    }
}

fn inheritable(fd: &impl AsRawFd) -> OwnedFd {
    // SAFETY: dup of an open descriptor; the new one is ours alone.
    unsafe { OwnedFd::from_raw_fd(libc::dup(fd.as_raw_fd())) }
}

fn inherited(fd: i32) -> File {
    // SAFETY: the parent handed this descriptor to us alone.
    unsafe { File::from_raw_fd(fd) }
}

/// The worker that sends.
pub fn put(fd: i32, messages: u64) -> u64 {
    let mut pipe = inherited(fd);
    ready();
    for number in 0..messages {
        let mut message = [0; payload::SIZE];
        payload::write(&mut message, number);
        pipe.write_all(&message).expect("a pipe with a reader");
    }
    0
}

/// The worker that receives.
pub fn get(fd: i32, messages: u64) -> u64 {
    let mut pipe = inherited(fd);
    ready();
    let mut sum = 0_u64;
    for _ in 0..messages {
        let mut message = [0; payload::SIZE];
        pipe.read_exact(&mut message).expect("a pipe with a writer");
        sum = sum.wrapping_add(payload::sum(&message));
    }
    sum
}
