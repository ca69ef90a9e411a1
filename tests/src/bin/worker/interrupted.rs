//! A process that a signal interrupts a thousand times a second.

use std::time::{Duration, Instant};

use ringway::{Place, Queue, WaitStrategy};

extern "C" fn ignore(_signal: i32) {}

/// Lets SIGALRM come every millisecond. Its handler does nothing, and system calls are not
/// restarted after it.
fn interrupt_often() {
    let often = libc::timeval { tv_sec: 0, tv_usec: 1000 };
    let timer = libc::itimerval { it_interval: often, it_value: often };
    // SAFETY: the handler does nothing; the structures outlive the calls.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = ignore as *const () as usize;
        assert_eq!(libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut()), 0);
        assert_eq!(libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()), 0);
    }
}

/// Waits in vain for `millis` to get and to put, says for how long it did, then passes on what
/// comes.
pub fn interrupted(place: &Place, millis: u64) {
    let queue =
        Queue::<[u8]>::options().wait(WaitStrategy::Park).open(place.clone()).expect("open");
    interrupt_often();
    let timeout = Duration::from_millis(millis);
    let begin = Instant::now();
    assert!(queue.get_timeout(timeout).expect_err("an empty queue").is_empty());
    println!("{}", begin.elapsed().as_millis());
    while queue.try_put("filler").is_ok() {}
    let begin = Instant::now();
    assert!(queue.put_timeout("one more", timeout).expect_err("a full queue").is_full());
    println!("{}", begin.elapsed().as_millis());
    while queue.try_get().is_ok() {}
    println!("empty");
    loop {
        let message = queue.get().expect("a message");
        println!("{}", String::from_utf8_lossy(&message));
        if &*message == b"end" {
            return;
        }
    }
}
