//! Many threads of one process that put, and one that gets.

use std::thread;

use ringway::{Place, Queue};

/// Says how often the kernel switched from one thread of this process to another meanwhile, because
/// it waited.
pub fn herd(participants: u64, threads: u64) {
    const EACH: u64 = 20;
    let options = Queue::<[u8]>::options().maxsize(1).max_message(64).loans(1);
    let queue = options.participants(participants as u32).create(Place::Unnamed).expect("a queue");
    let before = switches();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..EACH).for_each(|_| queue.put("one of many").expect("put")));
        }
        for _ in 0..threads * EACH {
            queue.get().expect("a message");
        }
    });
    println!("{}", switches() - before);
}

fn switches() -> i64 {
    // SAFETY: all fields are numbers.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: concerns this process, and writes to a local.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    usage.ru_nvcsw
}
