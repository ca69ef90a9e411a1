//! A participant: drives the product as a process does, and writes down what its calls returned.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use ringway_core::block::Block;
use ringway_core::corruption::Corruption;
use ringway_core::lanes::Returned;
use ringway_core::owned::{Batch, Owned};
use ringway_core::owner::Owner;
use ringway_core::position::Position;
use ringway_core::ring::{ClaimEnd, Hints, PushError};
use ringway_core::state::Lane;
use ringway_core::store::{Local, NoBlock, Released, Store, StoreShape, owner_of};
use ringway_core::word::Ordering::Acquire;

use super::heap::{Heap, Memory, NoMemory, Payload, Queue};

/// Why a value was not put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    Full,
    Closed,
    NoBlock,
}

/// What the threads of a process share.
struct Process<W> {
    hints: Hints<W>,
    /// Of the ring of returned messages, made when it is needed.
    returned_hints: OnceLock<Hints<W>>,
    /// Made when it is needed: it has so many words that loom would do little else.
    local: OnceLock<Local<W>>,
    /// The key that the next thread gets.
    next_key: AtomicU64,
}

/// A thread of a participant's process. It may move from one thread of the check to another.
pub struct Party<W: Memory> {
    pub queue: Arc<Queue<W>>,
    pub me: Owner,
    process: Arc<Process<W>>,
    key: u64,
    /// Whether single messages first try the fast way.
    pub fast: bool,
    pub shape: StoreShape,
    /// Blocks for the next puts: given to it, or left over when a put was refused.
    hand: RefCell<Vec<Owned>>,
}

impl<W: Memory> Party<W> {
    /// The first thread of a new process.
    pub fn new(queue: &Arc<Queue<W>>, index: u8, generation: u8) -> Self {
        Self {
            queue: Arc::clone(queue),
            me: Owner::new(index, generation),
            process: Arc::new(Process {
                hints: Hints::default(),
                returned_hints: OnceLock::new(),
                local: OnceLock::new(),
                next_key: AtomicU64::new(2),
            }),
            key: 1,
            fast: true,
            shape: queue.store_shape(1),
            hand: RefCell::default(),
        }
    }

    /// Another thread of the same process.
    pub fn sibling(&self) -> Self {
        self.process.local.get_or_init(Local::default);
        Self {
            queue: Arc::clone(&self.queue),
            process: Arc::clone(&self.process),
            key: self.process.next_key.fetch_add(1, Relaxed),
            hand: RefCell::default(),
            ..*self
        }
    }

    /// With at most this number of blocks in each stock.
    pub fn keeping(mut self, keep: usize) -> Self {
        self.shape.keep = keep;
        self
    }

    /// As with blocks at hand and none of them left: the first stock is that of this thread.
    pub fn at_first_stock(self) -> Self {
        let owned = self.take().expect("a free block");
        self.give_back(owned);
        self
    }

    /// With so many blocks for its puts.
    pub fn with_blocks(self, count: usize) -> Self {
        let shape = StoreShape { keep: 0, ..self.shape };
        let store = Store::new(self.queue.free(), &shape, &self.queue.setting_up, self.me);
        let blocks = (0..count).map(|_| store.take().expect("a free block"));
        self.hand.borrow_mut().extend(blocks);
        self
    }

    /// With so many blocks in the stock of this thread.
    pub fn with_stock(self, count: usize) -> Self {
        let taken: Vec<Owned> = (0..count).map(|_| self.take().expect("a free block")).collect();
        for owned in taken {
            assert_eq!(self.release(owned, false), Released::Kept);
        }
        self
    }

    /// Fills the free ring with all blocks, which must be fresh.
    pub fn fill_free_ring(queue: &Arc<Queue<W>>) {
        let filler = Self::new(queue, 200, 1);
        let all: Vec<Owned> = queue.blocks().map(|_| filler.take().expect("a block")).collect();
        all.into_iter().for_each(|owned| filler.give_back(owned));
    }

