//! Mappings that are much larger than what is used of them, and stay so.
//!
//! A segment reserves addresses for all that it could ever hold, gigabytes as a rule, and gets
//! memory as it is used. Two things would give all of it memory at once: a core dump, which reads
//! the holes of a file without a name and so fills them, and mlockall(2) with MCL_FUTURE, which
//! real-time processes call.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr::{self, NonNull};

use super::{dont_dump, page_size};
use crate::shm::is_hugetlbfs;
use crate::status::check;

/// A mapping that has memory where it was touched, and nowhere else. It is unmapped when it is
/// dropped.
///
/// * A mapping of a file is left out of core dumps (MADV_DONTDUMP, Linux 3.4).
/// * Under mlockall(MCL_FUTURE) only pages that were touched are locked, as with MCL_ONFAULT
///   (mlock2(2), Linux 4.4). If RLIMIT_MEMLOCK is too low for `len` bytes, none is locked and the
///   mapping succeeds all the same.
/// * A later mlockall(MCL_CURRENT) without MCL_ONFAULT fills the whole mapping; nothing can be done
///   about that here.
/// * No swap space is reserved (MAP_NORESERVE).
///
/// It has to be made here: [`dont_dump`] can be asked for any mapping, but under mlockall one that
/// was made by other means is full before it can be advised.
///
/// The type knows the range only. To access the memory is unsafe, and other processes may do so at
/// the same time.
#[derive(Debug)]
pub struct Sparse {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: it is an address range that belongs to no thread; it gives no access to what is in it.
unsafe impl Send for Sparse {}
// SAFETY: as above.
unsafe impl Sync for Sparse {}

impl Sparse {
    /// Maps `len` bytes of `file` from its beginning on, shared, for reading and writing. On
    /// hugetlbfs `len` has to be a multiple of the size of its pages.
    ///
    /// # Errors
    /// Those of mmap(2): `InvalidInput` if `len` is 0, `PermissionDenied` if the file is not open
    /// for both, ENOMEM if there is no room among the addresses. `WouldBlock` (EAGAIN) means that
    /// mlockall(MCL_FUTURE) is in force and RLIMIT_MEMLOCK leaves no page, or, for hugetlbfs, not
    /// `len` bytes.
    pub fn of_file(file: &File, len: usize) -> io::Result<Self> {
        let map = Self::map(Some(file), len)?;
        dont_dump(map.base.as_ptr(), len)?;
        Ok(map)
    }

    /// Maps `len` bytes of zeros that belong to this process alone. They are part of a core dump,
    /// which does not fill them.
    ///
    /// # Errors
    /// As [`of_file`](Self::of_file).
    pub fn anonymous(len: usize) -> io::Result<Self> {
        Self::map(None, len)
    }

    /// The address of the first byte.
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// How many bytes are mapped.
    #[expect(clippy::len_without_is_empty, reason = "no mapping is empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Asks for huge pages (MADV_HUGEPAGE).
    ///
    /// # Errors
    /// Those of madvise(2): `InvalidInput` if the kernel has none.
    pub fn prefer_huge_pages(&self) -> io::Result<()> {
        // SAFETY: the range is ours, and the advice changes nothing that can be read.
        check(unsafe { libc::madvise(self.base.as_ptr().cast(), self.len, libc::MADV_HUGEPAGE) })
            .map(drop)
    }

    fn map(file: Option<&File>, len: usize) -> io::Result<Self> {
        if new_mappings_are_locked() {
            Self::map_unlocked(file, len)
        } else {
            Self::new(file, len, ACCESS)
        }
    }

    /// Maps without filling. Then the range is locked again, page by page as it is touched.
    #[cold]
    fn map_unlocked(file: Option<&File>, len: usize) -> io::Result<Self> {
        let map = match file {
            Some(file) if is_hugetlbfs(file)? => Self::map_inaccessible_first(file, len)?,
            _ => Self::map_a_page_first(file, len)?,
        };
        // SAFETY: the range is ours; locking changes nothing that can be read. It is no error if
        // RLIMIT_MEMLOCK forbids it: the program runs on, and may be swapped out.
        unsafe { libc::syscall(libc::SYS_mlock2, map.base.as_ptr(), len, libc::MLOCK_ONFAULT) };
        Ok(map)
    }

    /// A mapping that was unlocked grows by addresses that are neither filled nor counted by
    /// RLIMIT_MEMLOCK.
    fn map_a_page_first(file: Option<&File>, len: usize) -> io::Result<Self> {
        let first = Self::new(file, len.min(page_size() as usize), ACCESS)?;
        first.unlock()?;
        first.grow(len)
    }

    /// Huge pages of hugetlbfs do not grow. What may not be accessed is counted, but not filled.
    fn map_inaccessible_first(file: &File, len: usize) -> io::Result<Self> {
        let map = Self::new(Some(file), len, libc::PROT_NONE)?;
        map.unlock()?;
        // SAFETY: the range is ours and nothing refers to it yet.
        check(unsafe { libc::mprotect(map.base.as_ptr().cast(), len, ACCESS) })?;
        Ok(map)
    }

