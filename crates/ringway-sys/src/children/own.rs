//! What a process changes about itself before it begins its work.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use crate::status::check;

/// Lets the kernel kill this process when the thread that started it ends; `parent` is the process
/// of that thread.
///
/// # Errors
/// `NotFound` if the parent is gone already; those of prctl(2).
pub fn die_with_parent(parent: u32) -> io::Result<()> {
    // SAFETY: prctl takes numbers here and touches no memory.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
    if std::os::unix::process::parent_id() != parent {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the parent has ended"));
    }
    Ok(())
}

/// Runs this process on these processors only.
///
/// # Errors
/// Those of sched_setaffinity(2); `InvalidInput` if a number is too large.
pub fn run_on(processors: &[u32]) -> io::Result<()> {
    // SAFETY: all fields are numbers.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for &processor in processors {
        if processor >= libc::CPU_SETSIZE as u32 {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        // SAFETY: the number lies within the set.
        unsafe { libc::CPU_SET(processor as usize, &mut set) };
    }
    // SAFETY: the set outlives the call, which only reads it.
    check(unsafe { libc::sched_setaffinity(0, size_of_val(&set), &set) }).map(drop)
}

/// Changes the nice value of this process by this much.
///
/// # Errors
/// Those of setpriority(2): `PermissionDenied` if it would become less nice.
pub fn renice(by: i32) -> io::Result<()> {
    // SAFETY: both calls take numbers and touch no memory.
    unsafe {
        let now = libc::getpriority(libc::PRIO_PROCESS, 0);
        check(libc::setpriority(libc::PRIO_PROCESS, 0, now + by)).map(drop)
    }
}

/// What the kernel limits for a process, as getrlimit(2) has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resource {
    /// Bytes of address space.
    AddressSpace,
    /// Bytes of a core dump.
    Core,
    /// Seconds of processor time.
    Cpu,
    /// Bytes of a file that it writes.
    FileSize,
    /// One more than the largest descriptor.
    OpenFiles,
    /// Bytes of the stack of its first thread.
    Stack,
}

impl Resource {
    /// All of them, each at the place of its number.
    pub const ALL: [Self; 6] =
        [Self::AddressSpace, Self::Core, Self::Cpu, Self::FileSize, Self::OpenFiles, Self::Stack];
}

const _: () = {
    let mut number = 0;
    while number < Resource::ALL.len() {
        assert!(Resource::ALL[number] as usize == number);
        number += 1;
    }
};

/// Limits a resource for this process and those that it starts.
///
/// # Errors
/// Those of setrlimit(2).
pub fn limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let resource = match resource {
        Resource::AddressSpace => libc::RLIMIT_AS,
        Resource::Core => libc::RLIMIT_CORE,
        Resource::Cpu => libc::RLIMIT_CPU,
        Resource::FileSize => libc::RLIMIT_FSIZE,
        Resource::OpenFiles => libc::RLIMIT_NOFILE,
        Resource::Stack => libc::RLIMIT_STACK,
    };
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: the limit outlives the call, which only reads it.
    check(unsafe { libc::setrlimit(resource, &limit) }).map(drop)
}

/// Whether this process has more rights than the user who started it. Then it must not obey that
/// user's environment.
pub fn is_privileged() -> bool {
    // SAFETY: the call takes a number and touches no memory.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Runs `action` when this process ends by itself: by return from main or by exit.
///
/// # Errors
/// When there is no memory to note it.
pub fn at_exit(action: extern "C" fn()) -> io::Result<()> {
    // SAFETY: the action is a function for as long as the process lives.
    let failed = unsafe { libc::atexit(action) } != 0;
    if failed { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(()) }
}

/// Ignores SIGPIPE, as the start of a Rust program does before main.
pub fn ignore_broken_pipes() {
    // SAFETY: ignoring a signal runs no code.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// Takes over a descriptor that the parent handed to this process; children will not inherit it.
///
/// # Errors
/// When it is not open.
///
/// # Safety
/// Nothing else in this process owns it.
pub unsafe fn take_over(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the call takes numbers; it fails if the descriptor is not open.
    check(unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    // SAFETY: it is open, and the caller vouches that nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}
