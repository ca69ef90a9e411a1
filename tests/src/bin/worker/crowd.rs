//! Many threads of one process that wait for messages.

use std::thread;

use ringway::{GetError, GetErrorKind, Place, Queue, WaitStrategy};

/// Lets so many threads wait, each for messages until the queue is shut down. Says each message,
/// and in the end how many threads have ended.
pub fn crowd(place: &Place, threads: u64) {
    let queue =
        Queue::<[u8]>::options().wait(WaitStrategy::Park).open(place.clone()).expect("open");
    let waiting: Vec<_> = (0..threads)
        .map(|_| {
            let queue = queue.clone();
            thread::Builder::new().stack_size(64 << 10).spawn(move || {
                loop {
                    match queue.get() {
                        Ok(message) => println!("{}", String::from_utf8_lossy(&message)),
                        Err(GetError { kind: GetErrorKind::ShutDown, .. }) => return,
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        })
        .map(|thread| thread.expect("a thread"))
        .collect();
    println!("waiting");
    let ended = waiting.into_iter().map(|thread| thread.join()).filter(Result::is_ok).count();
    println!("ended {ended}");
}
