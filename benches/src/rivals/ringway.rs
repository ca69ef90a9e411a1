//! Ringway itself, between processes that open the queue by its name.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ringway::{Batch, Queue, WaitStrategy};

use crate::link::{Link, Load, Receiver, Sender};
use crate::rival::{About, Between, Rival};
use crate::rivals::spinning::Wait;
use crate::workload::Kind;

/// A way to use it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As it is without options.
    Default,
    /// Never sleeping.
    Spin,
    /// Never sleeping, and waiting as others do that have no waiting of their own.
    Pause,
    /// Sleeping at once.
    Park,
    /// 32 messages at a time, otherwise as it is without options.
    Batch,
    /// Written in place and read in place.
    Loan,
}

const BATCH: usize = 32;
/// As many may have a queue open that is made without options.
const PARTICIPANTS: usize = 128;

/// How ends wait that are not told otherwise.
pub const ADAPTIVE: &str = "spins 10 us, then sleeps";

/// Ringway, used that way.
pub struct Ringway(pub Way);

impl Rival for Ringway {
    type Link = Named;
    fn about(&self) -> About {
        let (name, waits) = match self.0 {
            Way::Default => ("ringway", ADAPTIVE),
            Way::Spin => ("ringway, spinning", "spins, yields"),
            Way::Pause => ("ringway, pausing", Wait::Pause.name()),
            Way::Park => ("ringway, sleeping", "sleeps"),
            Way::Batch => ("ringway, batches of 32", ADAPTIVE),
            Way::Loan => ("ringway, loans", ADAPTIVE),
        };
        About::of_crate(name, "ringway", Between::Processes, waits)
    }
    fn joins(&self, kind: Kind) -> bool {
        match kind {
            Kind::Throughput => true,
            Kind::InPlace => self.0 == Way::Loan,
            Kind::RoundTrip | Kind::Wake | Kind::Idle => {
                matches!(self.0, Way::Default | Way::Spin | Way::Park)
            }
            Kind::IdleProcesses | Kind::IdleThreads => self.0 == Way::Default,
            Kind::Typed(_) => false,
        }
    }
    fn carries(&self, _load: &Load) -> bool {
        true
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Named>, String> {
        (0..count).map(|_| Named::new(self.0, load)).collect()
    }
}

/// A queue under a name.
pub struct Named {
    queue: Queue<[u8]>,
    name: String,
    way: Way,
    size: usize,
}

impl Named {
    /// A queue for that load, used that way.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn new(way: Way, load: &Load) -> Result<Self, String> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let name = format!("bench-{}-{}", std::process::id(), LAST.fetch_add(1, Relaxed));
        let mut options =
            Queue::options().maxsize(load.capacity as u64).max_message(load.size as u64);
        let participants = load.senders + load.receivers + 1;
        if participants > PARTICIPANTS {
            options = options.participants(participants as u32);
        }
        let queue = options.create(&*name).map_err(|error| error.to_string())?;
        Ok(Self { queue, name, way, size: load.size })
    }
    /// Bytes of address space, and of memory.
    ///
    /// # Errors
    /// When the queue is damaged.
    pub fn bytes(&self) -> Result<(u64, u64), String> {
        let snapshot = self.queue.snapshot().map_err(|fault| fault.to_string())?;
        Ok((snapshot.virtual_bytes, snapshot.resident_bytes))
    }
    fn open(&self) -> End {
        let strategy = match self.way {
            Way::Spin => WaitStrategy::Spin,
            Way::Park => WaitStrategy::Park,
            _ => WaitStrategy::Adaptive,
        };
        let queue = Queue::options().wait(strategy).open(&*self.name).expect("the queue");
        End {
            queue: Box::leak(Box::new(queue)),
            way: self.way,
            buffer: vec![0; self.size],
            outgoing: Vec::new(),
            count: 0,
            taken: None,
        }
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let _ = self.queue.remove();
    }
}

impl Link for Named {
    type Sender<'l> = End;
    type Receiver<'l> = End;
    fn sender(&self, _index: usize) -> End {
        End { outgoing: vec![vec![0; self.size]; BATCH], ..self.open() }
    }
    fn receiver(&self, _index: usize) -> End {
        self.open()
    }
}

/// An end.
pub struct End {
    /// Open until the worker ends.
    queue: &'static Queue<[u8]>,
    way: Way,
    buffer: Vec<u8>,
    /// Messages that wait to be sent, and how many.
    outgoing: Vec<Vec<u8>>,
    count: usize,
    /// Messages that were taken and not looked at.
    taken: Option<Batch<'static, [u8]>>,
}

impl Sender for End {
    #[inline]
    fn send(&mut self, size: usize, write: impl FnOnce(&mut [u8])) {
        match self.way {
            Way::Loan => {
                let mut loan = self.queue.loan(size).expect("a block");
                write(&mut loan);
                loan.send().expect("an open queue");
            }
            Way::Batch => {
                write(&mut self.outgoing[self.count]);
                self.count += 1;
                if self.count == BATCH {
                    self.flush();
                }
            }
            Way::Pause => {
                write(&mut self.buffer);
                Wait::Pause.until(|| self.queue.try_put(&self.buffer).ok());
            }
            Way::Default | Way::Spin | Way::Park => {
                write(&mut self.buffer);
                self.queue.put(&self.buffer).expect("an open queue");
            }
        }
    }
    fn flush(&mut self) {
        if self.count != 0 {
            self.queue.put_many(&self.outgoing[..self.count]).expect("an open queue");
            self.count = 0;
        }
    }
}

impl Receiver for End {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        match self.way {
            Way::Batch => loop {
                if let Some(message) = self.taken.as_mut().and_then(Batch::next) {
                    return read(&message);
                }
                self.taken = Some(self.queue.get_many(BATCH).expect("an open queue"));
            },
            Way::Pause => read(&Wait::Pause.until(|| self.queue.try_get().ok())),
            Way::Default | Way::Spin | Way::Park | Way::Loan => {
                read(&self.queue.get().expect("an open queue"));
            }
        }
    }
    fn pass_on(&mut self) {
        while let Some(message) = self.taken.as_mut().and_then(Batch::next) {
            self.queue.put(&*message).expect("an open queue");
        }
    }
}