    fn new(file: Option<&File>, len: usize, access: libc::c_int) -> io::Result<Self> {
        let kind = match file {
            Some(_) => libc::MAP_SHARED,
            None => libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
        };
        let fd = file.map_or(-1, AsRawFd::as_raw_fd);
        // SAFETY: a new mapping at an address that the kernel chooses disturbs nothing.
        let base =
            unsafe { libc::mmap(ptr::null_mut(), len, access, kind | libc::MAP_NORESERVE, fd, 0) };
        Self::from_kernel(base, len)
    }

    fn from_kernel(base: *mut libc::c_void, len: usize) -> io::Result<Self> {
        match NonNull::new(base) {
            Some(start) if base != libc::MAP_FAILED => Ok(Self { base: start.cast(), len }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    fn unlock(&self) -> io::Result<()> {
        // SAFETY: the range is ours; unlocking changes nothing that can be read.
        check(unsafe { libc::munlock(self.base.as_ptr().cast(), self.len) }).map(drop)
    }

    fn grow(self, len: usize) -> io::Result<Self> {
        // SAFETY: the range is ours and nothing refers to it, so it may move.
        let base =
            unsafe { libc::mremap(self.base.as_ptr().cast(), self.len, len, libc::MREMAP_MAYMOVE) };
        let grown = Self::from_kernel(base, len)?;
        std::mem::forget(self); // it is a part of the grown one, or gone
        Ok(grown)
    }
}

impl Drop for Sparse {
    fn drop(&mut self) {
        // SAFETY: the range was mapped by us, and code that accesses it vouches that it is still
        // mapped.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
    }
}

const ACCESS: libc::c_int = libc::PROT_READ | libc::PROT_WRITE;

/// Whether mlockall(MCL_FUTURE) is in force. No call tells, but the kernel refuses to take pages
/// away from a range that is locked.
pub fn new_mappings_are_locked() -> bool {
    let len = page_size() as usize;
    let Ok(page) = Sparse::new(None, len, libc::PROT_NONE) else { return false };
    // SAFETY: the page is ours and was never touched.
    check(unsafe { libc::madvise(page.base.as_ptr().cast(), len, libc::MADV_DONTNEED) }).is_err()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

    use super::*;
    use crate::memory::resident_bytes;
    use crate::shm::{allocated_bytes, create_unlinked, memfd};
    use crate::testing::{Child, Directory, Mapping, become_nobody, in_fresh_process, on_mount};

    const LEN: usize = 16 << 20;

    fn sparse_file() -> File {
        let file = memfd("sparse-test").unwrap();
        file.set_len(LEN as u64).unwrap();
        file
    }

    fn touch(map: &Sparse, at: usize) -> u8 {
        assert!(at < map.len());
        // SAFETY: the byte lies within the mapping, which is borrowed.
        unsafe { AtomicU8::from_ptr(map.base().as_ptr().add(at)) }.fetch_add(1, Relaxed)
    }

    /// The two-letter flags that smaps(5) shows of the mapping that begins here.
    fn flags_of(map: &Sparse) -> Vec<String> {
        let smaps = fs::read_to_string("/proc/thread-self/smaps").unwrap();
        let start = format!("{:x}-", map.base().as_ptr().addr());
        let mut lines = smaps.lines().skip_while(|line| !line.starts_with(&start));
        let flags = lines.find_map(|line| line.strip_prefix("VmFlags:")).unwrap();
        flags.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_file_is_shared_and_anonymous_memory_is_not_a_file() {
        let file = sparse_file();
        let (one, two) =
            (Sparse::of_file(&file, LEN).unwrap(), Sparse::of_file(&file, LEN).unwrap());
        assert_eq!((touch(&one, 4096), touch(&two, 4096)), (0, 1));
        assert_eq!(allocated_bytes(&file).unwrap(), page_size());
        let own = Sparse::anonymous(LEN).unwrap();
        assert_eq!((touch(&own, LEN - 1), touch(&own, LEN - 1)), (0, 1));
        let base = own.base().as_ptr();
        drop(own);
        assert!(resident_bytes(base, 1).is_err(), "it is unmapped");
    }

    #[test]
    fn no_mapping_is_empty_or_larger_than_the_addresses() {
        let file = sparse_file();
        assert_eq!(Sparse::of_file(&file, 0).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        let error = Sparse::of_file(&file, usize::MAX / 2).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOMEM));
        let readable = File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap();
        let error = Sparse::of_file(&readable, LEN).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn only_files_are_left_out_of_core_dumps() {
        let is_left_out = |map: &Sparse| flags_of(map).contains(&"dd".to_owned());
        assert!(is_left_out(&Sparse::of_file(&sparse_file(), LEN).unwrap()));
        assert!(!is_left_out(&Sparse::anonymous(LEN).unwrap()));
    }

    #[test]
    fn a_core_dump_fills_nothing() {
        in_fresh_process("memory::sparse::tests::after_a_core_dump");
    }

    #[test]
    #[ignore = "run by the test above, in a process that may dump its core"]
    fn after_a_core_dump() {
        let directory = Directory::new();
        std::env::set_current_dir(directory.path()).unwrap();
        let dump = || {
            let mut child = Child::fork(|| {
                let all =
                    libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
                // SAFETY: the first call reads a local; the second ends the process.
                unsafe {
                    libc::setrlimit(libc::RLIMIT_CORE, &all);
                    libc::abort()
                }
            });
            assert_eq!(child.wait(), 128 + libc::SIGABRT);
        };
        let (plain, sparse) = (sparse_file(), sparse_file());
        let plain_map = Mapping::of(&plain);
        dump();
        if allocated_bytes(&plain).unwrap() == 0 {
            return eprintln!("SKIPPED: no core dumps here");
        }
        drop(plain_map);
        let map = Sparse::of_file(&sparse, LEN).unwrap();
        dump();
        assert_eq!(allocated_bytes(&sparse).unwrap(), 0);
        drop(map);
        std::env::set_current_dir("/").unwrap();
    }

    #[test]
    fn mlockall_fills_nothing_and_locks_what_is_touched() {
        in_fresh_process("memory::sparse::tests::under_mlockall");
    }

    fn lock_the_future() {
        // SAFETY: takes a number.
        check(unsafe { libc::mlockall(libc::MCL_FUTURE) }).unwrap();
    }

    #[test]
    #[ignore = "run by the test above, since it locks all memory"]
    fn under_mlockall() {
        assert!(!new_mappings_are_locked());
        lock_the_future();
        assert!(new_mappings_are_locked());
        const LEN: usize = 1 << 20; // within the usual limits of a user without privileges
        let plain = sparse_file();
        if let Err(error) = Sparse::new(Some(&plain), LEN, ACCESS) {
            return eprintln!("SKIPPED: this user may not lock memory: {error}");
        }
        assert_eq!(allocated_bytes(&plain).unwrap(), LEN as u64, "what this is about");

        let file = sparse_file();
        let map = Sparse::of_file(&file, LEN).unwrap();
        let flags = flags_of(&map);
        assert!(flags.contains(&"lo".to_owned()) && flags.contains(&"dd".to_owned()), "{flags:?}");
        touch(&map, LEN / 2);
        assert!(allocated_bytes(&file).unwrap() <= 2 * page_size(), "the first page, and this one");
        let own = Sparse::anonymous(LEN).unwrap();
        touch(&own, LEN / 2);
        assert!(resident_bytes(own.base().as_ptr(), LEN).unwrap() <= 2 * page_size());

        let unnamed = create_unlinked(Directory::new().path(), 0o600).unwrap();
        unnamed.set_len(LEN as u64).unwrap();
        let map = Sparse::of_file(&unnamed, LEN).unwrap();
        assert_eq!(touch(&map, LEN - 1), 0);
        assert!(allocated_bytes(&unnamed).unwrap() <= 2 * page_size());
    }

    #[test]
    fn a_low_limit_of_locked_memory_forbids_no_mapping() {
        in_fresh_process("memory::sparse::tests::under_mlockall_with_a_limit");
    }

    #[test]
    #[ignore = "run by the test above, since it locks all memory and gives up its rights"]
    fn under_mlockall_with_a_limit() {
        let len = LEN * 64;
        let file = sparse_file();
        file.set_len(len as u64).unwrap();
        let limit = libc::rlimit { rlim_cur: LEN as u64 / 2, rlim_max: LEN as u64 / 2 };
        // SAFETY: the call reads a local.
        check(unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &limit) }).unwrap();
        std::thread::scope(|scope| {
            let map = || {
                drop(vec![0_u8; 100]); // the allocator maps what it needs for this thread before
                become_nobody();
                lock_the_future();
                let error = Sparse::new(Some(&file), len, ACCESS).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "the plain way is refused");
                let map = Sparse::of_file(&file, len).unwrap();
                assert_eq!(touch(&map, len / 2), 0);
                assert!(allocated_bytes(&file).unwrap() <= 2 * page_size());
                let flags = flags_of(&map);
                assert!(!flags.contains(&"lo".to_owned()), "{flags:?}");
            };
            scope.spawn(map).join().unwrap();
        });
    }

    #[test]
    fn huge_pages_are_mapped_under_mlockall_too() {
        in_fresh_process("memory::sparse::tests::of_huge_pages_under_mlockall");
    }

    #[test]
    #[ignore = "run by the test above, since it locks all memory"]
    fn of_huge_pages_under_mlockall() {
        lock_the_future();
        on_mount("hugetlbfs", "", |directory| {
            let file = File::create_new(directory.join("file")).unwrap();
            let file = crate::shm::reopen(std::os::fd::AsFd::as_fd(&file)).unwrap();
            file.set_len(LEN as u64).unwrap();
            let map = Sparse::of_file(&file, LEN).unwrap();
            assert_eq!(allocated_bytes(&file).unwrap(), 0);
            let flags = flags_of(&map);
            assert!(
                flags.contains(&"wr".to_owned()) && flags.contains(&"ht".to_owned()),
                "{flags:?}"
            );
        });
    }
}
