//! Mapped memory: what it costs, and advice to the kernel.

mod sparse;

use std::io;

use crate::status::{check, retry_interrupted};

pub use sparse::Sparse;

/// Pages that one mincore call is asked about.
const PAGES_PER_CALL: usize = 4096;

/// Bytes of a page of memory.
pub fn page_size() -> u64 {
    // SAFETY: sysconf takes a number and touches no memory.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    // Every Linux answers; the fallback is for form's sake.
    u64::try_from(size).unwrap_or(4096)
}

/// Bytes of the pages that are in memory, of those that the `len` bytes from `ptr` on touch. Whole pages are counted.
///
/// # Errors
/// Of mincore(2): ENOMEM if not all of the range is mapped.
pub fn resident_bytes(ptr: *const u8, len: usize) -> io::Result<u64> {
    let page = page_size() as usize;
    let before = ptr.addr() % page;
    let pages = if len == 0 { 0 } else { len.saturating_add(before).div_ceil(page) };
    let (mut flags, mut asked, mut resident) = ([0_u8; PAGES_PER_CALL], 0, 0);
    while asked < pages {
        let now = PAGES_PER_CALL.min(pages - asked);
        let at = ptr.wrapping_sub(before).wrapping_add(asked * page).cast_mut().cast();
        // SAFETY: the call reads none of the memory, checks the range itself, and writes `now` flags, which fit.
        retry_interrupted(|| check(unsafe { libc::mincore(at, now * page, flags.as_mut_ptr()) }))?;
        // The other bits are reserved.
        resident += flags[..now].iter().filter(|flag| **flag & 1 != 0).count() as u64;
        asked += now;
    }
    Ok(resident * page as u64)
}

/// Has the kernel bring in the `len` bytes from `ptr` on, ready to be written, without changing them.
///
/// # Errors
/// Of madvise(2): `InvalidInput` on kernels before 5.14 or if `ptr` is not at the start of a page, EFAULT where a touch
/// would have been a SIGBUS.
///
/// # Safety
/// The range has to be mapped, by the caller, for reading and writing.
pub unsafe fn populate(ptr: *mut u8, len: usize) -> io::Result<()> {
    retry_interrupted(|| {
        // SAFETY: the caller vouches for the range; the contents stay as they are.
        check(unsafe { libc::madvise(ptr.cast(), len, libc::MADV_POPULATE_WRITE) })
    })
    .map(drop)
}

/// Leaves the `len` bytes from `ptr` on out of core dumps of this process and of its later forked children.
///
/// The kernel dumps shared memory without a name by default (core(5)), and so reads all of it: on tmpfs that gives
/// memory to each hole, for good.
///
/// # Errors
/// Those of madvise(2) with MADV_DONTDUMP (Linux 3.4): `InvalidInput` if `ptr` is not at the start of a page, ENOMEM if
/// not all of the range is mapped.
pub fn dont_dump(ptr: *const u8, len: usize) -> io::Result<()> {
    // SAFETY: the advice changes nothing that can be read.
    check(unsafe { libc::madvise(ptr.cast_mut().cast(), len, libc::MADV_DONTDUMP) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shm::memfd;
    use crate::testing::Mapping;

    fn mapping(pages: u64) -> Mapping {
        let file = memfd("memory-test").unwrap();
        file.set_len(pages * page_size()).unwrap();
        Mapping::of(&file)
    }

    #[test]
    fn a_page_is_a_power_of_two() {
        assert!(page_size().is_power_of_two() && page_size() >= 4096);
    }

    #[test]
    fn only_touched_pages_are_resident() {
        let mapping = mapping(3);
        assert_eq!(resident_bytes(mapping.base(), mapping.len()).unwrap(), 0);
        mapping.word().store(1, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(resident_bytes(mapping.base(), mapping.len()).unwrap(), page_size());
        assert_eq!(resident_bytes(mapping.base(), 0).unwrap(), 0);
    }

    #[test]
    fn populating_makes_all_resident_in_more_than_one_call() {
        let mapping = mapping(PAGES_PER_CALL as u64 + 1);
        // SAFETY: the range is mapped for reading and writing.
        if let Err(error) = unsafe { populate(mapping.base(), mapping.len()) } {
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
            eprintln!("SKIPPED: this kernel cannot populate: {error}");
            return;
        }
        assert_eq!(resident_bytes(mapping.base(), mapping.len()).unwrap(), mapping.len() as u64);
        let inside = mapping.base().wrapping_add(1);
        assert_eq!(resident_bytes(inside, page_size() as usize).unwrap(), 2 * page_size());
    }

    #[test]
    fn what_is_not_mapped_is_an_error() {
        let error = resident_bytes(std::ptr::null(), page_size() as usize).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOMEM));
    }

    #[test]
    fn populating_behind_the_end_of_a_file_is_an_error_and_no_signal() {
        let file = memfd("memory-test").unwrap();
        file.set_len(2 * page_size()).unwrap();
        let mapping = Mapping::of(&file);
        file.set_len(page_size()).unwrap();
        // SAFETY: the range is mapped for reading and writing, though nothing is behind its second page.
        assert!(unsafe { populate(mapping.base(), mapping.len()) }.is_err());
    }
}
