//! Facts about a file.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::status::{check, retry_interrupted};

/// The unit of `st_blocks`, whatever the file system.
const STAT_BLOCK: u64 = 512;

/// Which file it is: the same for all descriptors and all names of one file, while it exists.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FileId {
    /// The device of its file system, as `st_dev`.
    pub device: u64,
    /// Its number on that file system.
    pub inode: u64,
}

impl FileId {
    /// The file behind a descriptor that its owner may have lost, so that it is a mere number.
    ///
    /// # Errors
    /// Those of fstat(2): EBADF if no descriptor has the number.
    pub(crate) fn of_number(fd: RawFd) -> io::Result<Self> {
        let mut facts = MaybeUninit::<libc::stat>::uninit();
        // SAFETY: the call fills the local in that it is given.
        retry_interrupted(|| check(unsafe { libc::fstat(fd, facts.as_mut_ptr()) }))?;
        // SAFETY: the call succeeded and has filled it in.
        let facts = unsafe { facts.assume_init() };
        Ok(Self { device: facts.st_dev, inode: facts.st_ino })
    }
}

/// Returns which file this is.
///
/// # Errors
/// Those of fstat(2).
pub fn file_id(file: &File) -> io::Result<FileId> {
    let facts = file.metadata()?;
    Ok(FileId { device: facts.dev(), inode: facts.ino() })
}

/// Whether `file` still is the file `id`. That takes one system call.
///
/// Code that knows nothing of a descriptor (a daemonizer) may close it, and its number may be used
/// again for another file, so this is to be asked before each operation that would harm that one:
/// reserving, locking, truncating. `false` also if the number is not in use. Another thread can
/// still change it between the question and the operation.
pub fn is_same(file: &File, id: FileId) -> bool {
    FileId::of_number(file.as_raw_fd()).is_ok_and(|found| found == id)
}

/// Closes `file` if it still is the file `id`, and forgets it otherwise. To drop a [`File`] whose
/// number was lost would close a file of another owner, or, with debug assertions, abort the
/// process if no file has the number.
pub fn close_if_same(file: File, id: FileId) {
    if !is_same(&file, id) {
        std::mem::forget(file);
    }
}

/// Whether `path` names the file `a` itself. A symbolic link at `path` is not followed.
///
/// # Errors
/// Those of stat(2): `NotFound` if there is no such name.
pub fn same_file(a: &File, path: &Path) -> io::Result<bool> {
    let named = path.symlink_metadata()?;
    Ok(file_id(a)? == FileId { device: named.dev(), inode: named.ino() })
}

/// Bytes of memory (or disk) that stand behind the file.
///
/// # Errors
/// Those of fstat(2).
pub fn allocated_bytes(file: &File) -> io::Result<u64> {
    Ok(file.metadata()?.blocks() * STAT_BLOCK)
}

/// The user id of the owner and the permission bits.
///
/// # Errors
/// Those of fstat(2).
pub fn owner(file: &File) -> io::Result<(u32, u32)> {
    let facts = file.metadata()?;
    Ok((facts.uid(), facts.mode() & 0o7777))
}

/// Bytes that the file system prefers to work in; on hugetlbfs the size of its pages, of which the
/// size of the file has to be a multiple.
///
/// # Errors
/// Those of fstat(2).
pub fn block_size(file: &File) -> io::Result<u64> {
    Ok(file.metadata()?.blksize())
}

/// Whether the file lies on hugetlbfs, where mappings consist of huge pages only.
///
/// # Errors
/// Those of fstatfs(2).
pub fn is_hugetlbfs(file: &File) -> io::Result<bool> {
    Ok(file_system(file)? == libc::HUGETLBFS_MAGIC as u32)
}

/// Whether the file lies in memory (tmpfs, hugetlbfs, ramfs), and so does not outlive a boot.
///
/// # Errors
/// Those of fstatfs(2).
pub fn is_in_memory(file: &File) -> io::Result<bool> {
    const RAMFS_MAGIC: u32 = 0x8584_58f6;
    let found = file_system(file)?;
    Ok([libc::TMPFS_MAGIC as u32, libc::HUGETLBFS_MAGIC as u32, RAMFS_MAGIC].contains(&found))
}

