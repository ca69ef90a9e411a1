//! Mapped memory: what it costs, and advice to the kernel.

mod sparse;

use std::hint::black_box;
use std::io;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use crate::status::{check, retry_interrupted};

pub use sparse::{Sparse, new_mappings_are_locked};

/// Pages that one mincore call is asked about.
const PAGES_PER_CALL: usize = 4096;

/// Returns the size of a page of memory, in bytes.
pub fn page_size() -> u64 {
    // SAFETY: sysconf takes a number and touches no memory.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    // Every Linux tells; the fallback is for form's sake.
    u64::try_from(size).unwrap_or(4096)
}

/// Counts the bytes of the `len` from `ptr` on that are in memory, in whole pages.
///
/// # Errors
/// Those of mincore(2): ENOMEM if not all of the range is mapped.
pub fn resident_bytes(ptr: *const u8, len: usize) -> io::Result<u64> {
    let page = page_size() as usize;
    let before = ptr.addr() % page;
    let pages = if len == 0 { 0 } else { len.saturating_add(before).div_ceil(page) };
    let (mut flags, mut asked, mut resident) = ([0_u8; PAGES_PER_CALL], 0, 0);
    while asked < pages {
        let now = PAGES_PER_CALL.min(pages - asked);
        let at = ptr.wrapping_sub(before).wrapping_add(asked * page).cast_mut().cast();
        // SAFETY: the call reads none of the memory, checks the range itself, and writes `now`
        // flags, which fit.
        retry_interrupted(|| check(unsafe { libc::mincore(at, now * page, flags.as_mut_ptr()) }))?;
        // The other bits are reserved.
        resident += flags[..now].iter().filter(|flag| **flag & 1 != 0).count() as u64;
        asked += now;
    }
    Ok(resident * page as u64)
}

/// Has the kernel bring in the `len` bytes from `ptr` on, ready to be written, without changing
/// them (MADV_POPULATE_WRITE, Linux 5.14). Other threads and processes may use them meanwhile.
///
/// # Errors
/// Those of madvise(2): `InvalidInput` on kernels before 5.14 or if `ptr` is not at the start of a
/// page, EFAULT where a touch would have been a SIGBUS.
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

/// Makes sure that memory (or disk) stands behind the `len` bytes from `ptr` on, without changing
/// them: by [`populate`], or before Linux 5.14 by [`touch_atomically`]. All of the first and the
/// last page is meant.
///
/// # Errors
/// ENOSPC where a touch would have been a SIGBUS: the file system is full, or the file ends before.
/// Others of madvise(2).
///
/// # Safety
/// As [`touch_atomically`].
pub unsafe fn back(ptr: *mut u8, len: usize) -> io::Result<()> {
    let before = ptr.addr() % page_size() as usize;
    // SAFETY: the caller vouches for the range, and a page that is mapped in part is mapped.
    match unsafe { populate(ptr.wrapping_sub(before), len + before) } {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            // SAFETY: as the caller vouches.
            unsafe { touch_atomically(ptr, len) };
            Ok(())
        }
        Err(error) if error.raw_os_error() == Some(libc::EFAULT) => {
            Err(io::Error::from_raw_os_error(libc::ENOSPC))
        }
        result => result,
    }
}

/// Writes to each page of the `len` bytes from `ptr` on without changing anything: by an atomic OR
/// with nothing, which loses no write of another thread or process. A page that cannot get memory
/// is a SIGBUS.
///
/// # Safety
/// The range has to be mapped, by the caller, for reading and writing. While this runs, all other
/// accesses to it in this process have to be atomic ones of bytes or by the calling thread, and it
/// must not be borrowed.
pub unsafe fn touch_atomically(ptr: *mut u8, len: usize) {
    let page = page_size() as usize;
    let first = ptr.addr() % page;
    // The first byte of the range, and of each later page.
    for at in std::iter::once(0).chain((page - first..len).step_by(page)).take_while(|at| *at < len)
    {
        // SAFETY: the byte lies in the range that the caller vouches for.
        let byte = unsafe { AtomicU8::from_ptr(ptr.add(at)) };
        // An OR with a zero that the compiler knows would become a mere load, which brings in no
        // memory.
        byte.fetch_or(black_box(0), Relaxed);
    }
}

