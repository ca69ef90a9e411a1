//! What carries messages, and how much there is to carry.

/// Something that carries messages. It is made before the senders and receivers are started, and
/// shared by all.
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
    /// Sends on what it may have taken and not looked at.
    fn pass_on(&mut self) {}
}

/// A load to be carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// How many send, a power of two.
    pub senders: usize,
    /// How many receive.
    pub receivers: usize,
    /// Bytes of a message, a power of two from 8 up.
    pub size: usize,
    /// Bytes of each message that are written and summed: all, except where only the way is
    /// measured.
    pub touched: usize,
    /// Messages that fit between them.
    pub capacity: usize,
    /// Messages in all.
    pub messages: u64,
}

impl Load {
    /// Messages that are written and summed as a whole; how many is found for each rival.
    pub fn new(senders: usize, receivers: usize, size: usize, capacity: usize) -> Self {
        Self { senders, receivers, size, touched: size, capacity, messages: 0 }
    }
    /// Whether one sends and one receives.
    pub fn is_one_to_one(&self) -> bool {
        (self.senders, self.receivers) == (1, 1)
    }
}
