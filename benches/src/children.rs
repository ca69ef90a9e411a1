//! Worker processes, forked from the harness.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// A worker that takes longer, in seconds, is ended by the system.
const PATIENCE: u32 = 300;

/// Forked workers. Those that still run are killed when this is dropped.
#[derive(Default)]
pub struct Children(Vec<libc::pid_t>);

impl Children {
    /// Starts one.
    ///
    /// # Errors
    /// When the system has no process for it.
    pub fn fork(&mut self, work: impl FnOnce()) -> Result<libc::pid_t, String> {
        // SAFETY: this process has one thread, so that the child has whole locks and a whole heap.
        match unsafe { libc::fork() } {
            -1 => Err(std::io::Error::last_os_error().to_string()),
            0 => {
                // SAFETY: concern this process only.
                unsafe {
                    libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                    libc::alarm(PATIENCE);
                }
                let done = catch_unwind(AssertUnwindSafe(work)).is_ok();
                // SAFETY: ends the process at once; what the parent made is the parent's to drop.
                unsafe { libc::_exit(i32::from(!done)) }
            }
            pid => {
                self.0.push(pid);
                Ok(pid)
            }
        }
    }

    /// Looks whether one has ended already.
    ///
    /// # Errors
    /// When one has.
    pub fn check(&mut self) -> Result<(), String> {
        for index in 0..self.0.len() {
            let mut status = 0;
            // SAFETY: asks about our own child and writes to a local.
            if unsafe { libc::waitpid(self.0[index], &mut status, libc::WNOHANG) } != 0 {
                self.0.swap_remove(index);
                return Err(format!("a worker ended with status {status:#x} before it was ready"));
            }
        }
        Ok(())
    }

    /// Waits for the end of all.
    ///
    /// # Errors
    /// When one failed.
    pub fn wait(&mut self) -> Result<(), String> {
        while !self.0.is_empty() {
            let mut status = 0;
            // SAFETY: waits for any child of ours and writes to a local.
            let pid = unsafe { libc::waitpid(-1, &mut status, 0) };
            self.0.retain(|&child| child != pid);
            if status != 0 {
                return Err(format!("a worker ended with status {status:#x}"));
            }
        }
        Ok(())
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for &pid in &self.0 {
            // SAFETY: our own child, which was not waited for.
            unsafe {
                libc::kill(pid, libc::SIGKILL);
                libc::waitpid(pid, std::ptr::null_mut(), 0);
            }
        }
    }
}
