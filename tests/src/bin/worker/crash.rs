//! A process whose memory the kernel goes through from end to end.

use std::io;
use std::os::fd::BorrowedFd;

use ringway::Queue;

use crate::session;

/// Opens the queue, says so, and crashes at the next line, with leave to write a core file of any
/// size.
pub fn dumped(place: &str) {
    let _queue = match open(place) {
        Ok(queue) => queue,
        Err(error) => return println!("error: {error}"),
    };
    println!("open");
    let _ = io::stdin().read_line(&mut String::new());
    let any = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: concerns this process only; the structure outlives the call.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &any) };
    std::process::abort();
}

/// Has the kernel lock all memory that this process will map, as one with real-time threads does.
/// Opens or creates the queue, says so, and serves.
pub fn locked(place: &str, how: &str) {
    // SAFETY: concerns this process only.
    if unsafe { libc::mlockall(libc::MCL_FUTURE) } != 0 {
        return println!("SKIPPED: memory cannot be locked here: {}", io::Error::last_os_error());
    }
    let queue = match how {
        "create" => Queue::<[u8]>::options()
            .maxsize(100)
            .participants(2)
            .loans(4)
            .create(crate::place_of(place))
            .map_err(|error| error.to_string()),
        _ => open(place),
    };
    match queue {
        Ok(queue) => {
            println!("open");
            session::serve(&queue);
        }
        Err(error) => println!("error: {error}"),
    }
}

/// The place `fd:N` is an inherited descriptor.
fn open(place: &str) -> Result<Queue<[u8]>, String> {
    let options = Queue::<[u8]>::options();
    let opened = match place.strip_prefix("fd:") {
        // SAFETY: the parent passes on a descriptor of this number, which stays open.
        Some(fd) => options.open_fd(unsafe {
            BorrowedFd::borrow_raw(fd.parse().expect("the number of a descriptor"))
        }),
        None => options.open(crate::place_of(place)),
    };
    opened.map_err(|error| error.to_string())
}
