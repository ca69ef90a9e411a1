//! A bare futex: two words, a store, a wake and a wait each way. No message queue can wake a sleeper faster.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use crate::link::{Between, Link, Load, Outcome, Receiver, Rival, Sender};
use crate::page::Shared;
use crate::payload;
use crate::run;

/// Only for round trips.
pub struct PingPong;

impl Rival for PingPong {
    fn name(&self) -> String {
        "futex ping-pong".to_owned()
    }
    fn version(&self) -> String {
        "kernel".to_owned()
    }
    fn between(&self) -> Between {
        Between::Processes
    }
    fn waits(&self) -> &'static str {
        "sleeps"
    }
    fn carries(&self, load: &Load) -> bool {
        load.size == 64
    }
    fn run(&self, _load: &Load) -> Result<Outcome, String> {
        Err("does not carry this".to_owned())
    }
    fn round_trips(&self, load: &Load) -> Option<Result<Vec<u32>, String>> {
        // SAFETY: made of atomics.
        let words: Shared<[Word; 2]> = unsafe { Shared::zeroed() };
        Some(run::round_trips(&words[0], &words[1], load))
    }
}

/// On a cache line of its own.
#[repr(align(128))]
struct Word(AtomicU32);

/// An end: the word, and the count of messages.
struct End<'w>(&'w Word, u32);

impl Link for Word {
    type Sender<'l> = End<'l>;
    type Receiver<'l> = End<'l>;
    fn sender(&self, _index: usize) -> End<'_> {
        End(self, 0)
    }
    fn receiver(&self, _index: usize) -> End<'_> {
        End(self, 0)
    }
}

fn futex(word: &AtomicU32, operation: i32, value: u32) -> io::Result<()> {
    let forever: *const libc::timespec = std::ptr::null();
    // SAFETY: a word that outlives the call.
    match unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, value, forever) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

impl Sender for End<'_> {
    fn send(&mut self, _size: usize, _write: impl FnOnce(&mut [u8])) {
        self.1 += 1;
        self.0.0.store(self.1, SeqCst);
        futex(&self.0.0, libc::FUTEX_WAKE, 1).expect("a wake");
    }
}

impl Receiver for End<'_> {
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        while self.0.0.load(SeqCst) == self.1 {
            let _ = futex(&self.0.0, libc::FUTEX_WAIT, self.1); // an error means that it was woken, or need not wait
        }
        let mut message = [0; 64];
        payload::write(&mut message, self.1.into());
        self.1 += 1;
        read(&message);
    }
}