    fn store(&self) -> Store<'_, &Heap<W>> {
        W::set_thread_key(self.key);
        let local = self.process.local.get_or_init(Local::default);
        Store::new(self.queue.free(), &self.shape, local, self.me)
    }

    pub fn take(&self) -> Result<Owned, NoBlock<NoMemory>> {
        self.store().take()
    }
    pub fn release(&self, owned: Owned, wanted: bool) -> Released {
        self.try_release(owned, wanted).expect("no corruption")
    }
    pub fn try_release(&self, owned: Owned, wanted: bool) -> Result<Released, Corruption> {
        self.store().release(owned, wanted)
    }
    pub fn give_back(&self, owned: Owned) {
        assert_eq!(self.store().give_back(owned), Ok(1));
    }
    /// Gives back what its puts left over.
    pub fn put_down(&self) {
        self.hand.take().into_iter().for_each(|owned| self.give_back(owned));
    }
    /// The end of the process, after which none of its blocks is at hand.
    pub fn leave(&self) {
        self.try_leave();
    }
    /// The same; `None` if a thread has ended inside a stock.
    pub fn try_leave(&self) -> Option<u32> {
        self.put_down();
        self.store().empty_stocks().expect("no corruption")
    }
    /// A block from the stock of this thread.
    pub fn take_at_hand(&self) -> Option<Owned> {
        W::set_thread_key(self.key);
        Some(self.process.local.get_or_init(Local::default).take()?.0)
    }
    /// Puts a block into the stock of this thread.
    pub fn keep(&self, owned: Owned) -> Result<(), Owned> {
        W::set_thread_key(self.key);
        self.process.local.get_or_init(Local::default).keep(owned, self.shape.keep)
    }

    pub fn put(&self, value: u64) -> Result<(), Refused> {
        self.put_many(&[value]).1
    }

    /// Returns how many got in, and why no more did.
    pub fn put_many(&self, values: &[u64]) -> (usize, Result<(), Refused>) {
        let mut batch = Batch::new();
        let mut refused = Ok(());
        for &value in values {
            let at_hand = self.hand.borrow_mut().pop();
            match at_hand.map_or_else(|| self.take(), Ok) {
                Ok(owned) => {
                    self.queue.payload(owned.block()).write(value);
                    batch.push_back(owned).expect("a short batch");
                }
                Err(NoBlock::AllHeld | NoBlock::NoMemory(_)) => refused = Err(Refused::NoBlock),
                Err(NoBlock::Corrupt(corruption)) => panic!("{corruption}"),
            }
        }
        let mut pushed = 0;
        if refused.is_ok() {
            refused = self.push(&mut batch);
            pushed = values.len() - batch.len();
            self.queue.acknowledged.lock().unwrap().extend(&values[..pushed]);
        }
        self.hand.borrow_mut().extend(std::iter::from_fn(|| batch.pop_front()));
        assert!(pushed == values.len() || refused.is_err(), "a push that stops says why");
        (pushed, refused)
    }

    fn push(&self, batch: &mut Batch) -> Result<(), Refused> {
        let (ring, hints) = (self.queue.messages(), &self.process.hints);
        if self.fast && batch.len() == 1 {
            let one = batch.pop_front().expect("one block");
            match ring.push_fast(self.me, one, hints) {
                Ok(()) => return Ok(()),
                Err(one) => batch.push_back(one).expect("a short batch"),
            }
        }
        ring.push(self.me, batch, hints).map_err(|error| match error {
            PushError::Full => Refused::Full,
            PushError::Closed => Refused::Closed,
            PushError::Corrupt(corruption) => panic!("{corruption}"),
        })
    }

    pub fn get(&self) -> Result<u64, ClaimEnd> {
        let (values, end) = self.get_many(1);
        values.first().copied().ok_or(end)
    }

    /// Takes up to `count` values and is done with them.
    pub fn get_many(&self, count: usize) -> (Vec<u64>, ClaimEnd) {
        let (values, end, blocks) = self.receive(count);
        for (owned, &value) in blocks.into_iter().zip(&values) {
            self.finish(owned, value, false);
        }
        (values, end)
    }

    /// Claims and reads up to `count` messages and keeps them; those that came back first.
    pub fn receive(&self, count: usize) -> (Vec<u64>, ClaimEnd, Vec<Owned>) {
        let mut batch = Batch::new();
        let end = match self.queue.returned() {
            None => self.claim_new(&mut batch, count),
            Some(_) => self.claim_both(&mut batch, count),
        };
        self.read(batch, end)
    }

    /// The same of those that never came back only.
    pub fn receive_new(&self, count: usize) -> (Vec<u64>, ClaimEnd, Vec<Owned>) {
        let mut batch = Batch::new();
        let end = self.claim_new(&mut batch, count);
        self.read(batch, end)
    }

    fn read(&self, mut batch: Batch, end: ClaimEnd) -> (Vec<u64>, ClaimEnd, Vec<Owned>) {
        let blocks: Vec<Owned> = std::iter::from_fn(|| batch.pop_front()).collect();
        let values = blocks.iter().map(|owned| self.queue.payload(owned.block()).read()).collect();
        (values, end, blocks)
    }

    fn claim_new(&self, batch: &mut Batch, count: usize) -> ClaimEnd {
        let (ring, hints) = (self.queue.messages(), &self.process.hints);
        let fast = if self.fast && count == 1 { ring.claim_fast(self.me, hints) } else { None };
        match fast {
            Some(owned) => {
                batch.push_back(owned).expect("a short batch");
                ClaimEnd::More
            }
            None => ring.claim(self.me, batch, count, hints).expect("no corruption"),
        }
    }

    fn claim_both(&self, batch: &mut Batch, count: usize) -> ClaimEnd {
        let returned = Returned { ring: || self.queue.returned(), hints: self.returned_hints() };
        returned
            .claim_both(self.me, batch, count, |batch, max| {
                Ok::<_, Corruption>(self.claim_new(batch, max))
            })
            .expect("no corruption")
    }

    fn returned_hints(&self) -> &Hints<W> {
        self.process.returned_hints.get_or_init(Hints::default)
    }

    /// Puts messages back, in order.
    pub fn put_back(&self, messages: Vec<Owned>) {
        self.try_put_back(messages).expect("no corruption");
    }
    pub fn try_put_back(&self, messages: Vec<Owned>) -> Result<(), Corruption> {
        let ring = self.queue.returned().expect("a queue that takes messages back");
        let mut batch = Batch::new();
        for owned in messages {
            batch.push_back(owned).expect("a short batch");
        }
        ring.push_all(self.me, &mut batch, self.returned_hints())
    }

    /// Gives a message that was read back.
    pub fn finish(&self, owned: Owned, value: u64, wanted: bool) {
        self.queue.closing.lock().unwrap().push(value);
        let _ = self.release(owned, wanted);
        self.queue.closing.lock().unwrap().retain(|&closing| closing != value);
        self.queue.delivered.lock().unwrap().push(value);
    }

    /// Closes the queue.
    pub fn close(&self) -> bool {
        self.queue.messages().close(&self.process.hints).expect("no corruption")
    }
    pub fn len(&self) -> u64 {
        self.queue.messages().len().expect("no corruption")
    }
    /// How many messages are queued that came back.
    pub fn returned_len(&self) -> u64 {
        self.queue.returned().map_or(0, |ring| ring.len().expect("no corruption"))
    }
    pub fn has_room(&self) -> Result<(), PushError> {
        self.queue.messages().has_room(&self.process.hints)
    }

    /// Takes back what `dead` owned; returns how many blocks.
    pub fn recover(&self, dead: Owner) -> u64 {
        self.reclaim(|state| {
            let word = state.load(Acquire);
            (owner_of(word) == Some(dead)).then_some(word)
        })
    }

    /// Takes back the blocks that `condemn` says may be taken.
    pub fn reclaim(&self, condemn: impl Fn(&W) -> Option<u64>) -> u64 {
        let (is_queued, lost, again) = (self.is_queued(), self.lost(), self.push_again());
        self.store().reclaim(condemn, is_queued, lost, again).expect("no corruption")
    }

    /// Gives back what this participant still owns, as if all its handles were gone.
    pub fn give_up(&self) -> u64 {
        let (is_queued, lost, again) = (self.is_queued(), self.lost(), self.push_again());
        self.store().give_up(is_queued, lost, again).expect("no corruption")
    }

    fn is_queued(&self) -> impl Fn(Lane, Position, Block) -> bool {
        |lane, position, block| {
            assert_ne!(lane, Lane::Free, "the store looks at that ring itself");
            self.queue.is_published(lane, position, block)
        }
    }

    fn lost(&self) -> impl FnMut(Block) {
        |block| {
            let value = self.queue.payload(block).read();
            self.queue.lost.lock().unwrap().push(value);
        }
    }

    fn push_again(&self) -> impl FnMut(Owned) -> Result<(), Corruption> {
        |owned| {
            let ring = self.queue.returned().expect("a block is on its way to a ring that is not");
            let mut one = Batch::new();
            one.push_back(owned).expect("an empty batch");
            ring.push_all(self.me, &mut one, &Hints::default())
        }
    }
}
