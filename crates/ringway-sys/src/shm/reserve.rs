//! Memory that is there before it is touched: a full file system is an error here, not a SIGBUS later.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;

use crate::status::{check, retry_interrupted};

/// Signals make fallocate undo its work. Parts of this size, in bytes, are not made smaller for their sake.
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

/// Makes sure that memory stands behind `len` bytes from `offset` on. What is there already stays as it is, and
/// nothing is counted twice. The range has to lie within the size of the file; otherwise the file grows.
///
/// On file systems without fallocate(2) the C library writes zeros to each block; there the range must not be in use
/// by anybody yet.
///
/// Under the memory limit of a control group this can end in the out-of-memory killer rather than in an error.
///
/// # Errors
/// [`NoSpace`], with the error of fallocate(2) as its source, also if that error is not about space.
pub fn reserve(file: &File, offset: u64, len: u64) -> Result<(), NoSpace> {
    reserve_in_parts(offset, len, |at, part| allocate(file, at, part)).map_err(|source| NoSpace {
        needed: len,
        available: available_bytes(file).unwrap_or(None),
        source,
    })
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
    match check(unsafe { libc::fallocate(file.as_raw_fd(), 0, offset, len) }) {
        Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => {
            write_blocks(file, offset, len)
        }
        result => result.map(drop),
    }
}

fn write_blocks(file: &File, offset: i64, len: i64) -> io::Result<()> {
    // SAFETY: posix_fallocate takes numbers and touches no memory. It returns its error and leaves errno alone.
    match unsafe { libc::posix_fallocate(file.as_raw_fd(), offset, len) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
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
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::shm::{allocated_bytes, create_unlinked, memfd, reopen};
    use crate::testing::{Directory, on_mount};

    #[test]
    fn reserved_memory_is_there_once_and_keeps_its_contents() {
        let file = create_unlinked(Directory::new().path(), 0o600).unwrap();
        file.set_len(1 << 20).unwrap();
        file.write_all_at(b"kept", 4096).unwrap();
        for _ in 0..2 {
            reserve(&file, 0, 256 << 10).unwrap();
            assert_eq!(allocated_bytes(&file).unwrap(), 256 << 10);
        }
        reserve(&file, 512 << 10, 1).unwrap();
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
        reserve(&file, 0, 65536).unwrap();
        assert_eq!(allocated_bytes(&file).unwrap(), 65536);
    }

    #[test]
    fn a_full_file_system_tells_both_numbers() {
        on_mount("tmpfs", "size=1m", |directory| {
            let file = create_unlinked(directory, 0o600).unwrap();
            file.set_len(8 << 20).unwrap();
            reserve(&file, 0, 256 << 10).unwrap();
            let error = reserve(&file, 1 << 20, 2 << 20).unwrap_err();
            assert_eq!((error.needed, error.available), (2 << 20, Some(768 << 10)));
            assert_eq!(error.source.kind(), io::ErrorKind::StorageFull);
            assert_eq!(error.to_string(), "needs 2097152 bytes, 786432 available");
            assert!(Error::source(&error).is_some());
            reserve(&file, 1 << 20, 768 << 10).unwrap();
        });
    }

    #[test]
    fn a_file_system_without_fallocate_is_written_to() {
        on_mount("ramfs", "", |directory| {
            let file = File::create_new(directory.join("file")).unwrap();
            file.set_len(65536).unwrap();
            // SAFETY: fallocate takes numbers and touches no memory.
            let direct = check(unsafe { libc::fallocate(file.as_raw_fd(), 0, 0, 4096) });
            assert_eq!(direct.unwrap_err().raw_os_error(), Some(libc::EOPNOTSUPP));
            match reserve(&file, 0, 65536) {
                Ok(()) => assert_eq!(file.metadata().unwrap().len(), 65536),
                // Not every C library writes the blocks itself.
                Err(error) => assert_eq!(error.source.raw_os_error(), Some(libc::EOPNOTSUPP)),
            }
        });
    }

    #[test]
    fn other_errors_keep_their_cause_and_an_unlimited_file_system_has_no_number() {
        use std::os::fd::AsFd;
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
