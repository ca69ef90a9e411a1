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
