//! Words in a file that several processes have mapped: what the workers of a trial have done so
//! far.
//!
//! `host.py` writes the same words from Python.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::thread;
use std::time::Duration;

use memmap2::{MmapOptions, MmapRaw};

/// Workers of each kind.
pub const PAIR: usize = 2;
/// Messages that a producer puts at most.
pub const MOST: u64 = 1 << 22;

const STOP: usize = 0;
const PUT: usize = 1;
const GOT: usize = 3;
const DONE: usize = 5;
const READY: usize = 7;
const GO: usize = 11;
const LOGS: usize = 512;
const LOG: usize = PAIR * MOST as usize;

/// Atomic words in a file.
pub struct Words(MmapRaw);

impl Words {
    /// Maps a file of so many words, which is made if there is none.
    ///
    /// # Errors
    /// Of the file system.
    pub fn map(path: &Path, words: usize) -> io::Result<Self> {
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        file.set_len(words as u64 * 8)?;
        MmapOptions::new().len(words * 8).map_raw(&file).map(Self)
    }

    /// One of them.
    pub fn at(&self, index: usize) -> &AtomicU64 {
        assert!(index < self.0.len() / 8);
        // SAFETY: within the mapping, which is aligned to a page, lives as long as the borrow, and
        // is only reached through atomic words. Nobody shortens the file.
        unsafe { AtomicU64::from_ptr(self.0.as_mut_ptr().cast::<u64>().add(index)) }
    }
}

/// The board of one trial. Workers 0 and 1 are the producers, 2 and 3 the consumers.
pub struct Board(Words);

impl Board {
    /// The board in this file.
    ///
    /// # Errors
    /// Of the file system.
    pub fn open(path: &Path) -> io::Result<Self> {
        Words::map(path, LOGS + PAIR * LOG).map(Self)
    }

    /// In a worker: says that it is ready, and waits until all may begin.
    pub fn begin(&self, worker: usize) {
        self.0.at(READY + worker).store(1, Release);
        while self.0.at(GO).load(Acquire) == 0 {
            thread::sleep(Duration::from_micros(100));
        }
    }
    /// Whether a worker is ready.
    pub fn is_ready(&self, worker: usize) -> bool {
        self.0.at(READY + worker).load(Acquire) != 0
    }
    /// Lets all begin.
    pub fn go(&self) {
        self.0.at(GO).store(1, Release);
    }
    /// Tells the producers to put no more.
    pub fn stop(&self) {
        self.0.at(STOP).store(1, Release);
    }
    /// Whether producers are to put no more.
    pub fn is_stopped(&self) -> bool {
        self.0.at(STOP).load(Acquire) != 0
    }
    /// In a producer: all up to this number are acknowledged.
    pub fn put(&self, producer: usize, count: u64) {
        self.0.at(PUT + producer).store(count, Release);
    }
    /// In a consumer: its message number `count`, counted from 0, is this.
    pub fn got(&self, consumer: usize, count: u64, message: u64) {
        self.0.at(LOGS + consumer * LOG + count as usize).store(message, Relaxed);
        self.0.at(GOT + consumer).store(count + 1, Release);
    }
    /// In a producer: everything that it has put is on its way, and it ends.
    pub fn done(&self, producer: usize) {
        self.0.at(DONE + producer).store(1, Release);
    }
    /// Whether a producer has said so.
    pub fn is_done(&self, producer: usize) -> bool {
        self.0.at(DONE + producer).load(Acquire) != 0
    }
    /// How many messages a worker has put or got.
    pub fn count(&self, worker: usize) -> u64 {
        self.0.at(PUT + worker).load(Acquire)
    }

    /// What became of the messages.
    pub fn settle(&self) -> Account {
        // One more than is known: the last put of a killed producer may have gone in without its
        // knowing.
        let mut times: [Vec<u64>; PAIR] =
            std::array::from_fn(|producer| vec![0; self.count(producer) as usize + 1]);
        let mut account = Account::default();
        for consumer in 0..PAIR {
            for index in 0..self.count(PAIR + consumer) as usize {
                let got = self.0.at(LOGS + consumer * LOG + index).load(Relaxed);
                let (producer, number) = (got as usize >> 32, got as usize & 0xffff_ffff);
                match times.get_mut(producer).and_then(|times| times.get_mut(number)) {
                    Some(times) => *times += 1,
                    None => account.strange += 1,
                }
            }
        }
        for times in &times {
            account.missing +=
                times[..times.len() - 1].iter().filter(|times| **times == 0).count() as u64;
            account.duplicated += times.iter().map(|times| times.saturating_sub(1)).sum::<u64>();
        }
        account
    }
}

/// Messages that did not pass exactly once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Account {
    /// Arrived, but were never put.
    pub strange: u64,
    /// Acknowledged, but not arrived.
    pub missing: u64,
    /// Arrived again.
    pub duplicated: u64,
}

/// The word of a message.
pub fn message(producer: usize, number: u64) -> u64 {
    (producer as u64) << 32 | number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Folder;

    #[test]
    fn what_did_not_pass_exactly_once_is_counted() {
        let folder = Folder::new("board");
        let board = Board::open(&folder.join("board")).unwrap();
        board.put(0, 3);
        board.put(1, 1);
        for (count, got) in [message(0, 0), message(0, 2), message(1, 0)].into_iter().enumerate() {
            board.got(0, count as u64, got);
        }
        assert_eq!(board.settle(), Account { missing: 1, ..Account::default() });
        board.got(1, 0, message(0, 1));
        board.got(1, 1, message(1, 1)); // put by one who was killed before it knew
        assert_eq!(board.settle(), Account::default());
        board.got(1, 2, message(0, 1));
        board.got(1, 3, message(0, 5));
        assert_eq!(board.settle(), Account { duplicated: 1, strange: 1, missing: 0 });
        board.got(1, 4, message(7, 0));
        assert_eq!(board.settle().strange, 2);
    }
}
