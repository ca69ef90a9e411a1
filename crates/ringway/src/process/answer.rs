//! What a child tells its parent when it is over: a file that it alone writes, and that the parent
//! reads after its death. So half an answer is none.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use ringway_sys::children::Exit;
use rkyv::util::AlignedVec;

use super::error::JoinError;
use super::order::to_bytes;
use crate::message::{Message, Payload};

/// How far the child has come: the first word of the file.
const STARTING: u64 = 0;
const RUNNING: u64 = 1;
const RETURNED: u64 = 2;
const PANICKED: u64 = 3;
const NOT_BEGUN: u64 = 4;
const NO_RESULT: u64 = 5;

/// The exit code of a panic, as Rust's main has it.
pub(super) const EXIT_OF_PANIC: i32 = 101;
/// What ends a process that panics where panics abort.
const SIGABRT: i32 = 6;

/// Where the text or the result begins.
const BODY: u64 = 64;

#[derive(Debug)]
pub(crate) struct Answer {
    file: File,
}

impl Answer {
    pub(super) fn new(file: File) -> Self {
        Self { file }
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The function is about to be called.
    pub(super) fn running(&self) -> io::Result<()> {
        self.state(RUNNING, 0)
    }

    /// The function has returned.
    pub(super) fn returned<R: Message>(&self, result: &R) {
        let told = match to_bytes(result) {
            Ok(bytes) => self.tell(RETURNED, &bytes),
            Err(reason) => self.tell(NO_RESULT, reason.to_string().as_bytes()),
        };
        if let Err(error) = told {
            // Without the bytes there is room for the reason, most probably.
            let _ = self.tell(NO_RESULT, error.to_string().as_bytes());
        }
    }

    /// The function has panicked.
    pub(super) fn panicked(&self, message: &str) {
        let _ = self.tell(PANICKED, message.as_bytes()); // the exit code tells it, too
    }

    /// The function cannot be called.
    pub(super) fn not_begun(&self, reason: &str) {
        let _ = self.tell(NOT_BEGUN, reason.as_bytes()); // the exit code tells it, too
    }

    fn tell(&self, state: u64, body: &[u8]) -> io::Result<()> {
        self.file.write_all_at(body, BODY)?;
        self.state(state, body.len() as u64)
    }

    fn state(&self, state: u64, length: u64) -> io::Result<()> {
        let mut words = [0; 16];
        words[..8].copy_from_slice(&state.to_ne_bytes());
        words[8..].copy_from_slice(&length.to_ne_bytes());
        self.file.write_all_at(&words, 0)
    }

    /// What a child that ended has told.
    pub(super) fn result<R: Message>(&self, process: &str, exit: Exit) -> Result<R, JoinError> {
        let process = process.to_owned();
        let died = |process| JoinError::Died { process, exit };
        let Ok((state, body)) = self.read() else { return Err(died(process)) };
        let text = || String::from_utf8_lossy(&body).into_owned();
        match state {
            RETURNED => R::view(&body).and_then(R::value).map_err(|error| {
                let reason = error.to_string();
                JoinError::Result { process, reason }
            }),
            // A panic that the function has caught is not what ended it.
            PANICKED if matches!(exit, Exit::Code(EXIT_OF_PANIC) | Exit::Signal(SIGABRT)) => {
                Err(JoinError::Panicked { process, message: text() })
            }
            NOT_BEGUN => Err(JoinError::NotBegun { process, reason: text() }),
            NO_RESULT => Err(JoinError::Result { process, reason: text() }),
            STARTING if exit == Exit::Code(0) => {
                let reason = "its main did not call `ringway::init()`".to_owned();
                Err(JoinError::NotBegun { process, reason })
            }
            _ => Err(died(process)),
        }
    }

    fn read(&self) -> io::Result<(u64, AlignedVec<64>)> {
        let mut words = [[0; 8]; 2];
        self.file.read_exact_at(words.as_flattened_mut(), 0)?;
        let [state, length] = words.map(u64::from_ne_bytes);
        let rest = self.file.metadata()?.len().saturating_sub(BODY);
        let mut body = AlignedVec::new();
        body.resize(length.min(rest) as usize, 0);
        self.file.read_exact_at(&mut body, BODY)?;
        Ok((state, body))
    }
}
