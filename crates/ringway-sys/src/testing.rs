//! Helpers of the tests: whatever they make goes away when it is dropped, also when a test fails.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{io, ptr, thread};

use crate::process::Identity;
use crate::shm::DIRECTORY;

/// Keeps out the other tests that fork: a forked child holds copies of all descriptors, and their
/// locks.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static FORKING: Mutex<()> = Mutex::new(());
    FORKING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A directory of its own where named shared memory lives.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        let path = Path::new(DIRECTORY).join(unique_name());
        fs::create_dir(&path).unwrap();
        Self(path)
    }
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A name directly where shared memory lives, for shm_open knows no directories.
pub(crate) struct Name(pub(crate) String);

impl Name {
    pub(crate) fn new() -> Self {
        Self(unique_name())
    }
    pub(crate) fn path(&self) -> PathBuf {
        Path::new(DIRECTORY).join(&self.0)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.path());
    }
}

fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("ringway-sys-test.{}.{}", process::id(), NEXT.fetch_add(1, Relaxed))
}

/// A shared mapping of a whole file.
pub(crate) struct Mapping {
    base: *mut u8,
    len: usize,
}

// SAFETY: it is a range of memory that is touched through atomics and system calls only.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    pub(crate) fn of(file: &File) -> Self {
        let len = file.metadata().unwrap().len() as usize;
        // SAFETY: a new mapping at an address that the kernel chooses disturbs nothing.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        assert_ne!(base, libc::MAP_FAILED, "{}", io::Error::last_os_error());
        Self { base: base.cast(), len }
    }
    pub(crate) fn base(&self) -> *mut u8 {
        self.base
    }
    pub(crate) fn len(&self) -> usize {
        self.len
    }
    pub(crate) fn word(&self) -> &AtomicU32 {
        assert!(self.len >= 4);
        // SAFETY: the mapping is aligned to a page, holds four bytes, and lives as long as the
        // borrow.
        unsafe { AtomicU32::from_ptr(self.base.cast()) }
    }
    /// Unmaps it in this process; dropping it then does nothing, since it checks for a range of no
    /// bytes.
    pub(crate) fn unmap(&mut self) {
        // SAFETY: the range is ours and nothing borrows it.
        unsafe { libc::munmap(self.base.cast(), self.len) };
        self.len = 0;
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if self.len != 0 {
            self.unmap();
        }
    }
}

/// A forked child, which is killed and waited for in the end.
pub(crate) struct Child {
    pub(crate) pid: u32,
    kept: ringway_child::Child,
}

impl Child {
    /// Runs `body` in a child, whose exit status is the result. The body has to do without memory
    /// of the heap and without locks, since it runs in a copy of a process with many threads.
    pub(crate) fn fork(body: impl FnOnce() -> i32) -> Self {
        let kept = ringway_child::Child::fork(body).expect("fork");
        Self { pid: kept.pid(), kept }
    }

    /// A child that does nothing until it is killed.
    pub(crate) fn idle() -> Self {
        Self::fork(|| idle())
    }

    /// A child whose first thread has ended while another goes on.
    pub(crate) fn headless() -> Self {
        let mut stack = vec![0_u128; 4096];
        let top = stack.as_mut_ptr_range().end;
        let child = Self::fork(|| {
            let flags = libc::CLONE_VM
                | libc::CLONE_FS
                | libc::CLONE_FILES
                | libc::CLONE_SIGHAND
                | libc::CLONE_THREAD
                | libc::CLONE_SYSVSEM;
            // SAFETY: the new thread has a stack of its own, which this process never frees, and
            // only sleeps.
            let started = unsafe { libc::clone(second_thread, top.cast(), flags, ptr::null_mut()) };
            if started != -1 {
                // SAFETY: ends the calling thread only.
                unsafe { libc::syscall(libc::SYS_exit, 0) };
            }
            1
        });
        child.wait_for_state('Z');
        child
    }

    /// Waits until `/proc` shows the child in this state.
    pub(crate) fn wait_for_state(&self, state: char) {
        loop {
            let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap();
            if stat.rsplit(") ").next().unwrap().starts_with(state) {
                return;
            }
            thread::yield_now();
        }
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity::of(self.pid)
    }

