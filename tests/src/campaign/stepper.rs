//! A worker process that is moved on one instruction at a time.

use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::Once;

/// Where a worker is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It stopped itself: the operation is about to begin, or has ended.
    Marker,
    /// It has made one instruction.
    Step,
    /// It has ended; its raw wait status.
    Ended(i32),
}

/// A traced worker. It is killed when this is dropped.
pub struct Stepper {
    child: Child,
    ended: bool,
}

impl Stepper {
    /// Starts a worker, which stops itself at its first [`marker`].
    ///
    /// # Errors
    /// When it cannot be started, or does not get there.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let child = command.stdin(Stdio::null()).spawn()?;
        let mut stepper = Self { child, ended: false };
        match stepper.wait()? {
            Stop::Marker => Ok(stepper),
            other => Err(io::Error::other(format!(
                "the worker did not reach its first marker: {other:?}"
            ))),
        }
    }

    /// Makes one instruction.
    ///
    /// # Errors
    /// What ptrace says.
    pub fn step(&mut self) -> io::Result<Stop> {
        self.resume(libc::PTRACE_SINGLESTEP)
    }

    /// Lets it run to its next marker or its end.
    ///
    /// # Errors
    /// What ptrace says.
    pub fn run(&mut self) -> io::Result<Stop> {
        self.resume(libc::PTRACE_CONT)
    }

    /// Kills it, here and now.
    ///
    /// # Errors
    /// What the system says.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        while !matches!(self.wait()?, Stop::Ended(_)) {}
        Ok(())
    }

    pub(super) fn resume(&mut self, request: libc::c_uint) -> io::Result<Stop> {
        // SAFETY: a request about our own stopped child, with no address and no signal.
        if unsafe { libc::ptrace(request, self.pid(), 0, 0) } == -1 {
            return Err(io::Error::last_os_error());
        }
        self.wait()
    }

    pub(super) fn pid(&self) -> libc::pid_t {
        self.child.id() as libc::pid_t
    }

    fn wait(&mut self) -> io::Result<Stop> {
        let mut status = 0;
        // SAFETY: waits for our own child; the status is ours.
        if unsafe { libc::waitpid(self.pid(), &raw mut status, 0) } == -1 {
            return Err(io::Error::last_os_error());
        }
        if !libc::WIFSTOPPED(status) {
            self.ended = true;
            return Ok(Stop::Ended(status));
        }
        match libc::WSTOPSIG(status) {
            libc::SIGSTOP => Ok(Stop::Marker),
            libc::SIGTRAP => Ok(Stop::Step),
            other => Err(io::Error::other(format!("the worker got signal {other}"))),
        }
    }
}

impl Drop for Stepper {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.kill();
        }
    }
}

/// In the worker: stops until the parent moves it on. From the first one on, the parent traces it.
pub fn marker() {
    static TRACED: Once = Once::new();
    TRACED.call_once(|| {
        // SAFETY: asks only to be traced by the parent.
        let traced = unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) };
        assert_ne!(traced, -1, "{}", io::Error::last_os_error());
    });
    // SAFETY: stops this process, whose parent traces it.
    unsafe { libc::raise(libc::SIGSTOP) };
}
