//! Worker processes, forked from the harness.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ringway_child::Child;

/// A worker that takes longer, in seconds, is ended by the system.
const PATIENCE: u32 = 300;

/// Forked workers. Those that still run are killed when this is dropped.
#[derive(Default)]
pub struct Children(Vec<Child>);

impl Children {
    /// Starts one, and returns its process id.
    ///
    /// # Errors
    /// When the system has no process for it.
    pub fn fork(&mut self, work: impl FnOnce()) -> Result<libc::pid_t, String> {
        // This process has one thread, so the child may use locks and the heap.
        let child = Child::fork(|| {
            // SAFETY: concern this process only.
            unsafe {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                libc::alarm(PATIENCE);
            }
            i32::from(catch_unwind(AssertUnwindSafe(work)).is_err())
        })
        .map_err(|error| error.to_string())?;
        let pid = child.pid() as libc::pid_t;
        self.0.push(child);
        Ok(pid)
    }

    /// Looks whether one has ended already.
    ///
    /// # Errors
    /// When one has.
    pub fn check(&mut self) -> Result<(), String> {
        match self.0.iter_mut().find_map(Child::try_wait) {
            Some(status) => Err(format!("a worker ended before it was ready: {status}")),
            None => Ok(()),
        }
    }

    /// Waits for the end of all.
    ///
    /// # Errors
    /// When one failed.
    pub fn wait(&mut self) -> Result<(), String> {
        while !self.0.is_empty() {
            let pid = ringway_child::any_ended().map_err(|error| error.to_string())?;
            let Some(index) = self.0.iter().position(|child| child.pid() == pid) else {
                return Err(format!("process {pid} is no worker, and ended"));
            };
            let status = self.0.swap_remove(index).wait();
            if !status.success() {
                return Err(format!("a worker failed: {status}"));
            }
        }
        Ok(())
    }
}
