//! Processes whose life is hard to tell from outside.

use std::os::unix::process::CommandExt;
use std::process::Command;

use ringway::{Place, Queue, WaitStrategy};

use crate::session;

/// Serves on another thread, and lets the first one end: the kernel shows the process as a zombie
/// from then on.
pub fn headless(place: &Place) {
    let place = place.clone();
    std::thread::spawn(move || {
        session::open(&place, WaitStrategy::Adaptive);
        std::process::exit(0);
    });
    // SAFETY: ends this thread only; nothing on its stack is used by the other one.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}

/// Opens the queue, closes every descriptor that it did not start with, and serves.
pub fn without_lock(place: &Place) {
    let queue = Queue::<[u8]>::options().open(place.clone()).expect("open");
    // SAFETY: what code that knows nothing of us may do to us; nobody reads these descriptors later
    // but to be told so.
    assert_eq!(unsafe { libc::close_range(3, u32::MAX, 0) }, 0);
    println!("open");
    session::serve(&queue);
}

/// Takes a message and a loan, and becomes another program with them in hand.
pub fn become_another(place: &Place) {
    let queue = Queue::<[u8]>::options().open(place.clone()).expect("open");
    let _message = queue.get().expect("a message");
    let _loan = queue.loan(8).expect("a loan");
    println!("held");
    let error = Command::new("cat").exec();
    panic!("cannot become cat: {error}");
}

/// Takes a message and a loan, starts another program, and waits for its own end. Says the number
/// of the other.
pub fn start_another(place: &Place) {
    let queue = Queue::<[u8]>::options().open(place.clone()).expect("open");
    let _message = queue.get().expect("a message");
    let _loan = queue.loan(8).expect("a loan");
    let mut child = Command::new("sleep").arg("1000").spawn().expect("sleep");
    println!("{}", child.id());
    child.wait().expect("its end");
}
