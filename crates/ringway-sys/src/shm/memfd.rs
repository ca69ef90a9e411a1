//! Files of memory that never have a name, for a process and its children.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};

use crate::status::check;

/// Makes an empty file of memory (Linux 3.17), open for reading and writing, closed by exec, not
/// sealed yet. `name` is what `/proc` shows for it and means nothing else.
///
/// # Errors
/// Those of memfd_create(2); `InvalidInput` if the name contains a NUL or has more than 249 bytes.
pub fn memfd(name: &str) -> io::Result<File> {
    let name = CString::new(name)?;
    // SAFETY: `name` ends in a NUL and outlives the call.
    let fd = check(unsafe {
        libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING)
    })?;
    // SAFETY: the descriptor is new and nothing else owns it.
    Ok(unsafe { File::from_raw_fd(fd) })
}

/// Fixes the size of a file of [`memfd`] for good, so that no holder can pull memory away from
/// under the others.
///
/// # Errors
/// Those of fcntl(2): `InvalidInput` if it is not a file of [`memfd`], `PermissionDenied` if it is
/// sealed already.
pub fn seal(file: &File) -> io::Result<()> {
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: F_ADD_SEALS takes a number and touches no memory.
    check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) }).map(drop)
}

/// Whether the file can never shrink. Files that know no seals are not sealed.
pub fn is_sealed(file: &File) -> bool {
    // SAFETY: F_GET_SEALS takes nothing and touches no memory.
    let seals = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GET_SEALS) };
    seals != -1 && seals & libc::F_SEAL_SHRINK != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shm::create_unlinked;
    use crate::testing::Directory;

    #[test]
    fn a_sealed_file_keeps_its_size() {
        let file = memfd("memfd-test").unwrap();
        file.set_len(8192).unwrap();
        assert!(!is_sealed(&file));
        seal(&file).unwrap();
        assert!(is_sealed(&file));
        for size in [0, 4096, 16384] {
            assert_eq!(file.set_len(size).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        }
        assert_eq!(file.metadata().unwrap().len(), 8192);
        assert_eq!(seal(&file).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn other_files_are_not_sealed() {
        let file = create_unlinked(Directory::new().path(), 0o600).unwrap();
        assert!(!is_sealed(&file));
        assert!(seal(&file).is_err());
        assert!(!is_sealed(&file));
    }

    #[test]
    fn impossible_names_are_errors() {
        assert_eq!(memfd("a\0b").unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(memfd(&"a".repeat(250)).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
