//! crossbeam's `ArrayQueue`: between threads, and laid in shared memory before a fork.

use crossbeam_queue::ArrayQueue;

use crate::arena;
use crate::link::{Link, Load, Receiver, Sender};
use crate::rival::{About, Between, Rival};
use crate::rivals::spinning::until;

/// Messages lie in the queue itself.
type Message = [u8; 64];

/// Between threads.
pub struct Threads;

/// Laid in shared memory.
pub struct Forked;

impl Rival for Threads {
    type Link = Queue;
    fn about(&self) -> About {
        About::of_crate(
            "crossbeam ArrayQueue",
            "crossbeam-queue",
            Between::Threads,
            "spins, yields",
        )
    }
    fn carries(&self, load: &Load) -> bool {
        load.size == size_of::<Message>()
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Queue>, String> {
        Ok((0..count).map(|_| Queue(Box::new(ArrayQueue::new(load.capacity)))).collect())
    }
}

impl Rival for Forked {
    type Link = Queue;
    fn about(&self) -> About {
        About::of_crate(
            "crossbeam ArrayQueue, forked",
            "crossbeam-queue",
            Between::Forked,
            "spins, yields",
        )
    }
    fn carries(&self, load: &Load) -> bool {
        load.size == size_of::<Message>()
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Queue>, String> {
        Ok(arena::shared(count, || ArrayQueue::new(load.capacity)).into_iter().map(Queue).collect())
    }
}

/// A queue on the heap, or what the arena makes of it.
pub struct Queue(Box<ArrayQueue<Message>>);

/// An end.
pub struct End<'q>(&'q ArrayQueue<Message>);

impl Link for Queue {
    type Sender<'l> = End<'l>;
    type Receiver<'l> = End<'l>;
    fn sender(&self, _index: usize) -> End<'_> {
        End(&self.0)
    }
    fn receiver(&self, _index: usize) -> End<'_> {
        End(&self.0)
    }
}

impl Sender for End<'_> {
    #[inline]
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        let mut message = [0; 64];
        write(&mut message);
        until(|| self.0.push(message).ok());
    }
}

impl Receiver for End<'_> {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        read(&until(|| self.0.pop()));
    }
}
