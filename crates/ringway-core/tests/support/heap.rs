//! A message ring and a free ring on the heap, over one table of block states.

use std::sync::{Arc, Mutex};

use ringway_core::packed::{Block, Lane, State};
use ringway_core::position::Position;
use ringway_core::ring::{Cells, Ring, Shape};
use ringway_core::word::Word;

/// The memory that a check runs on: its words, and the cells that its messages are written to.
pub trait Memory: Word + Sized {
    type Payload: Payload;
    fn new(value: u64) -> Self;
}

/// What a block holds, accessed without synchronization of its own.
pub trait Payload {
    fn new() -> Self;
    fn write(&self, value: u64);
    fn read(&self) -> u64;
}

/// The words of one ring.
pub struct Heap<W> {
    head: W,
    tail: W,
    slots: Vec<W>,
    states: Arc<Vec<W>>,
}

impl<W: Memory> Heap<W> {
    fn new(shape: Shape, first: Position, states: &Arc<Vec<W>>) -> Self {
        Self {
            head: W::new(first.number()),
            tail: W::new(first.number()),
            slots: (0..shape.slots())
                .map(|index| W::new(shape.initial_slot(index, first)))
                .collect(),
            states: Arc::clone(states),
        }
    }
}

impl<W: Word> Cells for Heap<W> {
    type Word = W;
    fn head(&self) -> &W {
        &self.head
    }
    fn tail(&self) -> &W {
        &self.tail
    }
    fn slot(&self, index: usize) -> &W {
        &self.slots[index]
    }
    fn state(&self, block: Block) -> Option<&W> {
        if block.class() == 0 { self.states.get(block.index() as usize) } else { None }
    }
}

/// A queue: both rings, the blocks, and a log of what was answered.
pub struct Queue<W: Memory> {
    pub messages: Ring<Heap<W>>,
    pub free: Ring<Heap<W>>,
    payloads: Vec<W::Payload>,
    /// Values whose put was answered with success.
    pub acknowledged: Mutex<Vec<u64>>,
    /// Values that were taken out, in the order of the takers' answers.
    pub delivered: Mutex<Vec<u64>>,
    /// Values that dead participants had taken and were not done with.
    pub lost: Mutex<Vec<u64>>,
}

impl<W: Memory> Queue<W> {
    /// All blocks are fresh: nobody owns them. Both rings start at position `first`.
    pub fn new(maxsize: u64, blocks: u32, first: u64) -> Arc<Self> {
        let first = Position::new(first);
        let states = Arc::new((0..blocks).map(|_| W::new(State::Fresh.pack())).collect());
        let ring = |lane, shape| Ring::new(Heap::new(shape, first, &states), lane, shape);
        Arc::new(Self {
            messages: ring(Lane::Messages, Shape::new(maxsize, 1, 1)),
            free: ring(Lane::Free, Shape::new(u64::from(blocks), 0, 1)),
            payloads: (0..blocks).map(|_| W::Payload::new()).collect(),
            acknowledged: Mutex::default(),
            delivered: Mutex::default(),
            lost: Mutex::default(),
        })
    }

    pub fn blocks(&self) -> impl Iterator<Item = Block> + use<W> {
        (0..self.payloads.len() as u32).map(|index| Block::new(0, index))
    }
    pub fn payload(&self, block: Block) -> &W::Payload {
        &self.payloads[block.index() as usize]
    }
    pub fn state(&self, block: Block) -> &W {
        self.messages.cells().state(block).expect("a block of this queue")
    }
    pub fn ring(&self, lane: Lane) -> &Ring<Heap<W>> {
        match lane {
            Lane::Messages => &self.messages,
            Lane::Free => &self.free,
        }
    }
}
