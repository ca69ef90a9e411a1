//! Reserves memory before it is touched, so that a full file system is an error and not a SIGBUS
//! later.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use crate::memory;
use crate::status::{check, retry_interrupted};

/// Signals make fallocate undo its work. Parts of this size, in bytes, are not made smaller for
/// their sake.
const SMALLEST_PART: u64 = 64 << 10;

/// [`reserve`] failed.
#[derive(Debug)]
pub struct NoSpace {
    /// Bytes that were asked for.
    pub needed: u64,
    /// Bytes that the file system had left for us, where it tells and knows a limit.
    pub available: Option<u64>,
    /// What the system said: ENOSPC as a rule.
    pub source: io::Error,
}

impl fmt::Display for NoSpace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "needs {} bytes, ", self.needed)?;
        match self.available {
            Some(available) => write!(formatter, "{available} available"),
            None => write!(formatter, "an unknown number available"),
        }
    }
}

impl Error for NoSpace {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// What [`reserve`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "if it is unsupported, there may be no memory"]
pub enum Reserved {
    /// Memory stands behind the range.
    Done,
    /// The file system knows no fallocate(2), and nothing was done. [`reserve_new`] and
    /// [`reserve_mapped`] know other ways.
    Unsupported,
}

/// Makes sure that memory stands behind `len` bytes from `offset` on, by fallocate(2) (Linux
/// 2.6.23, tmpfs 3.5). What is there already stays as it is, and nothing is counted twice. The
/// range has to lie within the size of the file; otherwise the file grows.
///
/// The C library's posix_fallocate(3) is not used: where there is no fallocate(2) it reads a byte
/// of each block and writes it back, and so undoes what another process wrote in between.
///
/// Under the memory limit of a control group this can end in the out-of-memory killer rather than
/// in an error.
///
/// # Errors
/// [`NoSpace`], with the error of fallocate(2) as its source, also if that error is not about
/// space.
pub fn reserve(file: &File, offset: u64, len: u64) -> Result<Reserved, NoSpace> {
    match reserve_in_parts(offset, len, |at, part| allocate(file, at, part)) {
        Ok(()) => Ok(Reserved::Done),
        Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => Ok(Reserved::Unsupported),
        Err(source) => Err(no_space(file, len, source)),
    }
}

/// As [`reserve`], for a range of zeros that no other thread or process uses yet: where the file
/// system knows no fallocate(2), zeros are written to it.
///
/// # Errors
/// [`NoSpace`].
pub fn reserve_new(file: &File, offset: u64, len: u64) -> Result<(), NoSpace> {
    match reserve(file, offset, len)? {
        Reserved::Done => Ok(()),
        Reserved::Unsupported => {
            write_zeros(file, offset, len).map_err(|source| no_space(file, len, source))
        }
    }
}

fn write_zeros(file: &File, offset: u64, len: u64) -> io::Result<()> {
    let zeros = [0; 4096];
    let mut done = 0;
    while done < len {
        let part = (len - done).min(zeros.len() as u64);
        file.write_all_at(&zeros[..part as usize], offset + done)?;
        done += part;
    }
    Ok(())
}

/// As [`reserve`], for a file that is mapped from its beginning on at `base`. Where the file system
/// knows no fallocate(2), the pages of the mapping are brought in ([`memory::back`]), which other
/// processes may use meanwhile.
///
/// # Errors
/// [`NoSpace`]. Where [`memory::back`] has to touch the pages (before Linux 5.14), a full file
/// system without fallocate(2) is a SIGBUS instead.
///
/// # Safety
/// `file` has to be mapped at `base`, by the caller, for reading and writing, at least up to the
/// end of the range. All accesses to it while this runs have to be atomic, or of other processes,
/// or to memory that this thread owns.
pub unsafe fn reserve_mapped(
    file: &File,
    base: *mut u8,
    offset: u64,
    len: u64,
) -> Result<(), NoSpace> {
    match reserve(file, offset, len)? {
        Reserved::Done => Ok(()),
        Reserved::Unsupported => {
            // SAFETY: the caller vouches for the range, so that both numbers are addresses.
            unsafe { memory::back(base.add(offset as usize), len as usize) }
                .map_err(|source| no_space(file, len, source))
        }
    }
}

fn no_space(file: &File, needed: u64, source: io::Error) -> NoSpace {
    NoSpace { needed, available: available_bytes(file).unwrap_or(None), source }
}

/// In one part, unless signals come faster than that can be done.
fn reserve_in_parts(
    offset: u64,
    len: u64,
    mut allocate: impl FnMut(u64, u64) -> io::Result<()>,
) -> io::Result<()> {
    let (mut done, mut part) = (0, len);
    while done < len {
        let next = part.min(len - done);
        match allocate(offset.saturating_add(done), next) {
            Ok(()) => done += next,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                part = (next / 2).max(SMALLEST_PART)
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn allocate(file: &File, offset: u64, len: u64) -> io::Result<()> {
    let too_large = |_| io::Error::from_raw_os_error(libc::EFBIG);
    let (offset, len) =
        (i64::try_from(offset).map_err(too_large)?, i64::try_from(len).map_err(too_large)?);
    // SAFETY: fallocate takes numbers and touches no memory.
    check(unsafe { libc::fallocate(file.as_raw_fd(), 0, offset, len) }).map(drop)
}

/// What is left for a user without privileges; `None` where there is no limit.
fn available_bytes(file: &File) -> io::Result<Option<u64>> {
    let mut facts = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the call fills the local in that it is given.
    retry_interrupted(|| check(unsafe { libc::fstatvfs(file.as_raw_fd(), facts.as_mut_ptr()) }))?;
    // SAFETY: the call succeeded and has filled it in.
    let facts = unsafe { facts.assume_init() };
    // A tmpfs without a limit (that of memfd for one) shows no blocks at all.
    Ok((facts.f_blocks != 0).then(|| facts.f_bavail.saturating_mul(facts.f_frsize)))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::time::SystemTime;

    use super::*;
    use crate::memory::resident_bytes;
    use crate::shm::{allocated_bytes, create_unlinked, memfd, reopen};
    use crate::testing::{Directory, Mapping, on_mount};

    #[test]
    fn reserved_memory_is_there_once_and_keeps_its_contents() {
        let file = create_unlinked(Directory::new().path(), 0o600).unwrap();
        file.set_len(1 << 20).unwrap();
        file.write_all_at(b"kept", 4096).unwrap();
        for _ in 0..2 {
            assert_eq!(reserve(&file, 0, 256 << 10).unwrap(), Reserved::Done);
            assert_eq!(allocated_bytes(&file).unwrap(), 256 << 10);
        }
        assert_eq!(reserve(&file, 512 << 10, 1).unwrap(), Reserved::Done);
        assert_eq!(allocated_bytes(&file).unwrap(), (256 << 10) + 4096);
        let mut bytes = [0; 4];
        file.read_exact_at(&mut bytes, 4096).unwrap();
        assert_eq!(&bytes, b"kept");
        assert_eq!(file.metadata().unwrap().len(), 1 << 20);
    }

    #[test]
    fn a_sealed_file_can_be_reserved() {
        let file = memfd("reserve-test").unwrap();
        file.set_len(65536).unwrap();
        crate::shm::seal(&file).unwrap();
        assert_eq!(reserve(&file, 0, 65536).unwrap(), Reserved::Done);
        assert_eq!(allocated_bytes(&file).unwrap(), 65536);
    }

    #[test]
    fn a_full_file_system_tells_both_numbers() {
        on_mount("tmpfs", "size=1m", |directory| {
            let file = create_unlinked(directory, 0o600).unwrap();
            file.set_len(8 << 20).unwrap();
            assert_eq!(reserve(&file, 0, 256 << 10).unwrap(), Reserved::Done);
            let error = reserve(&file, 1 << 20, 2 << 20).unwrap_err();
            assert_eq!((error.needed, error.available), (2 << 20, Some(768 << 10)));
            assert_eq!(error.source.kind(), io::ErrorKind::StorageFull);
            assert_eq!(error.to_string(), "needs 2097152 bytes, 786432 available");
            assert!(Error::source(&error).is_some());
            assert_eq!(reserve(&file, 1 << 20, 768 << 10).unwrap(), Reserved::Done);
        });
    }

    #[test]
    fn without_fallocate_nothing_is_written_to_the_file() {
        on_mount("ramfs", "", |directory| {
            let file = File::create_new(directory.join("file")).unwrap();
            let file = reopen(file.as_fd()).unwrap();
            file.set_len(65536).unwrap();
            file.write_all_at(b"kept", 4096).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
            assert_eq!(reserve(&file, 0, 65536).unwrap(), Reserved::Unsupported);
            let written = file.metadata().unwrap().modified().unwrap();
            assert_eq!(written, SystemTime::UNIX_EPOCH, "a write would undo those of others");

            let map = Mapping::of(&file);
            // SAFETY: the whole file is mapped for reading and writing, and this thread alone uses
            // it.
            unsafe { reserve_mapped(&file, map.base(), 4096 + 5, 3 * 4096) }.unwrap();
            assert_eq!(resident_bytes(map.base(), map.len()).unwrap(), 4 * 4096);
            let mut bytes = [0; 4];
            file.read_exact_at(&mut bytes, 4096).unwrap();
            assert_eq!(&bytes, b"kept");
        });
    }

    #[test]
    fn without_fallocate_a_new_file_is_written() {
        on_mount("ramfs", "", |directory| {
            let file = File::create_new(directory.join("file")).unwrap();
            let file = reopen(file.as_fd()).unwrap();
            file.set_len(65536).unwrap();
            reserve_new(&file, 4096 + 5, 8192).unwrap();
            assert_eq!(file.metadata().unwrap().len(), 65536);
            let map = Mapping::of(&file);
            assert_eq!(resident_bytes(map.base(), map.len()).unwrap(), 3 * 4096);
        });
    }

    #[test]
    fn a_mapping_is_not_touched_where_fallocate_does() {
        let file = memfd("reserve-test").unwrap();
        file.set_len(65536).unwrap();
        let map = Mapping::of(&file);
        // SAFETY: the whole file is mapped for reading and writing, and this thread alone uses it.
        unsafe { reserve_mapped(&file, map.base(), 4096, 8192) }.unwrap();
        assert_eq!(allocated_bytes(&file).unwrap(), 8192);
    }

    #[test]
    fn other_errors_keep_their_cause_and_an_unlimited_file_system_has_no_number() {
        let file = memfd("reserve-test").unwrap();
        let path = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
        let error = reserve(&File::open(path).unwrap(), 0, 4096).unwrap_err();
        assert_eq!((error.source.raw_os_error(), error.available), (Some(libc::EBADF), None));
        assert_eq!(error.to_string(), "needs 4096 bytes, an unknown number available");
        let error = reserve(&reopen(file.as_fd()).unwrap(), 0, u64::MAX).unwrap_err();
        assert_eq!(error.source.raw_os_error(), Some(libc::EFBIG));
    }

    #[test]
    fn signals_make_the_parts_smaller_and_leave_no_gap() {
        let (mut next, mut calls, offset, len) = (100, 0, 100, 10 * SMALLEST_PART + 1);
        reserve_in_parts(offset, len, |at, part| {
            calls += 1;
            assert_eq!(at, next);
            if part > SMALLEST_PART {
                return Err(io::Error::from_raw_os_error(libc::EINTR));
            }
            next += part;
            Ok(())
        })
        .unwrap();
        assert_eq!(next, offset + len);
        assert!(calls > 11);
    }
}
