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

/// Makes an empty file without a name on the file system of `dir`, open for reading and writing.
/// Its permissions are exactly `mode`, whatever the umask. It is gone with its last descriptor
/// unless [`publish`] names it.
///
/// # Errors
/// Those of open(2). [`lacks_tmpfile`] tells whether an error means that the kernel (before 3.11)
/// or the file system knows no such files.
pub fn create_unlinked(dir: &Path, mode: u32) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_TMPFILE)
        .mode(NARROW)
        .open(dir)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(file)
}

/// Whether an error of [`create_unlinked`] means that [`create_hidden`] has to be used on this file
/// system.
pub fn lacks_tmpfile(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL))
}

/// Gives a file of [`create_unlinked`] its name, in one step.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if the name is in use: nothing is ever overwritten. Others of
/// linkat(2); `NotFound` also when `/proc` is not mounted.
pub fn publish(file: &File, path: &Path) -> io::Result<()> {
    let from = CString::new(descriptor_path(file.as_fd()))?;
    let to = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: both are strings that end in a NUL and outlive the call.
    let result = unsafe {
        libc::linkat(
            libc::AT_FDCWD,
            from.as_ptr(),
            libc::AT_FDCWD,
            to.as_ptr(),
            libc::AT_SYMLINK_FOLLOW,
        )
    };
    check(result).map(drop)
}

/// Makes an empty file in `dir` under a temporary name that is made of `final_name`, for file
/// systems without unnamed files. Returns the file, open for reading and writing, and its path. Its
/// permissions are exactly `mode`.
///
/// A process that dies before [`publish_hidden`] leaves the temporary name behind; it starts with a
/// dot and ends in `.tmp`.
///
/// # Errors
/// Those of open(2) and getrandom(2).
pub fn create_hidden(dir: &Path, final_name: &OsStr, mode: u32) -> io::Result<(File, PathBuf)> {
    let random = u64::from_ne_bytes(random_bytes()?[..8].try_into().unwrap_or_default());
    let mut name = OsString::from(".");
    name.push(final_name);
    name.push(format!(".{}.{random:016x}.tmp", std::process::id()));
    let path = dir.join(name);
    let file =
        OpenOptions::new().read(true).write(true).create_new(true).mode(NARROW).open(&path)?;
    if let Err(error) = file.set_permissions(Permissions::from_mode(mode)) {
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok((file, path))
}

/// The final name that a temporary one of [`create_hidden`] was made of; `None` if it is no such
/// name.
pub fn name_behind_hidden(hidden: &str) -> Option<&str> {
    let (rest, random) = hidden.strip_prefix('.')?.strip_suffix(".tmp")?.rsplit_once('.')?;
    let (name, pid) = rest.rsplit_once('.')?;
    let is_number = |text: &str, base| u64::from_str_radix(text, base).is_ok();
    (random.len() == 16 && is_number(random, 16) && is_number(pid, 10) && !name.is_empty())
        .then_some(name)
}

/// Gives a file of [`create_hidden`] its name, in one step, and takes the temporary name away, also
/// on failure.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if the name is in use: nothing is ever overwritten. Others of
/// link(2). That the temporary name could not be removed is no error once the final one stands.
pub fn publish_hidden(hidden: &Path, path: &Path) -> io::Result<()> {
    let result = fs::hard_link(hidden, path);
    let _ = fs::remove_file(hidden);
    result
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileExt, MetadataExt};

    use super::*;
    use crate::shm::{file_id, open_posix, owner, same_file};
    use crate::testing::{Directory, Name};

    #[test]
    fn an_unlinked_file_has_no_name_and_the_very_mode() {
        let directory = Directory::new();
        let file = create_unlinked(directory.path(), 0o666).unwrap();
        assert_eq!(file.metadata().unwrap().nlink(), 0);
        assert_eq!(owner(&file).unwrap().1, 0o666);
        assert!(directory.names().is_empty());
    }

    #[test]
    fn what_is_published_is_the_inode_that_shm_open_finds() {
        let name = Name::new();
        let file = create_unlinked(Path::new(DIRECTORY), 0o600).unwrap();
        file.write_all_at(b"whole", 0).unwrap();
        publish(&file, &name.path()).unwrap();
        assert!(same_file(&file, &name.path()).unwrap());
        for spelling in [name.0.clone(), format!("/{}", name.0)] {
            let opened = open_posix(&spelling).unwrap();
            assert_eq!(file_id(&opened).unwrap(), file_id(&file).unwrap());
            let mut bytes = [0; 5];
            opened.read_exact_at(&mut bytes, 0).unwrap();
            assert_eq!(&bytes, b"whole");
        }
    }

    #[test]
    fn a_hidden_name_tells_the_final_one() {
        let directory = Directory::new();
        let (_file, hidden) = create_hidden(directory.path(), OsStr::new("a.b c"), 0o600).unwrap();
        let hidden = hidden.file_name().unwrap().to_str().unwrap();
        assert_eq!(name_behind_hidden(hidden), Some("a.b c"));
        for other in [
            "",
            ".tmp",
            "a.1.0123456789abcdef.tmp",
            ".a.1.0123.tmp",
            ".a.x.0123456789abcdef.tmp",
            "..1.0123456789abcdef.tmp",
        ] {
            assert_eq!(name_behind_hidden(other), None, "{other}");
        }
    }

    #[test]
    fn publish_refuses_a_name_that_is_in_use() {
        let directory = Directory::new();
        let path = directory.join("taken");
        fs::write(&path, b"first").unwrap();
        let file = create_unlinked(directory.path(), 0o600).unwrap();
        assert_eq!(publish(&file, &path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        let link = directory.join("dangling");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert_eq!(publish(&file, &link).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(!directory.join("nowhere").exists());
    }

    #[test]
    fn a_hidden_file_has_the_very_mode_and_becomes_the_final_one() {
        let directory = Directory::new();
        let (file, hidden) = create_hidden(directory.path(), OsStr::new("queue"), 0o666).unwrap();
        let name = hidden.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with(&format!(".queue.{}.", std::process::id())) && name.ends_with(".tmp"),
            "{name}"
        );
        assert_eq!(owner(&file).unwrap().1, 0o666);
        publish_hidden(&hidden, &directory.join("queue")).unwrap();
        assert_eq!(directory.names(), ["queue"]);
        assert!(same_file(&file, &directory.join("queue")).unwrap());
    }

    #[test]
    fn a_hidden_file_is_gone_when_its_name_was_in_use() {
        let directory = Directory::new();
        fs::write(directory.join("queue"), b"first").unwrap();
        let (_file, hidden) = create_hidden(directory.path(), OsStr::new("queue"), 0o600).unwrap();
        let error = publish_hidden(&hidden, &directory.join("queue")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(directory.names(), ["queue"]);
        assert_eq!(fs::read(directory.join("queue")).unwrap(), b"first");
    }

    #[test]
    fn a_file_system_without_unnamed_files_is_told_from_a_missing_one() {
        let error = create_unlinked(Path::new("/proc"), 0o600).unwrap_err();
        assert!(
            lacks_tmpfile(&error) || error.kind() == io::ErrorKind::PermissionDenied,
            "{error}"
        );
        let error = create_unlinked(&Directory::new().join("missing"), 0o600).unwrap_err();
        assert!(!lacks_tmpfile(&error));
    }
}
