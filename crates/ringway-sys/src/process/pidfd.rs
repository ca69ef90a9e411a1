//! A hold on one process that later users of its number cannot take over.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use super::procfs;
use crate::shm::FileId;
use crate::status::{check, retry_interrupted};

/// Opens a pidfd of the process that has this number now. It is closed by exec.
///
/// # Errors
/// ESRCH if there is none; EINVAL or ENOENT (by kernel version) if the number is that of a thread;
/// ENOSYS before Linux 5.3.
pub(crate) fn open(pid: u32) -> io::Result<OwnedFd> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: pidfd_open takes numbers and touches no memory.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Whether all threads of the process have ended. A zombie has ended; a process that only lost its
/// first thread has not.
pub(super) fn has_ended(pidfd: BorrowedFd<'_>) -> io::Result<bool> {
    let mut question = libc::pollfd { fd: pidfd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: the call gets one `pollfd`, which is borrowed for it.
    retry_interrupted(|| check(unsafe { libc::poll(&mut question, 1, 0) }))?;
    Ok(question.revents & (libc::POLLIN | libc::POLLHUP) != 0)
}

/// A pidfd that is kept for long. Code that knows nothing of it (a daemonizer) may close it, and
/// its number may be used again. So the number is not an [`OwnedFd`], which would close the file of
/// another owner in the end.
#[derive(Debug)]
pub(super) struct Kept {
    number: RawFd,
    file: FileId,
    /// What `/proc` calls the process, on kernels where `file` does not tell one pidfd from
    /// another.
    shown: Option<i32>,
}

/// `f_type` of the file system of pidfds since Linux 6.9, where each process has an inode of its
/// own that is never used again. Before, all pidfds, eventfds, epolls and the like share one inode.
const PID_FS_MAGIC: u32 = 0x5049_4446;

impl Kept {
    /// Keeps `pidfd`. `None` if it could not be told from another descriptor later.
    pub(super) fn new(pidfd: OwnedFd) -> Option<Self> {
        let number = pidfd.as_raw_fd();
        let file = FileId::of_number(number).ok()?;
        let shown = match file_system(number).ok()? {
            PID_FS_MAGIC => None,
            _ => Some(procfs::shown_behind(number).ok()??),
        };
        Some(Self { number: pidfd.into_raw_fd(), file, shown })
    }

    /// The number of the descriptor, if it still is one of ours.
    pub(super) fn number(&self) -> RawFd {
        self.number
    }

    /// Whether the number still is that of our pidfd, or of another one of the same process.
    pub(super) fn is_intact(&self) -> bool {
        let is_same_file = FileId::of_number(self.number).is_ok_and(|file| file == self.file);
        is_same_file && self.shown.is_none_or(|expected| self.shows(expected))
    }

    #[cold]
    fn shows(&self, expected: i32) -> bool {
        match procfs::shown_behind(self.number) {
            Ok(shown) => shown == Some(expected) || shown == Some(-1),
            // `/proc` cannot be read now. To give up each descriptor for that would use them all
            // up.
            Err(_) => true,
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.is_intact() {
            // SAFETY: the number is that of a pidfd of this process, which nothing but this value
            // was given.
            unsafe { libc::close(self.number) };
        }
    }
}

fn file_system(number: RawFd) -> io::Result<u32> {
    let mut facts = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the call fills the local in that it is given.
    retry_interrupted(|| check(unsafe { libc::fstatfs(number, facts.as_mut_ptr()) }))?;
    // SAFETY: the call succeeded and has filled it in. The type of the field differs between the C
    // libraries.
    Ok(unsafe { facts.assume_init() }.f_type as u32)
}

#[cfg(test)]
mod tests {
    use std::mem::ManuallyDrop;
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
    fn a_kept_pidfd_is_told_from_all_else() {
        let _alone = alone();
        let mut child = Child::idle();
        let kept = Kept::new(open(child.pid).unwrap()).unwrap();
        assert!(kept.is_intact());
        let on_old_kernels = |number: RawFd, shown: u32| {
            let file = FileId::of_number(number).unwrap();
            // Never dropped, for it does not own the number.
            ManuallyDrop::new(Kept { number, file, shown: Some(shown as i32) })
        };
        let old = on_old_kernels(kept.number, child.pid);
        assert!(old.is_intact());
        assert!(!on_old_kernels(kept.number, child.pid + 1).is_intact(), "of another process");
        let other = std::fs::File::open("/dev/null").unwrap();
        assert!(!on_old_kernels(other.as_raw_fd(), child.pid).is_intact(), "no pidfd");
        let elsewhere = Kept { number: other.as_raw_fd(), file: kept.file, shown: None };
        assert!(!elsewhere.is_intact());
        drop(elsewhere);
        assert!(other.metadata().is_ok(), "what is not ours stays open");

        child.signal(libc::SIGKILL);
        child.wait();
        assert!(kept.is_intact() && old.is_intact(), "the process is gone, not the descriptor");
        drop(kept);
        assert!(!old.is_intact());
    }

    #[test]
    fn a_number_that_no_process_can_have_is_an_error() {
        assert_eq!(open(u32::MAX).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
