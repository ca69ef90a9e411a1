//! Messages whose bytes lie: each is delivered as a value or refused, its block comes back, and the
//! next is delivered.

use std::collections::BTreeMap;

use ringway::{GetError, GetErrorKind, Message, Place, Queue};

use crate::audit::every_block_is_there;

const PARTICIPANTS: u32 = 1;
const LOANS: u32 = 1;

/// A message with a bit of everything.
#[derive(Message, Debug, Clone, PartialEq)]
pub struct Record {
    id: u64,
    name: String,
    tags: Vec<String>,
    levels: Option<Box<[u16]>>,
    shape: Shape,
    prices: BTreeMap<u32, String>,
    flag: bool,
    letter: char,
}

/// A part that contains itself.
#[derive(Message, Debug, Clone, PartialEq)]
pub enum Shape {
    /// Nothing more.
    Point,
    /// Two numbers.
    Line(u32, u32),
    /// More of them.
    Group(Vec<Shape>),
}

impl Record {
    /// Some record.
    pub fn example() -> Self {
        let text =
            |number: u32| format!("a text that does not fit into its place, number {number}");
        Self {
            id: 7,
            name: text(0),
            tags: vec![text(1), "short".to_owned(), String::new()],
            levels: Some(Box::new([1, 2, 3])),
            shape: Shape::Group(vec![
                Shape::Point,
                Shape::Group(vec![Shape::Line(1, 2)]),
                Shape::Point,
            ]),
            prices: (0..9).map(|number| (number, text(number))).collect(),
            flag: true,
            letter: 'r',
        }
    }
}

/// A queue of records, and the bytes of a good one.
pub struct Records {
    queue: Queue<Record>,
    good: Vec<u8>,
    max_message: usize,
}

impl Default for Records {
    fn default() -> Self {
        Self::new()
    }
}

impl Records {
    /// An empty queue.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new() -> Self {
        let max_message = 4096;
        let options = Queue::options()
            .maxsize(2)
            .max_message(max_message as u64)
            .participants(PARTICIPANTS)
            .loans(LOANS);
        let queue = options.create(Place::Unnamed).expect("a queue");
        queue.put(Record::example()).expect("a place");
        let good = queue.get().expect("the record").bytes().to_vec();
        Self { queue, good, max_message }
    }

    /// The bytes of a good record with some of them changed: each two bytes say where, the next one
    /// how.
    pub fn bent(&self, how: &[u8]) -> Vec<u8> {
        let mut bytes = self.good.clone();
        for change in how.chunks_exact(3) {
            let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len();
            bytes[at] ^= change[2];
        }
        bytes
    }

    /// Puts the bytes as a message, and a good one after it. Answers whether they were taken for a
    /// record.
    ///
    /// # Panics
    /// When they are neither a record nor refused, when the good one is not delivered, or when no
    /// block is left.
    pub fn offer(&self, bytes: &[u8]) -> bool {
        let bytes = &bytes[..bytes.len().min(self.max_message)];
        let good = Record::example();
        self.queue.as_bytes().try_put(bytes).expect("a place and a block");
        self.queue.try_put(&good).expect("a place and a block");
        let taken = match self.queue.try_get() {
            Ok(record) => record.deserialize().ok(),
            Err(GetError { kind: GetErrorKind::Invalid { bytes: length, .. }, .. })
                if length == bytes.len() as u64 =>
            {
                None
            }
            Err(error) => panic!("{error}"),
        };
        let next = self.queue.try_get().expect("the good one");
        assert_eq!(next.deserialize().expect("a record"), good);
        drop(next);
        let Some(value) = taken else { return false };
        // What was taken for a value is one: it can be sent on, unless it is larger now.
        if self.queue.try_put(&value).is_ok() {
            let again = self.queue.try_get().expect("the value");
            assert_eq!(again.deserialize().expect("a record"), value);
        }
        true
    }

    /// Asserts that nothing is queued, and that every block can be had.
    ///
    /// # Panics
    /// When that is not so.
    pub fn assert_whole(&self) {
        assert_eq!(self.queue.len().expect("a sound queue"), 0);
        every_block_is_there(&self.queue);
    }
}
