//! Queues whose bytes lie: words of a live segment are written over while it is in use.
//!
//! Whatever stands in the words, each operation ends with a result or with an error, no step leaves
//! the mapping, and nothing waits for ever. What the results are is of no interest here.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use ringway::{
    GetError, GetErrorKind, OpenError, Place, PutError, PutErrorKind, PutManyError, Queue,
    QueueOptions, Received,
};

const MAXSIZE: u64 = 4;
const SOON: Duration = Duration::from_micros(100);
/// Messages held and loans held at once by a script.
const HELD_MAX: usize = 4;

/// A step of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Writes a word over, somewhere in the segment.
    Write {
        /// Which word; more than there are wraps round.
        word: u64,
        /// What stands there afterwards.
        value: Value,
    },
    /// Uses the queue; as `Script::operate` says. Other numbers wrap round.
    Use(u8),
}

/// What is written over a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// This number.
    Set(u64),
    /// What is there, with these bits turned.
    Flip(u64),
    /// What is there and so much more, wrapping round.
    Add(u64),
}

/// Number of operations that [`Step::Use`] knows.
pub const OPERATIONS: u8 = 20;

/// Reads steps out of arbitrary bytes.
pub fn steps(mut bytes: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some((&first, rest)) = bytes.split_first() {
        bytes = rest;
        let step = match (first, rest.first_chunk::<10>()) {
            (0xc0.., Some(chunk)) => {
                bytes = &rest[10..];
                let word = u64::from(u16::from_le_bytes([chunk[0], chunk[1]]));
                let number = u64::from_le_bytes(*chunk.last_chunk().unwrap_or(&[0; 8]));
                let value = match first % 3 {
                    0 => Value::Set(number),
                    1 => Value::Flip(number),
                    _ => Value::Add(number),
                };
                Step::Write { word, value }
            }
            _ => Step::Use(first),
        };
        steps.push(step);
    }
    steps
}

/// What became of the steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Operations that succeeded.
    pub done: u64,
    /// That found the queue full, empty or shut down, or a message that is none.
    pub refused: u64,
    /// That named a damaged word.
    pub faults: u64,
}

/// How a queue for scripts is made.
pub fn options() -> QueueOptions<u64> {
    Queue::options().maxsize(MAXSIZE).max_message(300).participants(3).loans(2)
}

/// A queue that a script uses through two participants, and its file.
pub struct Script {
    ends: [Queue<u64>; 2],
    file: File,
    number: u64,
    tally: Tally,
}

