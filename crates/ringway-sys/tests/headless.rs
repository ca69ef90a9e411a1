//! A program whose first thread ends: what asks `/proc` about ourselves has to go on working in the
//! other threads.

use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process;
use std::ptr;
use std::thread;

use ringway_sys::process::{Identity, Liveness, liveness_of, maps_file};
use ringway_sys::shm;

fn main() {
    let before = Identity::current().unwrap();
    thread::spawn(move || {
        while !fs::read_to_string("/proc/self/stat").unwrap().contains(") Z ") {
            thread::yield_now();
        }
        let result = panic::catch_unwind(AssertUnwindSafe(|| without_first_thread(before)));
        process::exit(i32::from(result.is_err()));
    });
    // SAFETY: ends the calling thread only; the other one borrows nothing from it.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}

fn without_first_thread(before: Identity) {
    assert_eq!(Identity::current().unwrap(), before);
    assert_eq!(liveness_of(&before), Liveness::Alive);

    let file = shm::create_unlinked(Path::new(shm::DIRECTORY), 0o600).unwrap();
    file.set_len(4096).unwrap();
    let id = shm::file_id(&file).unwrap();
    assert_eq!(shm::file_id(&shm::reopen(file.as_fd()).unwrap()).unwrap(), id);
    let name = Path::new(shm::DIRECTORY).join(format!("ringway-sys-headless.{}", process::id()));
    let published = shm::publish(&file, &name);
    let same = shm::same_file(&file, &name);
    let _ = fs::remove_file(&name);
    published.unwrap();
    assert!(same.unwrap());

    assert!(!maps_file(before.pid, id).unwrap());
    // SAFETY: a new mapping at an address that the kernel chooses disturbs nothing.
    let mapped = unsafe {
        libc::mmap(ptr::null_mut(), 4096, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0)
    };
    assert_ne!(mapped, libc::MAP_FAILED);
    assert!(maps_file(before.pid, id).unwrap());
}
