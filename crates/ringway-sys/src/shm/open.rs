//! Ways to a file that is there already.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::status::check;

/// Flags to open a named segment with, for `OpenOptionsExt::custom_flags`: no symbolic link is followed, and neither
/// a pipe nor a terminal under that name can hang us or become ours.
pub const OPEN_FLAGS: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;

/// Standard input, output and error are below.
const FIRST_FREE_DESCRIPTOR: libc::c_int = 3;

/// The path at which `/proc` shows the file of a descriptor. It goes through the calling thread, since `/proc/self`
/// has no descriptors any more after the first thread has ended.
pub(super) fn descriptor_path(fd: BorrowedFd<'_>) -> String {
    format!("/proc/thread-self/fd/{}", fd.as_raw_fd())
}

/// Opens the file of a descriptor anew, for reading and writing: a description of its own, with locks of its own. The
/// new descriptor is closed by exec.
///
/// # Errors
/// Of open(2): for one, the permissions of the file are asked again. `NotFound` when `/proc` is not mounted.
pub fn reopen(fd: BorrowedFd<'_>) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(descriptor_path(fd))
}

/// A second descriptor of the same description that stays open over exec, to hand it to a child. Children of other
/// threads that start meanwhile get it as well.
///
/// # Errors
/// Of fcntl(2): the table of descriptors is full.
pub fn inheritable(file: &File) -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD takes a number and touches no memory.
    let fd = check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_DUPFD, FIRST_FREE_DESCRIPTOR) })?;
    // SAFETY: the descriptor is new and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Opens the POSIX shared memory object `name` (with or without its leading slash), for reading and writing.
///
/// # Errors
/// Of shm_open(3); `InvalidInput` if the name contains a NUL.
pub fn open_posix(name: &str) -> io::Result<File> {
    let name = CString::new(format!("/{}", name.trim_start_matches('/')))?;
    // SAFETY: `name` ends in a NUL and outlives the call.
    let fd = check(unsafe { libc::shm_open(name.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC, 0) })?;
    // SAFETY: the descriptor is new and nobody else has it.
    Ok(unsafe { File::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};
    use std::os::fd::AsFd;
    use std::os::unix::fs::OpenOptionsExt;

    use super::*;
    use crate::shm::{file_id, memfd};
    use crate::testing::Directory;

    fn survives_exec(fd: &impl AsRawFd) -> bool {
        // SAFETY: F_GETFD takes nothing and touches no memory.
        let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFD) };
        flags & libc::FD_CLOEXEC == 0
    }

    #[test]
    fn a_file_opened_anew_has_a_position_of_its_own() {
        let mut file = memfd("open-test").unwrap();
        file.write_all(b"abc").unwrap();
        let mut again = reopen(file.as_fd()).unwrap();
        assert_eq!(file_id(&again).unwrap(), file_id(&file).unwrap());
        let mut text = String::new();
        again.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc");
        again.write_all(b"d").unwrap();
        assert_eq!(file.stream_position().unwrap(), 3);
        assert!(!survives_exec(&again) && !survives_exec(&file));
    }

    #[test]
    fn an_inheritable_descriptor_shares_the_description() {
        let mut file = memfd("open-test").unwrap();
        let fd = inheritable(&file).unwrap();
        assert!(survives_exec(&fd) && fd.as_raw_fd() >= FIRST_FREE_DESCRIPTOR);
        file.write_all(b"abc").unwrap();
        assert_eq!(File::from(fd).stream_position().unwrap(), 3);
    }

    #[test]
    fn missing_and_impossible_names_are_errors() {
        assert_eq!(
            open_posix("ringway-sys-test.missing").unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        assert_eq!(open_posix("a\0b").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn the_open_flags_refuse_a_symbolic_link() {
        let directory = Directory::new();
        std::fs::write(directory.join("file"), b"").unwrap();
        std::os::unix::fs::symlink("file", directory.join("link")).unwrap();
        let open = |name| {
            OpenOptions::new().read(true).custom_flags(OPEN_FLAGS).open(directory.join(name))
        };
        assert!(open("file").is_ok());
        assert_eq!(open("link").unwrap_err().raw_os_error(), Some(libc::ELOOP));
    }
}