impl Script {
    /// A new queue with two messages in it.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn start() -> Self {
        let near = options().create(Place::Unnamed).expect("a queue");
        let fd = near.inheritable_fd().expect("its descriptor");
        let far = options().open_fd(&fd).expect("the same queue");
        for number in 0..2 {
            near.put(number).expect("a place");
        }
        Self { ends: [near, far], file: File::from(fd), number: 100, tally: Tally::default() }
    }

    /// Words that the segment has.
    ///
    /// # Panics
    /// When the file has no size.
    pub fn words(&self) -> u64 {
        self.file.metadata().expect("a file").len() / 8
    }

    /// The words that are not zero: those that are in use, but for some.
    ///
    /// # Panics
    /// When the file cannot be read.
    pub fn words_in_use(&self) -> Vec<u64> {
        let mut bytes = vec![0; self.words() as usize * 8];
        self.file.read_exact_at(&mut bytes, 0).expect("the segment");
        let words = bytes.chunks_exact(8).enumerate();
        words
            .filter(|(_, word)| word.iter().any(|&byte| byte != 0))
            .map(|(index, _)| index as u64)
            .collect()
    }

    /// Goes through the steps, detaches, attaches again and uses the queue once more.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn run(mut self, steps: &[Step]) -> Tally {
        let ends = self.ends.clone();
        let lenders = self.ends.each_ref().map(Queue::as_bytes);
        let mut held = Vec::new();
        let mut loans = Vec::new();
        for (place, &step) in steps.iter().enumerate() {
            match step {
                Step::Write { word, value } => self.write(word % self.words(), value),
                Step::Use(operation) => {
                    let queue = &ends[place % 2];
                    match operation % OPERATIONS {
                        0 => self.hold(queue.try_get(), &mut held),
                        1 => match lenders[place % 2].try_loan(8) {
                            Ok(loan) if loans.len() < HELD_MAX => loans.push(loan),
                            result => self.put(result.map(drop)),
                        },
                        2 => drop(held.pop()),
                        3 => {
                            if let Some(mut loan) = loans.pop() {
                                loan.fill(7);
                                self.put(loan.try_send());
                            }
                        }
                        4 => drop(loans.pop()),
                        other => self.operate(queue, other),
                    }
                }
            }
        }
        drop((held, loans));
        drop((ends, lenders));
        if let Ok(again) = options().open_fd(&self.file) {
            for operation in 5..OPERATIONS {
                self.operate(&again, operation);
            }
        }
        self.tally
    }

    /// The same on a queue that is empty, while another thread waits for a message.
    pub fn run_beside_a_sleeper(self, steps: &[Step]) -> Tally {
        let sleeper = self.ends[1].clone();
        while sleeper.try_get().is_ok() {}
        std::thread::scope(|scope| {
            let asleep = scope.spawn(|| sleeper.get_timeout(100 * SOON).map(drop));
            while !asleep.is_finished()
                && sleeper.snapshot().is_ok_and(|seen| seen.waiting_to_get == 0)
            {
                std::thread::yield_now();
            }
            self.run(steps)
        })
    }

    fn write(&mut self, word: u64, value: Value) {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, word * 8).expect("a word");
        let before = u64::from_le_bytes(bytes);
        let after = match value {
            Value::Set(number) => number,
            Value::Flip(bits) => before ^ bits,
            Value::Add(number) => before.wrapping_add(number),
        };
        self.file.write_all_at(&after.to_le_bytes(), word * 8).expect("a word");
    }

    /// Operations that leave nothing in hand.
    fn operate(&mut self, queue: &Queue<u64>, operation: u8) {
        self.number += 1;
        let number = self.number;
        match operation {
            5 => self.put(queue.try_put(number)),
            6 => self.put(queue.put_timeout(number, SOON)),
            7 => self.put(queue.as_bytes().try_put([9; 200])),
            8 => self.get(queue.try_get().map(|message| drop(message.deserialize()))),
            9 => self.get(queue.get_timeout(SOON).map(drop)),
            10 => self.get(queue.as_bytes().try_get().map(|message| {
                std::hint::black_box(message.iter().map(|&byte| u64::from(byte)).sum::<u64>());
            })),
            11 => self.get(queue.get_many_timeout(3, SOON).map(|batch| {
                for message in batch {
                    std::hint::black_box(message.is_ok());
                }
            })),
            12 => self.ask(queue.is_full()),
            13 => self.ask(queue.len()),
            14 => self.ask(queue.snapshot()),
            15 => self.ask(queue.reclaim()),
            16 => self.ask(queue.is_shut_down()),
            17 if number.is_multiple_of(7) => self.ask(queue.shutdown()),
            18 if number.is_multiple_of(11) => self.ask(queue.shutdown_now()),
            19 => match queue.put_many_timeout(&[number, number], SOON) {
                Err(PutManyError { error, .. }) => self.put(Err(error)),
                Ok(()) => self.put::<()>(Ok(())),
            },
            _ => {}
        }
    }

    fn hold<'q>(
        &mut self,
        result: Result<Received<'q, u64>, GetError>,
        held: &mut Vec<Received<'q, u64>>,
    ) {
        match result {
            Ok(message) if held.len() < HELD_MAX => held.push(message),
            result => self.get(result.map(drop)),
        }
    }

    fn put<V>(&mut self, result: Result<(), PutError<V>>) {
        match result {
            Ok(()) => self.tally.done += 1,
            Err(PutError { kind: PutErrorKind::Segment(_), .. }) => self.tally.faults += 1,
            Err(_) => self.tally.refused += 1,
        }
    }

    fn get(&mut self, result: Result<(), GetError>) {
        match result {
            Ok(()) => self.tally.done += 1,
            Err(GetError { kind: GetErrorKind::Segment(_), .. }) => self.tally.faults += 1,
            Err(_) => self.tally.refused += 1,
        }
    }

    fn ask<R, E>(&mut self, result: Result<R, E>) {
        match result {
            Ok(_) => self.tally.done += 1,
            Err(_) => self.tally.faults += 1,
        }
    }
}

/// Opens bytes as a queue, and uses it if that succeeds.
///
/// # Panics
/// When there are no files in memory.
pub fn attach(bytes: &[u8]) -> Result<Tally, OpenError> {
    let file = ringway_sys::shm::memfd("damaged").expect("a file in memory");
    file.write_all_at(bytes, 0).expect("its bytes");
    ringway_sys::shm::seal(&file).expect("a file that nobody cuts");
    let near = options().open_fd(&file)?;
    let far = options().open_fd(&file)?;
    let script = Script { ends: [near, far], file, number: 100, tally: Tally::default() };
    Ok(script.run(&(0..OPERATIONS).chain(0..OPERATIONS).map(Step::Use).collect::<Vec<_>>()))
}

/// These bytes with some words written over, and a header whose checksum fits. Each ten bytes of
/// `how` say which word, and what stands there afterwards; the first byte says nothing.
pub fn written_over(whole: &[u8], how: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for change in how.get(1..).unwrap_or_default().chunks_exact(10) {
        let (word, value) = change.split_at(2);
        let words = bytes.len() / 8;
        let at = usize::from(u16::from_le_bytes([word[0], word[1]])) % words * 8;
        bytes[at..at + 8].copy_from_slice(value);
    }
    crate::mend_header(&mut bytes);
    bytes
}

/// The bytes of a whole queue with messages in it.
///
/// # Panics
/// When it cannot be made.
pub fn whole() -> Vec<u8> {
    let script = Script::start();
    let mut bytes = vec![0; script.words() as usize * 8];
    let Script { ends, file, .. } = script;
    drop(ends); // nobody is in the table
    file.read_exact_at(&mut bytes, 0).expect("the segment");
    bytes
}
