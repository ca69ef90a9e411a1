//! A bare futex: two words, a store, a wake and a wait each way. No message queue can wake a
//! sleeper faster.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use crate::link::{Link, Load, Receiver, Sender};
use crate::page::Shared;
use crate::payload::{self, USUAL};
use crate::rival::{About, Rival};
use crate::workload::Kind;

/// Only for round trips and wakes.
pub struct PingPong;

impl Rival for PingPong {
    type Link = Word;
    fn about(&self) -> About {
        About::of_kernel("futex ping-pong")
    }
    fn joins(&self, kind: Kind) -> bool {
        kind.is_timed()
    }
    fn carries(&self, load: &Load) -> bool {
        load.size == 64
    }
    fn links(&self, _load: &Load, count: usize) -> Result<Vec<Word>, String> {
        // SAFETY: made of an atomic.
        Ok((0..count).map(|_| Word(unsafe { Shared::zeroed() })).collect())
    }
}

/// On a page of its own.
pub struct Word(Shared<AtomicU32>);

/// An end: the word, and the count of messages.
pub struct End<'w>(&'w AtomicU32, u32);

impl Link for Word {
    type Sender<'l> = End<'l>;
    type Receiver<'l> = End<'l>;
    fn sender(&self, _index: usize) -> End<'_> {
        End(&self.0, 0)
    }
    fn receiver(&self, _index: usize) -> End<'_> {
        End(&self.0, 0)
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
        self.0.store(self.1, SeqCst);
        futex(self.0, libc::FUTEX_WAKE, 1).expect("a wake");
    }
}

impl Receiver for End<'_> {
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        while self.0.load(SeqCst) == self.1 {
            let _ = futex(self.0, libc::FUTEX_WAIT, self.1); // an error means that it was woken, or need not wait
        }
        let mut message = [0; 64];
        payload::write::<USUAL>(&mut message, self.1.into());
        self.1 += 1;
        read(&message);
    }
}