/// The magic number of the file system that the file lies on.
fn file_system(file: &File) -> io::Result<u32> {
    let mut facts = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the call fills the local in that it is given.
    retry_interrupted(|| check(unsafe { libc::fstatfs(file.as_raw_fd(), facts.as_mut_ptr()) }))?;
    // SAFETY: the call succeeded and has filled it in.
    let facts = unsafe { facts.assume_init() };
    // The type of the field differs between the C libraries; the magic numbers have 32 bits.
    Ok(facts.f_type as u32)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::fd::{AsFd, FromRawFd};
    use std::os::unix::fs::{FileExt, PermissionsExt, symlink};

    use super::*;
    use crate::shm::{create_unlinked, reopen};
    use crate::testing::{Child, Directory, alone, on_mount};

    #[test]
    fn a_name_that_was_taken_by_another_file_is_not_the_same() {
        let directory = Directory::new();
        let (ours, path) = (directory.join("ours"), directory.join("name"));
        let file = File::create(&ours).unwrap();
        fs::hard_link(&ours, &path).unwrap();
        assert!(same_file(&file, &path).unwrap());
        fs::remove_file(&path).unwrap();
        assert_eq!(same_file(&file, &path).unwrap_err().kind(), io::ErrorKind::NotFound);
        File::create(&path).unwrap();
        assert!(!same_file(&file, &path).unwrap());
        fs::remove_file(&path).unwrap();
        symlink(&ours, &path).unwrap();
        assert!(!same_file(&file, &path).unwrap());
    }

    #[test]
    fn a_descriptor_that_is_lost_is_not_the_file() {
        let _alone = alone();
        let directory = Directory::new();
        let file = create_unlinked(directory.path(), 0o600).unwrap();
        let id = file_id(&file).unwrap();
        assert!(is_same(&file, id) && is_same(&reopen(file.as_fd()).unwrap(), id));
        let other = create_unlinked(directory.path(), 0o600).unwrap();
        assert!(!is_same(&other, id));
        // In a process without other threads, which could use the number in between.
        let mut child = Child::fork(|| {
            // SAFETY: the calls take numbers. The child ends without dropping the file.
            let closed = unsafe { libc::close(file.as_raw_fd()) } == 0 && !is_same(&file, id);
            // SAFETY: as above.
            let reused = unsafe { libc::dup2(other.as_raw_fd(), file.as_raw_fd()) } != -1;
            let is_another = !is_same(&file, id);
            // SAFETY: an owner that was told nothing of the above.
            close_if_same(unsafe { File::from_raw_fd(file.as_raw_fd()) }, id);
            // SAFETY: takes numbers.
            let is_open = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFD) } != -1;
            i32::from(!(closed && reused && is_another && is_open))
        });
        assert_eq!(child.wait(), 0);
        let number = file.as_raw_fd();
        close_if_same(file, id);
        assert!(FileId::of_number(number).map_or(true, |found| found != id));
    }

    #[test]
    fn only_written_memory_is_allocated() {
        let file = create_unlinked(Directory::new().path(), 0o600).unwrap();
        file.set_len(1 << 20).unwrap();
        assert_eq!(allocated_bytes(&file).unwrap(), 0);
        file.write_all_at(b"x", 5000).unwrap();
        assert_eq!(allocated_bytes(&file).unwrap(), block_size(&file).unwrap());
    }

    #[test]
    fn the_owner_is_the_user_that_made_it() {
        let file = create_unlinked(Directory::new().path(), 0o640).unwrap();
        // SAFETY: geteuid takes nothing, touches no memory and cannot fail.
        let user = unsafe { libc::geteuid() };
        assert_eq!(owner(&file).unwrap(), (user, 0o640));
        file.set_permissions(Permissions::from_mode(0o600)).unwrap();
        assert_eq!(owner(&file).unwrap(), (user, 0o600));
    }

    #[test]
    fn ordinary_shared_memory_has_no_huge_pages() {
        let file = create_unlinked(Directory::new().path(), 0o600).unwrap();
        assert!(!is_hugetlbfs(&file).unwrap());
        assert_eq!(block_size(&file).unwrap(), crate::memory::page_size());
    }

    #[test]
    fn hugetlbfs_is_known_with_its_page_size() {
        on_mount("hugetlbfs", "", |directory| {
            let file = File::create_new(directory.join("file")).unwrap();
            assert!(is_hugetlbfs(&file).unwrap());
            assert!(block_size(&file).unwrap() > crate::memory::page_size());
        });
    }
}