    pub(crate) fn signal(&self, signal: i32) {
        self.kept.signal(signal);
    }

    /// Waits for the end and returns the exit status; a child that a signal ended gives 128 and its
    /// number.
    pub(crate) fn wait(&mut self) -> i32 {
        let status = self.kept.wait();
        status.code().or(status.signal().map(|signal| 128 + signal)).expect("an end")
    }
}

extern "C" fn second_thread(_: *mut libc::c_void) -> libc::c_int {
    idle()
}

/// Sleeps for ever, but not beyond the life of the test.
pub(crate) fn idle() -> ! {
    // SAFETY: asks for a signal when the parent ends, and sleeps.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    loop {
        // SAFETY: only sleeps.
        unsafe { libc::pause() };
    }
}

/// Runs one ignored test, given by its path, in a process of its own, in which it is alone.
pub(crate) fn in_fresh_process(test: &str) {
    run_in_fresh_process(&[], test).unwrap();
}

/// As [`in_fresh_process`], started by another program, which gets it appended to its arguments.
pub(crate) fn run_in_fresh_process(starter: &[&str], test: &str) -> Result<(), String> {
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", test, "--ignored", "--nocapture", "--test-threads=1"];
    let mut words = starter.iter().copied().chain([program.to_str().unwrap()]).chain(arguments);
    let output = process::Command::new(words.next().unwrap()).args(words).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    match output.status.success() && text.contains("1 passed") {
        true => Ok(()),
        false => Err(format!("{test}: {text}{}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// The effective user id of the calling thread.
pub(crate) fn euid() -> u32 {
    // SAFETY: geteuid takes nothing, touches no memory and cannot fail.
    unsafe { libc::geteuid() }
}

/// Takes the privileges of root from the calling thread, and from no other, if it has them: it goes
/// on as the user and group `nobody`. Only for threads that end soon.
pub(crate) fn become_nobody() {
    const NOBODY: libc::c_long = 65534;
    if euid() != 0 {
        return;
    }
    // SAFETY: the calls take numbers, and no list of groups. Unlike those of the C library they
    // change one thread.
    unsafe {
        assert_eq!(libc::syscall(libc::SYS_setgroups, 0, ptr::null::<libc::gid_t>()), 0);
        assert_eq!(libc::syscall(libc::SYS_setresgid, NOBODY, NOBODY, NOBODY), 0);
        assert_eq!(libc::syscall(libc::SYS_setresuid, NOBODY, NOBODY, NOBODY), 0);
    }
}

/// Runs `body` on a file system of its own that only one thread sees and that goes away with it.
/// Says so and returns `None` where mounting is not permitted.
pub(crate) fn on_mount<T: Send>(
    kind: &str,
    options: &str,
    body: impl FnOnce(&Path) -> T + Send,
) -> Option<T> {
    let place = Directory::new();
    on_mount_at(kind, options, place.path(), || body(place.path()))
}

/// As [`on_mount`], over the directory `place`.
pub(crate) fn on_mount_at<T: Send>(
    kind: &str,
    options: &str,
    place: &Path,
    body: impl FnOnce() -> T + Send,
) -> Option<T> {
    let text = |text: &str| std::ffi::CString::new(text).unwrap();
    let (target, root) = (text(place.to_str().unwrap()), text("/"));
    let (kind_text, options) = (text(kind), text(options));
    let mounted = || {
        let none = ptr::null();
        // SAFETY: gives the calling thread its own view of the mounts, and mounts; all strings
        // outlive the calls.
        let result = unsafe {
            let private = libc::MS_REC | libc::MS_PRIVATE;
            crate::status::check(libc::unshare(libc::CLONE_NEWNS))
                .and_then(|_| {
                    crate::status::check(libc::mount(
                        none,
                        root.as_ptr(),
                        none,
                        private,
                        ptr::null(),
                    ))
                })
                .and_then(|_| {
                    let (kind, options) = (kind_text.as_ptr(), options.as_ptr().cast());
                    crate::status::check(libc::mount(kind, target.as_ptr(), kind, 0, options))
                })
        };
        match result {
            Ok(_) => Some(body()),
            Err(error) => {
                eprintln!("SKIPPED: cannot mount {kind} here: {error}");
                None
            }
        }
    };
    thread::scope(|scope| scope.spawn(mounted).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
