//! A process whose descriptors were closed by code that knows nothing of the queue, and are used
//! again for a ledger.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

use ringway::{Place, Queue};

/// Descriptors that a queue and its handles may have had.
const NUMBERS: core::ops::Range<i32> = 3..30;

/// Opens the queue, and then a ledger under every number that it may have had, with a lock of all
/// its bytes. Does what needs the file of the queue, and says each result. Keeps the ledger open
/// until a line comes.
pub fn ledger(place: &Place, path: &Path) {
    let queue = Queue::<[u8]>::options().open(place.clone()).expect("open");
    // SAFETY: what code that knows nothing of us may do to us.
    assert_eq!(unsafe { libc::close_range(3, u32::MAX, 0) }, 0);
    let mut ledger = OpenOptions::new().write(true).open(path).expect("the ledger");
    ledger.write_all(b"one line").expect("write to the ledger");
    lock_whole(ledger.as_raw_fd());
    for number in NUMBERS.filter(|&number| number != ledger.as_raw_fd()) {
        // SAFETY: those numbers were closed just now.
        assert_eq!(unsafe { libc::dup2(ledger.as_raw_fd(), number) }, number);
    }
    println!("{:?}", queue.put(vec![1; 5000]).map_err(|error| error.to_string()));
    println!("{:?}", queue.reclaim().map_err(|error| error.to_string()));
    println!("{:?}", queue.remove().map_err(|error| error.to_string()));
    drop(queue);
    println!("done");
    let _ = io::stdin().read_line(&mut String::new());
}

fn lock_whole(file: i32) {
    // SAFETY: all fields are numbers.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::F_WRLCK as i16; // of length 0: all bytes that there can be
    // SAFETY: the structure outlives the call.
    let locked = unsafe { libc::fcntl(file, libc::F_OFD_SETLK, &lock) };
    assert_eq!(locked, 0, "{}", io::Error::last_os_error());
}
