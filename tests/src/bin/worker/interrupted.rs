//! A process that a signal interrupts a thousand times a second, and one that may open no more files.

use std::io::{self, BufRead};
use std::time::{Duration, Instant};

use ringway::{Place, Queue, WaitStrategy};

extern "C" fn ignore(_signal: i32) {}

/// Lets SIGALRM come every millisecond. Its handler does nothing, and system calls are not restarted after it.
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

/// Waits in vain for `millis` to get and to put, says for how long it did, then passes on what comes.
pub fn interrupted(place: &Place, millis: u64) {
    let queue = Queue::<[u8]>::options().wait(WaitStrategy::Park).open(place.clone()).expect("open");
    interrupt_often();
    let timeout = Duration::from_millis(millis);
    let begin = Instant::now();
    assert!(queue.get_bytes_timeout(timeout).expect_err("an empty queue").is_empty());
    println!("{}", begin.elapsed().as_millis());
    while queue.try_put_bytes("filler").is_ok() {}
    let begin = Instant::now();
    assert!(queue.put_bytes_timeout("one more", timeout).expect_err("a full queue").is_full());
    println!("{}", begin.elapsed().as_millis());
    while queue.try_get_bytes().is_ok() {}
    println!("empty");
    loop {
        let message = queue.get_bytes().expect("a message");
        println!("{}", String::from_utf8_lossy(&message));
        if &*message == b"end" {
            return;
        }
    }
}

/// Opens the queue, allows itself no more descriptors, and says what still works.
pub fn without_descriptors(place: &Place) {
    let queue = Queue::<[u8]>::options().open(place.clone()).expect("open");
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: concerns this process only.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &none) }, 0);
    println!("open");
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let answer = match &*line {
            "open" => {
                Queue::<[u8]>::options().open(place.clone()).map_or_else(|error| error.to_string(), |_| "open".into())
            }
            "create" => Queue::<[u8]>::options()
                .create(Place::Unnamed)
                .map_or_else(|error| error.to_string(), |_| "created".into()),
            "get" => queue.get_bytes().map_or_else(|error| error.to_string(), |message| text(&message)),
            "recover" => queue.recover().map_or_else(|error| error.to_string(), |done| done.participants.to_string()),
            other => queue.put_bytes(other).map_or_else(|error| error.to_string(), |()| "put".into()),
        };
        println!("{answer}");
    }
}

/// Allows itself a little more address space than it has, and says what becomes of a large queue and of a small one.
pub fn without_memory() {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("its own size");
    let pages: u64 = pages.split(' ').next().and_then(|text| text.parse().ok()).expect("a number of pages");
    let limit = pages * 4096 + (64 << 20);
    let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY: concerns this process only.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
    for maxsize in [1 << 20, 4] {
        let queue = Queue::<[u8]>::options().maxsize(maxsize).max_message(1024).create(Place::Unnamed);
        println!("{}", queue.map_or_else(|error| error.to_string(), |_| "created".into()));
    }
}
