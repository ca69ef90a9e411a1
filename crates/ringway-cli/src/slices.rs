//! Waiting a slice at a time, so that the command notices a signal, or the end of its reader.
//!
//! Each slice leaves a registration with the queue, until the next message or free place takes them
//! all back.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{
    SIGALRM, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
    SIGXFSZ,
};
use signal_hook::flag;

use crate::outcome::{Done, Failure};

const SLICE: Duration = Duration::from_millis(200);

/// How long to wait in all.
pub(crate) struct Timeout {
    end: Option<Instant>,
}

impl Timeout {
    /// `None` waits without end, and so does a time that no clock can tell.
    pub(crate) fn of(timeout: Option<Duration>) -> Self {
        Self { end: timeout.and_then(|timeout| Instant::now().checked_add(timeout)) }
    }

    /// The end of the next slice.
    pub(crate) fn slice(&self) -> Instant {
        let slice = Instant::now() + SLICE;
        self.end.map_or(slice, |end| end.min(slice))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }
}

/// Signals that end a process which does not watch for them, but for those of faults and SIGPIPE,
/// which is ignored.
const ENDING: [i32; 11] = [
    SIGALRM, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
    SIGXFSZ,
];

/// The signals that end a command, after it has settled what it holds. A second one of the same
/// kind ends it at once. What the starter ignores, as `nohup` does, stays ignored.
pub(crate) struct Signals {
    seen: Arc<AtomicUsize>,
}

impl Signals {
    pub(crate) fn watch() -> Result<Self, Failure> {
        let seen = Arc::new(AtomicUsize::new(0));
        let ignored = ignored();
        for signal in ENDING.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0) {
            let once = Arc::new(AtomicBool::new(false));
            flag::register_conditional_default(signal, Arc::clone(&once))
                .and_then(|_| flag::register(signal, once))
                .and_then(|_| flag::register_usize(signal, Arc::clone(&seen), signal as usize))
                .map_err(|error| {
                    Failure::Failed(format!("cannot watch for signal {signal}: {error}"))
                })?;
        }
        Ok(Self { seen })
    }

    /// The error is the signal that came.
    pub(crate) fn check(&self) -> Done {
        match self.seen.load(Relaxed) {
            0 => Ok(()),
            signal => Err(Failure::Signal(signal as u8)),
        }
    }
}

/// The signals that this process was started to ignore: a bit each. None if the system does not say.
fn ignored() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = text.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Waits for up to a slice until there is room to write, or no reader any more.
pub(crate) fn is_writable(output: &impl AsFd) -> io::Result<bool> {
    is_ready(output, PollFlags::OUT)
}

/// Waits for up to a slice until there is something to read, or the end of input.
pub(crate) fn is_readable(input: &impl AsFd) -> io::Result<bool> {
    is_ready(input, PollFlags::IN)
}

fn is_ready(descriptor: &impl AsFd, event: PollFlags) -> io::Result<bool> {
    let mut watched = [PollFd::new(descriptor, event)];
    let slice = Timespec { tv_sec: 0, tv_nsec: SLICE.subsec_nanos().into() };
    match poll(&mut watched, Some(&slice)) {
        Ok(count) => Ok(count != 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether no process can read what is written there: the other end of a pipe, socket or terminal
/// is gone.
pub(crate) fn is_unread(output: &impl AsFd) -> bool {
    let mut watched = [PollFd::new(output, PollFlags::empty())];
    let seen = poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    seen.is_ok() && watched[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}
