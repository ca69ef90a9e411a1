//! A child process, until it was waited for.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use crate::process::pidfd;
use crate::status::{check, retry_interrupted};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Other code of this process has waited for it, or ignores SIGCHLD: the kernel has forgotten.
    Unknown,
}

/// A process that this one watches, without being its parent.
#[derive(Debug)]
pub struct Watched(OwnedFd);

impl Watched {
    /// The process that has this number now.
    ///
    /// # Errors
    /// Those of pidfd_open(2): ESRCH if there is none.
    pub fn new(pid: u32) -> io::Result<Self> {
        pidfd::open(pid).map(Self)
    }
}

/// Readable as soon as the process has ended.
impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A child process that was not waited for by this value.
#[derive(Debug)]
pub struct Child {
    pid: u32,
    pidfd: OwnedFd,
}

impl Child {
    /// Takes hold of a child that was started just now.
    pub(super) fn new(pid: libc::pid_t) -> io::Result<Self> {
        let pidfd = pidfd::open(pid as u32).inspect_err(|_| {
            // SAFETY: our own child, which was not waited for.
            unsafe {
                libc::kill(pid, libc::SIGKILL);
                libc::waitpid(pid, std::ptr::null_mut(), 0);
            }
        })?;
        Ok(Self { pid: pid as u32, pidfd })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends it a signal. One that has ended gets none.
    ///
    /// # Errors
    /// Those of pidfd_send_signal(2), but that it has ended.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        let none = std::ptr::null::<libc::siginfo_t>();
        let pidfd = self.pidfd.as_raw_fd();
        // SAFETY: the call takes numbers, and no siginfo.
        let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd, signal, none, 0) };
        match check(sent as libc::c_int) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            sent => sent.map(drop),
        }
    }

    /// How it ended, if it has. It is gone for the kernel then; ask once.
    pub fn reap(&self) -> Option<Exit> {
        // SAFETY: all fields are numbers.
        let mut about: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let flags = libc::WEXITED | libc::WNOHANG;
        let waited = retry_interrupted(|| {
            // SAFETY: waits for our own child and writes to a local.
            check(unsafe { libc::waitid(libc::P_PID, self.pid, &mut about, flags) })
        });
        if waited.is_err() {
            return Some(Exit::Unknown);
        }
        // SAFETY: the call has filled in what belongs to a child, or nothing.
        let (pid, status) = unsafe { (about.si_pid(), about.si_status()) };
        match about.si_code {
            _ if pid == 0 => None,
            libc::CLD_EXITED => Some(Exit::Code(status)),
            _ => Some(Exit::Signal(status)),
        }
    }
}

/// Readable as soon as the process has ended.
impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

/// Waits until one of the descriptors can be read, or its other end is closed; returns which are.
/// Without a `timeout` as long as that takes.
///
/// # Errors
/// Those of poll(2).
pub fn poll(descriptors: &[BorrowedFd<'_>], timeout: Option<Duration>) -> io::Result<Vec<bool>> {
    let question =
        |fd: &BorrowedFd<'_>| libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let mut questions: Vec<_> = descriptors.iter().map(question).collect();
    let milliseconds = match timeout {
        None => -1,
        // Rounded up, or the caller would spin through the last one.
        Some(timeout) => timeout.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as i32,
    };
    let count = questions.len() as libc::nfds_t;
    // SAFETY: the call gets the questions, which are borrowed for it.
    let polled = check(unsafe { libc::poll(questions.as_mut_ptr(), count, milliseconds) });
    match polled {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        _ => Ok(questions.iter().map(|question| question.revents != 0).collect()),
    }
}
