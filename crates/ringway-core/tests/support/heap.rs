//! A message ring and a store of blocks on the heap, over one table of block states.

use std::sync::{Arc, Mutex};

use ringway_core::block::Block;
use ringway_core::position::Position;
use ringway_core::ring::{Cells, Ring, Shape};
use ringway_core::state::{Lane, State};
use ringway_core::store::{Local, StoreCells, StoreShape};
use ringway_core::word::{
    Ordering::{Acquire, Relaxed},
    Word,
};

/// The words of a check, and the cells that its messages are written to.
pub trait Memory: Word + 'static {
    type Payload: Payload;
    /// What `thread_key` returns from here on, on the calling thread.
    fn set_thread_key(key: u64);
}

/// What a block holds, accessed without synchronization of its own.
pub trait Payload {
    fn new() -> Self;
    fn write(&self, value: u64);
    fn read(&self) -> u64;
}

/// The blocks of a queue, and how far their memory goes.
struct Blocks<W: Memory> {
    states: Vec<W>,
    payloads: Vec<W::Payload>,
    fresh: W,
    backed: W,
    /// Whether there is memory behind a block. Empty where that is not looked at.
    memory: Vec<W>,
    /// The system has memory for this number of blocks.
    available: u64,
}

/// The words of one ring.
pub struct Heap<W: Memory> {
    head: W,
    tail: W,
    slots: Vec<W>,
    blocks: Arc<Blocks<W>>,
}

impl<W: Memory> Heap<W> {
    fn new(shape: Shape, first: Position, blocks: &Arc<Blocks<W>>) -> Self {
        Self {
            head: W::new(first.number()),
            tail: W::new(first.number()),
            slots: (0..shape.slots())
                .map(|index| W::new(shape.initial_slot(index, first)))
                .collect(),
            blocks: Arc::clone(blocks),
        }
    }
}

impl<W: Memory> Cells for &Heap<W> {
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
        let index = block.index() as usize;
        let state = if block.class() == 0 { self.blocks.states.get(index) } else { None };
        if let Some(memory) = state.and_then(|_| self.blocks.memory.get(index)) {
            assert_eq!(memory.load(Relaxed), 1, "no memory behind {block:?}");
        }
        state
    }
}

/// The system has no memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoMemory;

impl<W: Memory> StoreCells for &Heap<W> {
    type NoMemory = NoMemory;
    fn fresh(&self) -> &W {
        &self.blocks.fresh
    }
    fn backed(&self) -> &W {
        &self.blocks.backed
    }
    fn back(&self, first: u64, end: u64) -> Result<(), NoMemory> {
        if end > self.blocks.available {
            return Err(NoMemory);
        }
        for memory in self.blocks.memory.iter().skip(first as usize).take((end - first) as usize) {
            memory.store(1, Relaxed);
        }
        Ok(())
    }
}

/// A queue, and a log of what its calls returned.
pub struct Queue<W: Memory> {
    messages: Heap<W>,
    free: Heap<W>,
    /// Where messages can be put back.
    returned: Option<Heap<W>>,
    maxsize: u64,
    blocks: Arc<Blocks<W>>,
    /// How many blocks get memory at once.
    step: u64,
    /// For blocks that are given out before a check begins.
    pub setting_up: Local<W>,
    /// Values whose put has returned with success.
    pub acknowledged: Mutex<Vec<u64>>,
    /// Values whose get has returned, in that order.
    pub delivered: Mutex<Vec<u64>>,
    /// Values that a getter is giving back, delivered unless they are lost.
    pub closing: Mutex<Vec<u64>>,
    /// Values that dead participants had taken and were not done with.
    pub lost: Mutex<Vec<u64>>,
}

impl<W: Memory> Queue<W> {
    /// All blocks are fresh, and there is memory behind them. Both rings start at position `first`.
    pub fn new(maxsize: u64, blocks: u32, first: u64) -> Arc<Self> {
        let blocks =
            Blocks { backed: W::new(blocks.into()), memory: Vec::new(), ..Self::blocks_of(blocks) };
        Self::over(blocks, maxsize, first)
    }

