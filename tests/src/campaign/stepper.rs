//! A worker process that is moved on one instruction at a time.

use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// A worker that has not come to where it is to come after this time hangs.
const PATIENCE: Duration = Duration::from_secs(180);

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
        let pid = stepper.pid();
        let stop = watched(pid, || stepper.wait()).unwrap_or_else(|| Err(hangs()))?;
        match stop {
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

    /// Lets it run to where it has to come next. One that hangs is killed after some minutes.
    ///
    /// # Errors
    /// Where it has come instead.
    pub fn run_to(&mut self, wanted: Stop) -> Result<(), String> {
        let pid = self.pid();
        let stop = watched(pid, || self.run()).unwrap_or_else(|| Err(hangs()));
        match stop.map_err(|error| error.to_string())? {
            stop if stop == wanted => Ok(()),
            stop => Err(format!("{stop:?} of the worker instead of {wanted:?}")),
        }
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

fn hangs() -> io::Error {
    io::Error::other("the worker hangs")
}

/// Waits for a child. If that takes some minutes, the child is killed, and there is no result.
fn watched<R>(pid: libc::pid_t, wait: impl FnOnce() -> R) -> Option<R> {
    let (done, is_done) = mpsc::channel::<()>();
    let dog = thread::spawn(move || {
        let hangs = is_done.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
        if hangs {
            // SAFETY: a signal to our own child, which is waited for until `done` is dropped.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
        hangs
    });
    let result = wait();
    drop(done);
    let hangs = dog.join().unwrap_or(false);
    (!hangs).then_some(result)
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
