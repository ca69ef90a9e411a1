//! Giving memory of a file back.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use crate::status::{check, retry_interrupted};

/// Gives the memory behind `len` bytes from `offset` on back to the system (Linux 2.6.38, tmpfs
/// 3.5). They read as zeros then.
///
/// # Errors
/// Those of fallocate(2): `Unsupported` where the file system cannot punch holes.
pub fn punch(file: &File, offset: u64, len: u64) -> io::Result<()> {
    let too_large = |_| io::Error::from_raw_os_error(libc::EFBIG);
    let offset = i64::try_from(offset).map_err(too_large)?;
    let len = i64::try_from(len).map_err(too_large)?;
    let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
    // SAFETY: fallocate takes numbers and touches no memory.
    retry_interrupted(|| check(unsafe { libc::fallocate(file.as_raw_fd(), mode, offset, len) }))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::shm::{Reserved, allocated_bytes, memfd, reserve, seal};

    #[test]
    fn punched_bytes_are_zero_and_take_no_memory_even_in_a_sealed_file() {
        let file = memfd("punch-test").unwrap();
        file.set_len(1 << 20).unwrap();
        seal(&file).unwrap();
        assert_eq!(reserve(&file, 0, 1 << 20).unwrap(), Reserved::Done);
        file.write_all_at(b"gone", 4096).unwrap();
        punch(&file, 4096, 8192).unwrap();
        let mut bytes = [1; 4];
        file.read_exact_at(&mut bytes, 4096).unwrap();
        assert_eq!(bytes, [0; 4]);
        assert_eq!(allocated_bytes(&file).unwrap(), (1 << 20) - 8192);
    }
}