    /// The same queue, to which messages can be put back.
    pub fn returning(maxsize: u64, blocks: u32, first: u64) -> Arc<Self> {
        let mut queue = Self::new(maxsize, blocks, first);
        let inner = Arc::get_mut(&mut queue).expect("no other owner");
        let shape = Self::returned_shape(blocks.into());
        inner.returned = Some(Heap::new(shape, Position::new(first), &inner.blocks));
        queue
    }

    /// A queue whose blocks have no memory yet. `step` of them get it at once, `available` in all.
    /// Each touch of a block without memory is a failure.
    pub fn without_memory(maxsize: u64, blocks: u32, step: u64, available: u64) -> Arc<Self> {
        let blocks = Blocks { available, ..Self::blocks_of(blocks) };
        let mut queue = Self::over(blocks, maxsize, 0);
        Arc::get_mut(&mut queue).expect("no other owner").step = step;
        queue
    }

    fn blocks_of(count: u32) -> Blocks<W> {
        Blocks {
            states: (0..count).map(|_| W::new(State::Fresh.pack())).collect(),
            payloads: (0..count).map(|_| W::Payload::new()).collect(),
            fresh: W::new(0),
            backed: W::new(0),
            memory: (0..count).map(|_| W::new(0)).collect(),
            available: count.into(),
        }
    }

    fn over(blocks: Blocks<W>, maxsize: u64, first: u64) -> Arc<Self> {
        let first = Position::new(first);
        let blocks = Arc::new(blocks);
        Arc::new(Self {
            messages: Heap::new(Self::messages_shape(maxsize), first, &blocks),
            free: Heap::new(Self::free_shape(blocks.states.len() as u64), first, &blocks),
            returned: None,
            maxsize,
            step: blocks.states.len() as u64,
            blocks,
            setting_up: Local::default(),
            acknowledged: Mutex::default(),
            delivered: Mutex::default(),
            closing: Mutex::default(),
            lost: Mutex::default(),
        })
    }

    const fn messages_shape(maxsize: u64) -> Shape {
        Shape::new(maxsize, 1, 1)
    }
    const fn free_shape(blocks: u64) -> Shape {
        Shape::new(blocks, 0, 1)
    }
    const fn returned_shape(blocks: u64) -> Shape {
        Shape::new(blocks, 1, 1)
    }

    pub fn messages(&self) -> Ring<&Heap<W>> {
        Ring::new(&self.messages, Lane::Messages, Self::messages_shape(self.maxsize))
    }
    pub fn free(&self) -> Ring<&Heap<W>> {
        let shape = Self::free_shape(self.blocks.states.len() as u64);
        Ring::new(&self.free, Lane::Free, shape)
    }
    /// The ring of returned messages, if there is one.
    pub fn returned(&self) -> Option<Ring<&Heap<W>>> {
        let shape = Self::returned_shape(self.blocks.states.len() as u64);
        Some(Ring::new(self.returned.as_ref()?, Lane::Returned, shape))
    }
    /// Whether the ring of a lane names a block at a position.
    pub fn is_published(&self, lane: Lane, position: Position, block: Block) -> bool {
        match lane {
            Lane::Messages => self.messages().is_published(position, block),
            Lane::Free => self.free().is_published(position, block),
            Lane::Returned => {
                self.returned().is_some_and(|ring| ring.is_published(position, block))
            }
        }
    }
    pub fn store_shape(&self, keep: usize) -> StoreShape {
        let blocks = self.blocks.states.len() as u64;
        StoreShape { class: 0, blocks, step: self.step, keep }
    }

    pub fn blocks(&self) -> impl Iterator<Item = Block> + use<W> {
        (0..self.blocks.states.len() as u32).map(|index| Block::new(0, index))
    }
    pub fn payload(&self, block: Block) -> &W::Payload {
        &self.blocks.payloads[block.index() as usize]
    }
    pub fn state_word(&self, block: Block) -> &W {
        &self.blocks.states[block.index() as usize]
    }
    pub fn state(&self, block: Block) -> State {
        State::unpack(self.state_word(block).load(Acquire)).expect("a state")
    }
}
