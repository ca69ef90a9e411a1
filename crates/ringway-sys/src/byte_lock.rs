//! Byte locks that belong to an open file description (Linux 3.15): the kernel releases them with
//! the last descriptor and the last mapping of the description, and so when a process dies.
//!
//! Unlike the older record locks they are not lost when another descriptor of the same file is
//! closed, and two descriptions in one process exclude each other. A forked child shares the
//! description and so keeps the lock.
//!
//! A read lock needs only a descriptor for reading, and stands in the way of all locks here: see
//! [`Trust::OthersCanRead`](crate::shm::Trust::OthersCanRead).

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use crate::status::check;

/// Sets the signal that tells of another process that waits for a lease. It is missing in the libc
/// crate, and the same on all targets that Rust knows.
const F_SETSIG: libc::c_int = 10;

/// Locks the byte at `offset` for the description of `file`, without waiting. Returns `false` if
/// another description holds it, and `true` also if this one held it already. The byte need not
/// exist; the file has to be open for writing.
///
/// # Errors
/// Those of fcntl(2); `InvalidInput` if the offset is beyond what a file can have.
pub fn try_exclusive(file: &File, offset: u64) -> io::Result<bool> {
    let mut lock = one_byte(libc::F_WRLCK, offset)?;
    match command(file, libc::F_OFD_SETLK, &mut lock) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Releases the byte at `offset`. It is no error if it was not locked.
///
/// # Errors
/// As [`try_exclusive`].
pub fn unlock(file: &File, offset: u64) -> io::Result<()> {
    command(file, libc::F_OFD_SETLK, &mut one_byte(libc::F_UNLCK, offset)?)
}

/// Whether some other description than that of `file` holds a lock on the byte at `offset`.
///
/// # Errors
/// As [`try_exclusive`].
pub fn is_locked(file: &File, offset: u64) -> io::Result<bool> {
    let mut lock = one_byte(libc::F_WRLCK, offset)?;
    command(file, libc::F_OFD_GETLK, &mut lock)?;
    Ok(lock.l_type != libc::F_UNLCK as libc::c_short)
}

/// Whether some other description than that of `file` holds a lock on any byte of it.
///
/// # Errors
/// Those of fcntl(2).
pub fn is_any_locked(file: &File) -> io::Result<bool> {
    let mut lock = one_byte(libc::F_WRLCK, 0)?;
    lock.l_len = 0; // to the end, however far that may be
    command(file, libc::F_OFD_GETLK, &mut lock)?;
    Ok(lock.l_type != libc::F_UNLCK as libc::c_short)
}

/// Whether no other description than that of `file` is open on the file, in any process, namespace
/// or mapping. The kernel leases a file for writing only to a process that is alone with it.
///
/// # Errors
/// Those of fcntl(2): `EACCES` if the file belongs to another user, `EINVAL` where the file system
/// knows no leases.
pub fn is_alone(file: &File) -> io::Result<bool> {
    // A process that opens the file meanwhile waits for us, and a signal would tell us: one that is
    // ignored by default.
    let fd = file.as_raw_fd();
    // SAFETY: fcntl with numbers; it touches no memory.
    check(unsafe { libc::fcntl(fd, F_SETSIG, libc::SIGURG) })?;
    // SAFETY: as above.
    match check(unsafe { libc::fcntl(fd, libc::F_SETLEASE, libc::F_WRLCK) }) {
        Ok(_) => {
            // SAFETY: as above.
            check(unsafe { libc::fcntl(fd, libc::F_SETLEASE, libc::F_UNLCK) }).map(|_| true)
        }
        Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => Ok(false),
        Err(error) => Err(error),
    }
}

fn one_byte(kind: libc::c_int, offset: u64) -> io::Result<libc::flock> {
    let start = i64::try_from(offset).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: all fields are numbers. l_pid has to be 0 for these commands, and some targets have
    // further fields.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock.l_start = start;
    lock.l_len = 1;
    Ok(lock)
}

fn command(file: &File, command: libc::c_int, lock: &mut libc::flock) -> io::Result<()> {
    // SAFETY: both commands want one `flock`, which is borrowed for the call.
    check(unsafe { libc::fcntl(file.as_raw_fd(), command, lock as *mut libc::flock) }).map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;
    use crate::shm::{memfd, reopen};
    use crate::testing::{Child, Mapping, Name, alone};

    #[test]
    fn two_descriptions_of_one_file_exclude_each_other() {
        let _alone = alone();
        let ours = memfd("lock-test").unwrap();
        let theirs = reopen(ours.as_fd()).unwrap();
        assert!(try_exclusive(&ours, 5).unwrap());
        assert!(try_exclusive(&ours, 5).unwrap(), "one's own lock is no obstacle");
        assert!(!try_exclusive(&theirs, 5).unwrap());
        assert!(is_locked(&theirs, 5).unwrap());
        assert!(!is_locked(&ours, 5).unwrap(), "one's own lock is not asked about");
        assert!(!is_locked(&theirs, 4).unwrap() && !is_locked(&theirs, 6).unwrap());
        assert!(is_any_locked(&theirs).unwrap() && !is_any_locked(&ours).unwrap());
        assert!(try_exclusive(&theirs, 6).unwrap());

        unlock(&ours, 5).unwrap();
        assert!(!is_locked(&theirs, 5).unwrap());
        assert!(try_exclusive(&theirs, 5).unwrap());
        unlock(&ours, 5).unwrap();
        assert!(is_locked(&ours, 5).unwrap(), "what another holds cannot be released");
    }

    #[test]
    fn closing_another_descriptor_of_the_file_keeps_the_lock() {
        let _alone = alone();
        let ours = memfd("lock-test").unwrap();
        let theirs = reopen(ours.as_fd()).unwrap();
        assert!(try_exclusive(&ours, 0).unwrap());
        drop(reopen(ours.as_fd()).unwrap());
        assert!(is_locked(&theirs, 0).unwrap());
        drop(ours);
        assert!(!is_locked(&theirs, 0).unwrap());
    }

    #[test]
    fn a_killed_process_releases_its_lock() {
        let _alone = alone();
        let ours = memfd("lock-test").unwrap();
        let theirs = reopen(ours.as_fd()).unwrap();
        assert!(try_exclusive(&theirs, 9).unwrap());
        let mut child = Child::idle();
        drop(theirs);
        assert!(is_locked(&ours, 9).unwrap(), "the child shares the description");
        child.signal(libc::SIGKILL);
        child.wait();
        assert!(!is_locked(&ours, 9).unwrap());
    }

    #[test]
    fn a_description_that_is_alone_with_a_file_is_told_so() {
        let _alone = alone();
        let name = Name::new();
        let ours =
            File::options().read(true).write(true).create_new(true).open(name.path()).unwrap();
        assert!(is_alone(&ours).unwrap());
        let readable = File::open(name.path()).unwrap();
        assert!(!is_alone(&ours).unwrap());
        drop(readable);
        assert!(is_alone(&ours).unwrap());

        let theirs = reopen(ours.as_fd()).unwrap();
        theirs.set_len(4096).unwrap();
        let mapped = Mapping::of(&theirs);
        drop(theirs);
        assert!(!is_alone(&ours).unwrap(), "a mapping counts");
        drop(mapped);
        assert!(is_alone(&ours).unwrap());

        let theirs = reopen(ours.as_fd()).unwrap();
        let mut child = Child::idle();
        drop(theirs);
        assert!(!is_alone(&ours).unwrap(), "the child has it open");
        child.signal(libc::SIGKILL);
        child.wait();
        assert!(is_alone(&ours).unwrap());
    }

    #[test]
    fn offsets_that_no_file_has_are_refused() {
        let file = memfd("lock-test").unwrap();
        assert_eq!(try_exclusive(&file, u64::MAX).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(is_locked(&file, 1 << 63).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
