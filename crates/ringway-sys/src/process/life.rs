//! Whether a process is dead, proved by the kernel and never by the time that passes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use super::identity::{Identity, own_namespaces};
use super::{pidfd, procfs};

/// What the kernel says of a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// Nothing proves that it is dead. Stopped, frozen, or without its first thread, it is alive.
    Alive,
    /// It is gone for ever: all its threads have ended, though its parent may not have waited for it.
    Dead,
    /// Its number means nothing here: it is from another PID namespace, or it is no number of a process.
    Unknown,
}

/// Whether the process lives. Never [`Life::Dead`] without proof: what cannot be read leaves it alive.
pub fn life_of(process: &Identity) -> Life {
    let Ok((pid_namespace, time_namespace)) = own_namespaces() else { return Life::Unknown };
    let is_number = process.pid != 0 && i32::try_from(process.pid).is_ok();
    if !is_number || process.pid_namespace != pid_namespace {
        return Life::Unknown;
    }
    // The clock of another time namespace starts elsewhere.
    let start_time = (process.time_namespace == time_namespace).then_some(process.start_time);
    let dead = match pidfd::open(process.pid) {
        Ok(pidfd) => has_ended(process.pid, start_time, pidfd.as_fd()),
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => true,
        // The number is that of a thread; or pidfds are forbidden, unknown to the kernel, or used up.
        Err(_) => has_ended_without_pidfd(process.pid, start_time),
    };
    if dead { Life::Dead } else { Life::Alive }
}

/// The start time is read while the pidfd holds on to one process, and only then that process is asked whether it has
/// ended. If it has not, nobody else can have had the number in between.
fn has_ended(pid: u32, start_time: Option<u64>, pidfd: BorrowedFd<'_>) -> bool {
    let stat = procfs::directory_of(pid, Some(pidfd)).and_then(|directory| procfs::Stat::read(&directory));
    let is_another = matches!((stat, start_time), (Ok(stat), Some(expected)) if stat.start_time != expected);
    is_another || pidfd::has_ended(pidfd).unwrap_or(false)
}

#[cold]
fn has_ended_without_pidfd(pid: u32, start_time: Option<u64>) -> bool {
    // SAFETY: signal 0 is not sent; the call only asks. `pid` is above 0, so it is one process.
    let asked = unsafe { libc::kill(pid as libc::pid_t, 0) };
    if asked == -1 && io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH) {
        return true;
    }
    // Where /proc hides the processes of others this fails, which proves nothing.
    let Ok(directory) = procfs::directory_of(pid, None) else { return false };
    let is_thread = procfs::is_thread(&directory).unwrap_or(false);
    let has_ended = procfs::Stat::read(&directory)
        .is_ok_and(|stat| stat.has_ended() || start_time.is_some_and(|expected| stat.start_time != expected));
    is_thread || has_ended
}
