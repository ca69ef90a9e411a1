//! A process that a test or a measurement has started, and that ends with it.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// A child process. Dropping it kills it, and no other, and waits for its end.
#[derive(Debug)]
pub struct Child {
    pid: libc::pid_t,
    status: Option<ExitStatus>,
}

/// Takes over a child that was started by a command. What it reads and writes stays with the
/// caller, who has taken it out before.
impl From<std::process::Child> for Child {
    fn from(child: std::process::Child) -> Self {
        Self { pid: child.id() as libc::pid_t, status: None } // dropping `child` only forgets it
    }
}

impl Child {
    /// Runs `body` in a forked child, whose exit status is the result. If this process has several
    /// threads, the body must do without the heap and without locks.
    ///
    /// # Errors
    /// When the system has no process for it.
    pub fn fork(body: impl FnOnce() -> i32) -> io::Result<Self> {
        // SAFETY: the child does what `body` is documented to be restricted to, and then ends
        // without returning.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                let status = body();
                // SAFETY: ends the process at once; what the parent made is the parent's to drop.
                unsafe { libc::_exit(status) }
            }
            pid => Ok(Self { pid, status: None }),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid as u32
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it was waited for already: its number may be that of another process.
    pub fn signal(&self, signal: i32) {
        assert!(self.status.is_none(), "process {} has ended", self.pid);
        // SAFETY: a signal to our own child, which was not waited for.
        assert_eq!(unsafe { libc::kill(self.pid, signal) }, 0);
    }

    /// Stops it, and waits until it stands still.
    ///
    /// # Panics
    /// When it ends instead.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
        let mut status = 0;
        // SAFETY: waits for our own child and writes to a local.
        let waited = unsafe { libc::waitpid(self.pid, &mut status, libc::WUNTRACED) };
        assert!(waited == self.pid && libc::WIFSTOPPED(status));
    }

    /// Lets it run again.
    pub fn thaw(&self) {
        self.signal(libc::SIGCONT);
    }

    /// Kills it, and waits for its end.
    pub fn kill(&mut self) {
        if self.status.is_none() {
            self.signal(libc::SIGKILL);
            self.wait();
        }
    }

    /// Kills it and waits until it is dead, but leaves the corpse: it is a zombie from now on.
    pub fn kill_unburied(&self) {
        self.signal(libc::SIGKILL);
        // SAFETY: all fields are numbers.
        let mut about: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let flags = libc::WEXITED | libc::WNOWAIT;
        // SAFETY: waits for our own child and writes to a local.
        assert_eq!(unsafe { libc::waitid(libc::P_PID, self.pid(), &mut about, flags) }, 0);
    }

    /// Waits for its end, and returns how it ended.
    pub fn wait(&mut self) -> ExitStatus {
        self.wait_with(0).expect("a wait without flags ends with the child")
    }

    /// How it ended, if it has.
    pub fn try_wait(&mut self) -> Option<ExitStatus> {
        self.wait_with(libc::WNOHANG)
    }

    fn wait_with(&mut self, flags: i32) -> Option<ExitStatus> {
        let mut status = 0;
        while self.status.is_none() {
            // SAFETY: asks about our own child and writes to a local.
            match unsafe { libc::waitpid(self.pid, &mut status, flags) } {
                -1 => assert_eq!(io::Error::last_os_error().kind(), io::ErrorKind::Interrupted),
                0 => return None,
                _ => self.status = Some(ExitStatus::from_raw(status)),
            }
        }
        self.status
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until one of all children of this process has ended, and returns its process id. The
/// corpse stays until its [`Child`] is waited for.
///
/// # Errors
/// When there is no child.
pub fn any_ended() -> io::Result<u32> {
    // SAFETY: all fields are numbers.
    let mut about: libc::siginfo_t = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: waits for any child of ours and writes to a local.
        let waited =
            unsafe { libc::waitid(libc::P_ALL, 0, &mut about, libc::WEXITED | libc::WNOWAIT) };
        if waited == 0 {
            // SAFETY: the call has filled in what belongs to a child.
            return Ok(unsafe { about.si_pid() } as u32);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle() -> Child {
        Child::fork(|| {
            loop {
                // SAFETY: only sleeps.
                unsafe { libc::pause() };
            }
        })
        .unwrap()
    }

    #[test]
    fn a_child_tells_how_it_ended() {
        assert_eq!(Child::fork(|| 7).unwrap().wait().code(), Some(7));
        let mut child = idle();
        assert_eq!(child.try_wait(), None);
        child.freeze();
        child.thaw();
        child.kill_unburied();
        assert_eq!(child.wait().signal(), Some(libc::SIGKILL));
        assert_eq!(child.try_wait().unwrap().signal(), Some(libc::SIGKILL));
        child.kill();
    }

    #[test]
    fn a_dropped_child_is_dead_and_buried() {
        let child = idle();
        let pid = child.pid;
        drop(child);
        // SAFETY: signal 0 only asks.
        assert_eq!(unsafe { libc::kill(pid, 0) }, -1);
    }
}
