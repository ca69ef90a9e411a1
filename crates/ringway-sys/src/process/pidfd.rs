//! A hold on one process that later users of its number cannot take over.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use crate::status::{check, retry_interrupted};

/// The process that has this number now.
///
/// # Errors
/// ESRCH if there is none; EINVAL or ENOENT (by kernel version) if the number is that of a thread.
pub(super) fn open(pid: u32) -> io::Result<OwnedFd> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: pidfd_open takes numbers and touches no memory.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Whether all threads of the process have ended. A zombie has ended; a process that only lost its first thread has not.
pub(super) fn has_ended(pidfd: BorrowedFd<'_>) -> io::Result<bool> {
    let mut question = libc::pollfd { fd: pidfd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: the call gets one `pollfd`, which is borrowed for it.
    retry_interrupted(|| check(unsafe { libc::poll(&mut question, 1, 0) }))?;
    Ok(question.revents & (libc::POLLIN | libc::POLLHUP) != 0)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;
    use crate::testing::{Child, alone};

    #[test]
    fn a_pidfd_holds_on_to_a_process_that_is_gone() {
        let _alone = alone();
        let mut child = Child::idle();
        let pidfd = open(child.pid).unwrap();
        assert!(!has_ended(pidfd.as_fd()).unwrap());
        child.signal(libc::SIGKILL);
        child.wait();
        assert!(has_ended(pidfd.as_fd()).unwrap());
        assert_eq!(open(child.pid).unwrap_err().raw_os_error(), Some(libc::ESRCH));
    }

    #[test]
    fn a_number_that_no_process_can_have_is_an_error() {
        assert_eq!(open(u32::MAX).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
