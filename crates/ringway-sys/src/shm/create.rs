//! Files that get their name when they are ready, and never take a name that is in use.

use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::open::descriptor_path;
use crate::process::random_bytes;
use crate::status::check;

/// Where named shared memory lives.
pub const DIRECTORY: &str = "/dev/shm";

/// Until the mode is set as asked for.
const NARROW: u32 = 0o600;

/// Makes an empty file without a name on the file system of `dir`, open for reading and writing. Its permissions are
/// exactly `mode`, whatever the umask. It is gone with its last descriptor unless [`publish`] names it.
///
/// # Errors
/// Of open(2). [`lacks_tmpfile`] tells those that mean that the file system knows no such files.
pub fn create_unlinked(dir: &Path, mode: u32) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_TMPFILE).mode(NARROW).open(dir)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(file)
}

/// Whether an error of [`create_unlinked`] means that [`create_hidden`] has to be used on this file system.
pub fn lacks_tmpfile(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL))
}

/// Gives a file of [`create_unlinked`] its name, in one step.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if the name is in use: nothing is ever overwritten. Others of linkat(2);
/// `NotFound` also when `/proc` is not mounted.
pub fn publish(file: &File, path: &Path) -> io::Result<()> {
    let from = CString::new(descriptor_path(file.as_fd()))?;
    let to = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: both are strings that end in a NUL and outlive the call.
    let result =
        unsafe { libc::linkat(libc::AT_FDCWD, from.as_ptr(), libc::AT_FDCWD, to.as_ptr(), libc::AT_SYMLINK_FOLLOW) };
    check(result).map(drop)
}

/// Makes an empty file in `dir` under a temporary name that is made of `final_name`, for file systems without unnamed
/// files. Answers the file, open for reading and writing, and its path. Its permissions are exactly `mode`.
///
/// A process that dies before [`publish_hidden`] leaves the temporary name behind; it starts with a dot and ends in
/// `.tmp`.
///
/// # Errors
/// Of open(2) and getrandom(2).
pub fn create_hidden(dir: &Path, final_name: &OsStr, mode: u32) -> io::Result<(File, PathBuf)> {
    let random = u64::from_ne_bytes(random_bytes()?[..8].try_into().unwrap_or_default());
    let mut name = OsString::from(".");
    name.push(final_name);
    name.push(format!(".{}.{random:016x}.tmp", std::process::id()));
    let path = dir.join(name);
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(NARROW).open(&path)?;
    if let Err(error) = file.set_permissions(Permissions::from_mode(mode)) {
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok((file, path))
}

/// Gives a file of [`create_hidden`] its name, in one step, and takes the temporary name away, also on failure.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if the name is in use: nothing is ever overwritten. Others of link(2). That the
/// temporary name could not be removed is no error once the final one stands.
pub fn publish_hidden(hidden: &Path, path: &Path) -> io::Result<()> {
    let result = fs::hard_link(hidden, path);
    let _ = fs::remove_file(hidden);
    result
}
