//! Vyukov's bounded queue, the ring of crossbeam's `ArrayQueue` and many others, laid in shared
//! memory.
//!
//! A producer claims a place by moving the tail, writes the message, and then says in the place
//! that it is there. Who dies between the first and the last leaves a place that nobody can pass.

use std::io;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::thread;

use super::board::Words;

const TAIL: usize = 0;
const HEAD: usize = 16;
const CELLS: usize = 32;
/// A turn and the words of a message, in lines of their own.
const CELL: usize = 16;

/// The queue in a file.
pub struct Vyukov {
    words: Words,
    places: u64,
}

impl Vyukov {
    /// Maps it.
    ///
    /// # Errors
    /// Of the file system.
    pub fn open(path: &Path, places: u64) -> io::Result<Self> {
        Words::map(path, CELLS + CELL * places as usize).map(|words| Self { words, places })
    }

    /// Before anybody else opens it.
    pub fn initialise(&self) {
        for place in 0..self.places {
            self.turn(place).store(place, Release);
        }
    }

    /// Puts a message, as soon as there is a place.
    pub fn put(&self, message: &[u64; 8]) {
        let place = self.claim(TAIL, 0);
        for (index, word) in message.iter().enumerate() {
            self.word(place, index).store(*word, Relaxed);
        }
        self.turn(place).store(place + 1, Release);
    }

    /// Gets a message, as soon as there is one.
    pub fn get(&self) -> [u64; 8] {
        let place = self.claim(HEAD, 1);
        let message = std::array::from_fn(|index| self.word(place, index).load(Relaxed));
        self.turn(place).store(place + self.places, Release);
        message
    }

    /// Moves an end on past a place whose turn is so far ahead of its number.
    fn claim(&self, end: usize, ahead: u64) -> u64 {
        let end = self.words.at(end);
        let mut place = end.load(Relaxed);
        loop {
            let turn = self.turn(place).load(Acquire);
            if turn == place + ahead {
                match end.compare_exchange_weak(place, place + 1, Relaxed, Relaxed) {
                    Ok(_) => return place,
                    Err(now) => place = now,
                }
                continue;
            }
            if turn < place + ahead {
                thread::yield_now(); // full, or empty
            }
            place = end.load(Relaxed);
        }
    }

    fn turn(&self, place: u64) -> &AtomicU64 {
        self.words.at(CELLS + CELL * (place % self.places) as usize)
    }

    fn word(&self, place: u64, index: usize) -> &AtomicU64 {
        self.words.at(CELLS + CELL * (place % self.places) as usize + 1 + index)
    }
}
