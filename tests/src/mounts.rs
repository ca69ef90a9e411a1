//! File systems that only the calling test sees: they vanish with its thread, however that ends.

use std::ffi::CString;
use std::io;
use std::path::Path;
use std::thread;

/// Runs `test` in a thread with mounts of its own. Says so aloud when that is not permitted.
pub fn privately(test: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = scope.spawn(|| match unshare() {
            Ok(()) => test(),
            Err(error) => eprintln!("SKIPPED: no mounts of one's own here: {error}"),
        });
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

fn unshare() -> io::Result<()> {
    // SAFETY: concerns the calling thread only.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return Err(io::Error::last_os_error());
    }
    mount("none", Path::new("/"), None, libc::MS_REC | libc::MS_PRIVATE, "")
}

/// Mounts a new tmpfs of so many bytes. Only within [`privately`].
///
/// # Errors
/// Of mount(2).
pub fn tmpfs(at: &Path, bytes: u64) -> io::Result<()> {
    mount("tmpfs", at, Some("tmpfs"), 0, &format!("size={bytes}"))
}

/// Mounts a ramfs, which knows no fallocate(2). Only within [`privately`].
///
/// # Errors
/// Of mount(2).
pub fn ramfs(at: &Path) -> io::Result<()> {
    mount("none", at, Some("ramfs"), 0, "")
}

/// Lets `at` be the file `source`, as in a container that has a file of its own there. Only within
/// [`privately`].
///
/// # Errors
/// Of mount(2).
pub fn bind(source: &Path, at: &Path) -> io::Result<()> {
    mount(&source.to_string_lossy(), at, None, libc::MS_BIND, "")
}

/// Mounts a proc that shows processes and nothing else, as in a hardened service. Only within
/// [`privately`].
///
/// # Errors
/// Of mount(2).
pub fn proc_of_processes(at: &Path) -> io::Result<()> {
    mount("proc", at, Some("proc"), 0, "subset=pid")
}

/// Mounts a hugetlbfs. Only within [`privately`].
///
/// # Errors
/// Of mount(2).
pub fn hugetlbfs(at: &Path) -> io::Result<()> {
    mount("none", at, Some("hugetlbfs"), 0, "")
}

/// Huge pages that are free.
pub fn free_huge_pages() -> u64 {
    let facts = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = facts.lines().find_map(|line| line.strip_prefix("HugePages_Free:"));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

fn mount(
    source: &str,
    at: &Path,
    kind: Option<&str>,
    flags: libc::c_ulong,
    options: &str,
) -> io::Result<()> {
    let text = |text: &str| CString::new(text).map_err(io::Error::other);
    let (source, at, options) = (text(source)?, text(&at.to_string_lossy())?, text(options)?);
    let kind = kind.map(text).transpose()?;
    let kind = kind.as_ref().map_or(std::ptr::null(), |kind| kind.as_ptr());
    // SAFETY: all are strings that end in a zero byte and outlive the call, or null where the call
    // allows it.
    match unsafe { libc::mount(source.as_ptr(), at.as_ptr(), kind, flags, options.as_ptr().cast()) }
    {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
