//! A process whose memory the kernel goes through from end to end.

use std::io;
use std::os::fd::BorrowedFd;

use ringway::Queue;

use crate::session;

/// Opens the queue and says so. If it is to be `locked`, it has locked all its memory before, and serves; if it is to be
/// `dumped`, it crashes at the next line, with leave to write a core file of any size.
///
/// The place `fd:N` is an inherited descriptor.
pub fn crash(place: &str, how: &str) {
    if how == "locked" {
        // SAFETY: concerns this process only.
        let locked = unsafe { libc::mlockall(libc::MCL_FUTURE) };
        assert_eq!(locked, 0, "{}", io::Error::last_os_error());
    }
    let options = Queue::<[u8]>::options();
    let opened = match place.strip_prefix("fd:") {
        // SAFETY: the parent passes on a descriptor of this number, which stays open.
        Some(fd) => options.open_fd(unsafe {
            BorrowedFd::borrow_raw(fd.parse().expect("the number of a descriptor"))
        }),
        None => options.open(crate::place_of(place)),
    };
    let queue = match opened {
        Ok(queue) => queue,
        Err(error) => return println!("error: {error}"),
    };
    println!("open");
    if how == "locked" {
        return session::serve(&queue);
    }
    let _ = io::stdin().read_line(&mut String::new());
    let any = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: concerns this process only; the structure outlives the call.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &any) };
    std::process::abort();
}
