//! rtrb's ring, for one sender and one receiver, laid in shared memory before a fork.

use std::sync::Mutex;

use rtrb::{Consumer, Producer, RingBuffer};

use crate::arena;
use crate::link::{Between, Link, Load, Outcome, Receiver, Rival, Sender};
use crate::rivals::spinning::until;
use crate::run;

type Message = [u8; 64];

/// Laid in shared memory.
pub struct Forked;

impl Rival for Forked {
    fn name(&self) -> String {
        "rtrb, forked".to_owned()
    }
    fn version(&self) -> String {
        "0.3".to_owned()
    }
    fn between(&self) -> Between {
        Between::Forked
    }
    fn waits(&self) -> &'static str {
        "spins, yields"
    }
    fn carries(&self, load: &Load) -> bool {
        (load.senders, load.receivers, load.size) == (1, 1, 64)
    }
    fn run(&self, load: &Load) -> Result<Outcome, String> {
        run::processes(&*arena::shared(|| Pair::new(load)), load)
    }
    fn round_trips(&self, load: &Load) -> Option<Result<Vec<u32>, String>> {
        let pairs = arena::shared(|| [Pair::new(load), Pair::new(load)]);
        Some(run::round_trips(&pairs[0], &pairs[1], load))
    }
}

/// Each end is taken out once, by the process that uses it.
struct Pair {
    producer: Mutex<Option<Producer<Message>>>,
    consumer: Mutex<Option<Consumer<Message>>>,
}

impl Pair {
    fn new(load: &Load) -> Self {
        let (producer, consumer) = RingBuffer::new(load.capacity);
        Self { producer: Mutex::new(Some(producer)), consumer: Mutex::new(Some(consumer)) }
    }
}

struct SendingEnd(Producer<Message>);
struct ReceivingEnd(Consumer<Message>);

impl Link for Pair {
    type Sender<'l> = SendingEnd;
    type Receiver<'l> = ReceivingEnd;
    fn sender(&self, _index: usize) -> SendingEnd {
        SendingEnd(self.producer.lock().ok().and_then(|mut end| end.take()).expect("the sending end"))
    }
    fn receiver(&self, _index: usize) -> ReceivingEnd {
        ReceivingEnd(self.consumer.lock().ok().and_then(|mut end| end.take()).expect("the receiving end"))
    }
}

impl Sender for SendingEnd {
    #[inline]
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        let mut message = [0; 64];
        write(&mut message);
        until(|| self.0.push(message).ok());
    }
}

impl Receiver for ReceivingEnd {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        read(&until(|| self.0.pop().ok()));
    }
}
