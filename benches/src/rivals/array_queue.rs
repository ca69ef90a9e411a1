//! crossbeam's `ArrayQueue`: between threads, and laid in shared memory before a fork.

use crossbeam_queue::ArrayQueue;

use crate::arena;
use crate::link::{Between, Link, Load, Outcome, Receiver, Rival, Sender};
use crate::rivals::spinning::until;
use crate::run;

const VERSION: &str = "0.3";

/// Messages lie in the queue itself up to this size.
type Message = [u8; 64];

/// Between threads.
pub struct Threads;

/// Laid in shared memory.
pub struct Forked;

impl Rival for Threads {
    fn name(&self) -> String {
        "crossbeam ArrayQueue".to_owned()
    }
    fn version(&self) -> String {
        VERSION.to_owned()
    }
    fn between(&self) -> Between {
        Between::Threads
    }
    fn waits(&self) -> &'static str {
        "spins, yields"
    }
    fn carries(&self, load: &Load) -> bool {
        load.size == size_of::<Message>()
    }
    fn run(&self, load: &Load) -> Result<Outcome, String> {
        run::threads(&Ends(Box::new(ArrayQueue::new(load.capacity))), load)
    }
}

impl Rival for Forked {
    fn name(&self) -> String {
        "crossbeam ArrayQueue, forked".to_owned()
    }
    fn version(&self) -> String {
        VERSION.to_owned()
    }
    fn between(&self) -> Between {
        Between::Forked
    }
    fn waits(&self) -> &'static str {
        "spins, yields"
    }
    fn carries(&self, load: &Load) -> bool {
        load.size == size_of::<Message>()
    }
    fn run(&self, load: &Load) -> Result<Outcome, String> {
        run::processes(&Ends(arena::shared(|| ArrayQueue::new(load.capacity))), load)
    }
    fn round_trips(&self, load: &Load) -> Option<Result<Vec<u32>, String>> {
        let queues = arena::shared(|| [ArrayQueue::new(load.capacity), ArrayQueue::new(load.capacity)]);
        let [there, back] = &*queues;
        Some(run::round_trips(&Ends(there), &Ends(back), load))
    }
}

struct Ends<Q>(Q);

impl<Q: AsQueue + Sync> Link for Ends<Q> {
    type Sender<'l>
        = End<'l>
    where
        Q: 'l;
    type Receiver<'l>
        = End<'l>
    where
        Q: 'l;
    fn sender(&self, _index: usize) -> End<'_> {
        End(self.0.queue())
    }
    fn receiver(&self, _index: usize) -> End<'_> {
        End(self.0.queue())
    }
}

trait AsQueue {
    fn queue(&self) -> &ArrayQueue<Message>;
}

impl AsQueue for Box<ArrayQueue<Message>> {
    fn queue(&self) -> &ArrayQueue<Message> {
        self
    }
}

impl AsQueue for &ArrayQueue<Message> {
    fn queue(&self) -> &ArrayQueue<Message> {
        self
    }
}

struct End<'q>(&'q ArrayQueue<Message>);

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
