//! A participant: what a process does with a queue, without the process.

use std::sync::Arc;

use ringway_core::packed::{Block, Lane, Owner, State};
use ringway_core::position::Position;
use ringway_core::ring::{Edge, Hints, PushError};
use ringway_core::word::Ordering::{AcqRel, Acquire, Release};

use super::heap::{Memory, Payload, Queue};

/// Why a value was not put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    Full,
    Closed,
    NoBlock,
}

pub struct Party<W: Memory> {
    pub queue: Arc<Queue<W>>,
    pub me: Owner,
    hints: Arc<[Hints; 2]>,
    /// Whether single messages first try the straight way.
    pub straight: bool,
    /// Free blocks at hand; at most `keep` stay there after a get.
    pub hand: Vec<Block>,
    pub keep: usize,
}

impl<W: Memory> Party<W> {
    pub fn new(queue: &Arc<Queue<W>>, index: u8, generation: u8) -> Self {
        Self {
            queue: Arc::clone(queue),
            me: Owner::new(index, generation),
            hints: Arc::default(),
            straight: true,
            hand: Vec::new(),
            keep: 1,
        }
    }

    /// Another thread of the same process.
    pub fn sibling(&self) -> Self {
        Self {
            hints: Arc::clone(&self.hints),
            ..Self::new(&self.queue, self.me.index(), self.me.generation())
        }
    }

    /// Makes fresh blocks this participant's own.
    pub fn with_fresh(mut self, blocks: impl IntoIterator<Item = u32>) -> Self {
        for index in blocks {
            let block = Block::new(0, index);
            let position = Position::new(index.into());
            let held = State::Held { lane: Lane::Free, owner: self.me, position }.pack();
            self.queue
                .state(block)
                .compare_exchange(0, held, AcqRel, Acquire)
                .expect("a fresh block");
            self.hand.push(block);
        }
        self
    }

    /// Fills the free ring with all blocks, which must be fresh.
    pub fn stock(queue: &Arc<Queue<W>>) {
        let count = queue.blocks().count() as u32;
        Self::new(queue, 200, 1).with_fresh(0..count).flush(0);
    }

    pub fn put(&mut self, value: u64) -> Result<(), Refused> {
        self.put_many(&[value]).1
    }

    /// Answers how many got in, and why no more did.
    pub fn put_many(&mut self, values: &[u64]) -> (usize, Result<(), Refused>) {
        while self.hand.len() < values.len() {
            let mut found = [Block::CLOSED; 1];
            if self.queue.free.claim(self.me, &mut found, &self.hints[1]).0 == 0 {
                return (0, Err(Refused::NoBlock));
            }
            self.hand.push(found[0]);
        }
        let blocks = self.hand.split_off(self.hand.len() - values.len());
        for (&block, &value) in blocks.iter().zip(values) {
            self.queue.payload(block).write(value);
        }
        let (pushed, result) = match blocks[..] {
            [block]
                if self.straight
                    && self.queue.messages.push_straight(self.me, block, &self.hints[0]) =>
            {
                (1, Ok(()))
            }
            _ => self.queue.messages.push(self.me, &blocks, &self.hints[0]),
        };
        self.queue.acknowledged.lock().unwrap().extend(&values[..pushed]);
        self.hand.extend(&blocks[pushed..]);
        let refused = result.map_err(|error| match error {
            PushError::Full => Refused::Full,
            PushError::Closed => Refused::Closed,
            PushError::Corrupt(corruption) => panic!("{corruption:?}"),
        });
        assert!(pushed == values.len() || refused.is_err(), "a push that stops says why");
        (pushed, refused)
    }

    pub fn get(&mut self) -> Result<u64, Edge> {
        let (values, edge) = self.get_many(1);
        values.first().copied().ok_or(edge)
    }

    /// Takes up to `count` values; the blocks are ours afterwards.
    pub fn get_many(&mut self, count: usize) -> (Vec<u64>, Edge) {
        let (values, edge, blocks) = self.receive(count);
        for (&block, &value) in blocks.iter().zip(&values) {
            self.finish(block, value);
        }
        self.hand.extend(blocks);
        if self.hand.len() > self.keep {
            self.flush(self.keep);
        }
        (values, edge)
    }

    /// Claims and reads up to `count` messages and keeps them.
    pub fn receive(&self, count: usize) -> (Vec<u64>, Edge, Vec<Block>) {
        let mut out = vec![Block::CLOSED; count];
        let straight = if self.straight && count == 1 {
            self.queue.messages.claim_straight(self.me, &self.hints[0])
        } else {
            None
        };
        let (claimed, edge) = if let Some(block) = straight {
            out[0] = block;
            (1, Ok(Edge::More))
        } else {
            self.queue.messages.claim(self.me, &mut out, &self.hints[0])
        };
        out.truncate(claimed);
        let values = out.iter().map(|&block| self.queue.payload(block).read()).collect();
        (values, edge.expect("no corruption"), out)
    }

    /// Marks a block as free and its message as delivered. A death is before or after both.
    pub fn finish(&self, block: Block, value: u64) {
        let state = self.queue.state(block);
        let Some(State::Held { lane: Lane::Messages, owner, position }) =
            State::unpack(state.load(Acquire))
        else {
            panic!("a claimed block holds a message");
        };
        assert_eq!(owner, self.me, "a claimed block is the claimer's");
        state.store(State::Held { lane: Lane::Free, owner, position }.pack(), Release);
        self.queue.delivered.lock().unwrap().push(value);
    }

    /// Puts all but `kept` blocks at hand into the free ring.
    pub fn flush(&mut self, kept: usize) {
        let spare = self.hand.split_off(kept.min(self.hand.len()));
        let (pushed, result) = self.queue.free.push(self.me, &spare, &self.hints[1]);
        assert_eq!(
            (pushed, result),
            (spare.len(), Ok(())),
            "the free ring has a place for every block"
        );
    }

    /// Closes the queue.
    pub fn close(&self) -> bool {
        self.queue.messages.close(&self.hints[0]).expect("no corruption")
    }
    pub fn len(&self) -> u64 {
        self.queue.messages.len().expect("no corruption")
    }

    /// Takes back what `dead` owned: held blocks, and those it was still putting somewhere.
    pub fn recover(&mut self, dead: Owner) {
        for block in self.queue.blocks() {
            let state = self.queue.state(block);
            let word = state.load(Acquire);
            let (lane, position, taken) = match State::unpack(word).expect("a state") {
                State::Held { lane, owner, position } if owner == dead => (lane, position, true),
                State::Queued { lane, owner, position } if owner == dead => {
                    if self.queue.ring(lane).names(position, block) {
                        continue;
                    }
                    (lane, position, false)
                }
                _ => continue,
            };
            let mine = State::Held { lane: Lane::Free, owner: self.me, position }.pack();
            if state.compare_exchange(word, mine, AcqRel, Acquire).is_ok() {
                if taken && lane == Lane::Messages {
                    let value = self.queue.payload(block).read();
                    self.queue.lost.lock().unwrap().push(value);
                }
                self.hand.push(block);
                self.flush(0);
            }
        }
    }
}
