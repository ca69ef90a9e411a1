//! The size of a new file, within what this process may make.

use std::fs::File;
use std::io;

use crate::status::check;

/// Sets the size of a file.
///
/// # Errors
/// Those of [`may_be_so_large`] and ftruncate(2).
pub fn set_size(file: &File, bytes: u64) -> io::Result<()> {
    may_be_so_large(bytes)?;
    file.set_len(bytes)
}

/// Checks that this process may make a file of `bytes` bytes. If it may not, ftruncate(2) would not
/// fail but send a signal that kills.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`], with both numbers, if it may not.
pub fn may_be_so_large(bytes: u64) -> io::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call fills the local in that it is given.
    check(unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &mut limit) })?;
    if limit.rlim_cur == libc::RLIM_INFINITY || bytes <= limit.rlim_cur {
        return Ok(());
    }
    let text = format!(
        "{bytes} bytes, and this process may make files of {} (RLIMIT_FSIZE, ulimit -f)",
        limit.rlim_cur
    );
    Err(io::Error::new(io::ErrorKind::FileTooLarge, text))
}
