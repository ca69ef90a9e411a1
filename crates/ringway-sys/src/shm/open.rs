//! Opens files that exist.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::facts::{FileId, is_same};
use crate::status::check;

/// Flags to open a named segment with, for `OpenOptionsExt::custom_flags`: no symbolic link is
/// followed, and neither a pipe nor a terminal under that name can hang us or become ours.
pub const OPEN_FLAGS: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;

/// Standard input, output and error are below.
const FIRST_FREE_DESCRIPTOR: libc::c_int = 3;

/// The path at which `/proc` shows the file of a descriptor. It goes through the calling thread,
/// since `/proc/self` has no descriptors any more after the first thread has ended.
pub(super) fn descriptor_path(fd: BorrowedFd<'_>) -> String {
    format!("/proc/thread-self/fd/{}", fd.as_raw_fd())
}

/// Opens the file of a descriptor anew, for reading and writing: a description of its own, with
/// locks of its own. The new descriptor is closed by exec.
///
/// # Errors
/// Those of open(2); the permissions of the file are checked again. `NotFound` when `/proc` is not
/// mounted.
pub fn reopen(fd: BorrowedFd<'_>) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(descriptor_path(fd))
}

/// Opens the file `id` anew through a mapping of ours that begins at `base`, for reading and
/// writing: the way back to a file without a name whose descriptors were closed by other code. The
/// new description has locks of its own; those of the one that was mapped stay until the mapping
/// ends.
///
/// # Errors
/// `PermissionDenied` without CAP_SYS_ADMIN or (Linux 5.9) CAP_CHECKPOINT_RESTORE in the first user
/// namespace: as a rule only root may. `NotFound` if no mapping begins at `base`, if it is of
/// another file than `id`, or if `/proc` does not show it (not mounted, or the first thread has
/// ended). Others of open(2).
pub fn reopen_mapped(base: *const u8, id: FileId) -> io::Result<File> {
    // The path names the whole range, which may be only a part of what was mapped at once.
    let start = format!("{:x}-", base.addr());
    let maps = std::fs::read_to_string("/proc/thread-self/maps")?;
    let range =
        maps.lines().find(|line| line.starts_with(&start)).and_then(|line| line.split(' ').next());
    let range = range.ok_or(io::ErrorKind::NotFound)?;
    let path = format!("/proc/self/map_files/{range}");
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    if is_same(&file, id) { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// Returns a second descriptor of the same description that stays open over exec, to hand it to a
/// child. Children that other threads start meanwhile inherit it as well.
///
/// # Errors
/// Those of fcntl(2): EMFILE if the table of descriptors is full.
pub fn inheritable(file: &File) -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD takes a number and touches no memory.
    let fd = check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_DUPFD, FIRST_FREE_DESCRIPTOR) })?;
    // SAFETY: the descriptor is new and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Opens the POSIX shared memory object `name` (with or without its leading slash), for reading and
/// writing.
///
/// # Errors
/// Those of shm_open(3); `InvalidInput` if the name contains a NUL.
pub fn open_posix(name: &str) -> io::Result<File> {
    let name = CString::new(format!("/{}", name.trim_start_matches('/')))?;
    // SAFETY: `name` ends in a NUL and outlives the call.
    let fd = check(unsafe { libc::shm_open(name.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC, 0) })?;
    // SAFETY: the descriptor is new and nothing else owns it.
    Ok(unsafe { File::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};
    use std::os::fd::AsFd;
    use std::os::unix::fs::OpenOptionsExt;
    use std::{ptr, thread};

    use super::*;
    use crate::memory::Sparse;
    use crate::shm::{create_unlinked, file_id, memfd};
    use crate::testing::{Directory, become_nobody, euid};

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
    fn a_mapping_leads_back_to_its_file() {
        if euid() != 0 {
            return eprintln!("SKIPPED: only root may open the file of a mapping");
        }
        let file = create_unlinked(Directory::new().path(), 0o600).unwrap();
        file.set_len(8192).unwrap();
        let (id, map) = (file_id(&file).unwrap(), Sparse::of_file(&file, 8192).unwrap());
        drop(file);
        let base: *const u8 = map.base().as_ptr();
        let again = match reopen_mapped(base, id) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return eprintln!("SKIPPED: root may not open the file of a mapping here: {error}");
            }
            again => again.unwrap(),
        };
        assert!(is_same(&again, id) && !survives_exec(&again));
        assert!(again.set_len(4096).is_ok(), "it is open for writing");
        let another = FileId { inode: id.inode + 1, ..id };
        for (base, id) in [(base, another), (base.wrapping_add(4096), id), (ptr::null(), id)] {
            assert_eq!(reopen_mapped(base, id).unwrap_err().kind(), io::ErrorKind::NotFound);
        }
        thread::scope(|scope| {
            let (base, denied) = (base.addr(), io::ErrorKind::PermissionDenied);
            let open = move || {
                become_nobody();
                let base = ptr::without_provenance(base);
                assert_eq!(reopen_mapped(base, id).unwrap_err().kind(), denied);
            };
            scope.spawn(open).join().unwrap();
        });
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
