//! What a rival has to be able to do.

/// Something that carries messages. It is made before the senders and receivers are started, and shared by all.
pub trait Link: Sync {
    /// The end that sends.
    type Sender<'l>: Sender
    where
        Self: 'l;
    /// The end that receives.
    type Receiver<'l>: Receiver
    where
        Self: 'l;

    /// Makes sending end number `index`, in the process or thread that sends.
    fn sender(&self, index: usize) -> Self::Sender<'_>;
    /// Makes receiving end number `index`, in the process or thread that receives.
    fn receiver(&self, index: usize) -> Self::Receiver<'_>;
}

/// An end that sends.
pub trait Sender {
    /// Sends a message of `size` bytes that `write` fills, waiting for a place.
    fn send(&mut self, size: usize, write: impl FnOnce(&mut [u8]));
    /// Sends what it may have kept back.
    fn flush(&mut self) {}
}

/// An end that receives.
pub trait Receiver {
    /// Waits for the next message and lets `read` look at it.
    fn receive(&mut self, read: impl FnOnce(&[u8]));
}

/// A load to be carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// How many send.
    pub senders: usize,
    /// How many receive.
    pub receivers: usize,
    /// Bytes of a message, a multiple of 8.
    pub size: usize,
    /// Messages that fit between them.
    pub capacity: usize,
    /// Messages in all.
    pub messages: u64,
}

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// From the word to begin until the last receiver had its last message.
    pub seconds: f64,
    /// Messages that arrived.
    pub messages: u64,
    /// Sum of all of them.
    pub sum: u64,
    /// Whether each receiver got its messages in order.
    pub in_order: bool,
}

/// Between what the ends are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Processes.
    Processes,
    /// Processes, by a crate for threads that was laid in shared memory before a fork: a ceiling, which stops when a
    /// process dies.
    Forked,
    /// Threads of one process.
    Threads,
}

impl Between {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Forked => "forked",
            Self::Threads => "threads",
        }
    }
}

/// A rival, or Ringway itself.
pub trait Rival {
    /// What it is called.
    fn name(&self) -> String;
    /// Its release.
    fn version(&self) -> String;
    /// Between what.
    fn between(&self) -> Between;
    /// How its ends wait.
    fn waits(&self) -> &'static str;
    /// Whether it can carry such a load at all.
    fn carries(&self, load: &Load) -> bool;
    /// Why it cannot be measured here, if it cannot.
    fn missing(&self) -> Option<String> {
        None
    }
    /// Carries a load.
    ///
    /// # Errors
    /// When a sender or a receiver failed.
    fn run(&self, load: &Load) -> Result<Outcome, String>;
    /// Times of there and back through two links, in nanoseconds, sorted; `None` if it has no such figure.
    ///
    /// # Errors
    /// When either side failed.
    fn round_trips(&self, _load: &Load) -> Option<Result<Vec<u32>, String>> {
        None
    }
}
