//! crossbeam's `ArrayQueue`: between threads, and laid in shared memory before a fork.

use crossbeam_queue::ArrayQueue;

use crate::arena;
use crate::link::{Link, Load, Receiver, Sender};
use crate::rival::{About, Between, Rival};
use crate::rivals::spinning::Wait;
use crate::workload::Kind;

/// Messages lie in the queue itself.
type Message = [u8; 64];

/// Between threads or laid in shared memory, with ends that wait that way.
pub struct Array(pub Between, pub Wait);

impl Rival for Array {
    type Link = Queue;
    fn about(&self) -> About {
        let name = match (self.0, self.1) {
            (Between::Threads, Wait::Pause) => "crossbeam ArrayQueue, pausing",
            (Between::Threads, _) => "crossbeam ArrayQueue",
            (_, Wait::Pause) => "crossbeam ArrayQueue, forked, pausing",
            (_, _) => "crossbeam ArrayQueue, forked",
        };
        About::of_crate(name, "crossbeam-queue", self.0, self.1.name())
    }
    fn joins(&self, kind: Kind) -> bool {
        self.1.joins(kind) && self.0.joins(kind)
    }
    fn carries(&self, load: &Load) -> bool {
        load.size == size_of::<Message>()
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Queue>, String> {
        let make = || ArrayQueue::new(load.capacity);
        let queues = match self.0 {
            Between::Threads => (0..count).map(|_| Box::new(make())).collect(),
            _ => arena::shared(count, make),
        };
        Ok(queues.into_iter().map(|queue| Queue(queue, self.1)).collect())
    }
}

/// A queue on the heap, or what the arena makes of it.
pub struct Queue(Box<ArrayQueue<Message>>, Wait);

/// An end.
pub struct End<'q>(&'q ArrayQueue<Message>, Wait);

impl Link for Queue {
    type Sender<'l> = End<'l>;
    type Receiver<'l> = End<'l>;
    fn sender(&self, _index: usize) -> End<'_> {
        End(&self.0, self.1)
    }
    fn receiver(&self, _index: usize) -> End<'_> {
        End(&self.0, self.1)
    }
}

impl Sender for End<'_> {
    #[inline]
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        let mut message = [0; 64];
        write(&mut message);
        self.1.until(|| self.0.push(message).ok());
    }
}

impl Receiver for End<'_> {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        read(&self.1.until(|| self.0.pop()));
    }
}