/// Leaves the `len` bytes from `ptr` on out of core dumps of this process and of its later forked
/// children.
///
/// The kernel dumps shared memory without a name by default (core(5)), and so reads all of it: on
/// tmpfs that gives memory to each hole, for good.
///
/// # Errors
/// Those of madvise(2) with MADV_DONTDUMP (Linux 3.4): `InvalidInput` if `ptr` is not at the start
/// of a page, ENOMEM if not all of the range is mapped.
pub fn dont_dump(ptr: *const u8, len: usize) -> io::Result<()> {
    // SAFETY: the advice changes nothing that can be read.
    check(unsafe { libc::madvise(ptr.cast_mut().cast(), len, libc::MADV_DONTDUMP) }).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32};

    use super::*;
    use crate::shm::memfd;
    use crate::testing::{Child, Mapping, alone};

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
        mapping.word().store(1, Relaxed);
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
    fn touching_writes_to_each_page_and_changes_none() {
        let mapping = mapping(4);
        let page = page_size() as usize;
        for (at, len, pages) in
            [(0, 0, 0), (page - 1, 1, 1), (page - 1, 2, 2), (5, 2 * page, 3), (0, 4 * page, 4)]
        {
            mapping.word().store(u32::MAX, Relaxed);
            // SAFETY: the range lies in the mapping, which this thread alone uses.
            unsafe { touch_atomically(mapping.base().add(at), len) };
            assert_eq!(mapping.word().load(Relaxed), u32::MAX);
            let resident = resident_bytes(mapping.base(), mapping.len()).unwrap();
            assert_eq!(resident, pages.max(1) * page_size(), "{len} from {at}");
        }
    }

    #[test]
    fn a_touch_is_a_write_to_the_kernel() {
        let _alone = alone();
        let mapping = mapping(1);
        let mut child = Child::fork(|| {
            // SAFETY: the mapping is ours; that it may be read only now is the point.
            unsafe {
                libc::mprotect(mapping.base().cast(), mapping.len(), libc::PROT_READ);
                touch_atomically(mapping.base(), mapping.len());
            }
            0
        });
        assert_eq!(child.wait(), 128 + libc::SIGSEGV);
    }

    #[test]
    fn a_touch_loses_no_write_of_another_thread() {
        let mapping = mapping(1);
        let byte = || {
            // SAFETY: the mapping lives on, and all use atomics.
            unsafe { AtomicU8::from_ptr(mapping.base()) }
        };
        let (last, done) = (AtomicU32::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                while !done.load(Relaxed) {
                    let number = last.fetch_add(1, Relaxed);
                    assert_eq!(byte().swap(number.wrapping_add(1) as u8, Relaxed), number as u8);
                }
            });
            while last.load(Relaxed) < 10_000_000 && !writer.is_finished() {
                // SAFETY: the range is mapped, and the other thread uses atomics of bytes.
                unsafe { touch_atomically(mapping.base(), mapping.len()) };
            }
            done.store(true, Relaxed);
        });
    }

    #[test]
    fn backing_takes_whole_pages_and_fails_behind_the_end() {
        let file = memfd("memory-test").unwrap();
        file.set_len(3 * page_size()).unwrap();
        let mapping = Mapping::of(&file);
        file.set_len(2 * page_size()).unwrap();
        // SAFETY: the range is mapped for reading and writing, and this thread alone uses it.
        unsafe { back(mapping.base().add(page_size() as usize - 1), 2) }.unwrap();
        assert_eq!(resident_bytes(mapping.base(), mapping.len()).unwrap(), 2 * page_size());
        // SAFETY: as above, though nothing is behind the third page.
        if let Err(error) = unsafe { populate(mapping.base(), 0) } {
            return eprintln!("SKIPPED: this kernel cannot populate: {error}");
        }
        // SAFETY: as above.
        let error = unsafe { back(mapping.base(), mapping.len()) }.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOSPC));
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
        // SAFETY: the range is mapped for reading and writing, though nothing is behind its second
        // page.
        assert!(unsafe { populate(mapping.base(), mapping.len()) }.is_err());
    }
}
