//! rtrb's ring, for one sender and one receiver, laid in shared memory before a fork.

use std::sync::Mutex;

use rtrb::{Consumer, Producer, RingBuffer};

use crate::arena;
use crate::link::{Link, Load, Receiver, Sender};
use crate::rival::{About, Between, Rival};
use crate::rivals::spinning::Wait;
use crate::workload::Kind;

type Message = [u8; 64];

/// Laid in shared memory, with ends that wait that way.
pub struct Forked(pub Wait);

impl Rival for Forked {
    type Link = Box<Pair>;
    fn about(&self) -> About {
        let name = match self.0 {
            Wait::Pause => "rtrb, forked, pausing",
            _ => "rtrb, forked",
        };
        About::of_crate(name, "rtrb", Between::Forked, self.0.name())
    }
    fn joins(&self, kind: Kind) -> bool {
        self.0.joins(kind) && Between::Forked.joins(kind)
    }
    fn carries(&self, load: &Load) -> bool {
        load.is_one_to_one() && load.size == size_of::<Message>()
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Box<Pair>>, String> {
        Ok(arena::shared(count, || Pair::new(load, self.0)))
    }
}

/// Each end is taken out once, by the process that uses it.
pub struct Pair {
    producer: Mutex<Option<Producer<Message>>>,
    consumer: Mutex<Option<Consumer<Message>>>,
    wait: Wait,
}

impl Pair {
    fn new(load: &Load, wait: Wait) -> Self {
        let (producer, consumer) = RingBuffer::new(load.capacity);
        Self { producer: Mutex::new(Some(producer)), consumer: Mutex::new(Some(consumer)), wait }
    }
}

/// The end that sends.
pub struct SendingEnd(Producer<Message>, Wait);
/// The end that receives.
pub struct ReceivingEnd(Consumer<Message>, Wait);

impl Link for Box<Pair> {
    type Sender<'l> = SendingEnd;
    type Receiver<'l> = ReceivingEnd;
    fn sender(&self, _index: usize) -> SendingEnd {
        SendingEnd(
            self.producer.lock().ok().and_then(|mut end| end.take()).expect("the sending end"),
            self.wait,
        )
    }
    fn receiver(&self, _index: usize) -> ReceivingEnd {
        ReceivingEnd(
            self.consumer.lock().ok().and_then(|mut end| end.take()).expect("the receiving end"),
            self.wait,
        )
    }
}

impl Sender for SendingEnd {
    #[inline]
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        let mut message = [0; 64];
        write(&mut message);
        self.1.until(|| self.0.push(message).ok());
    }
}

impl Receiver for ReceivingEnd {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        read(&self.1.until(|| self.0.pop().ok()));
    }
}
