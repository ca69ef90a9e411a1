//! thingbuf's `ThingBuf`, laid in shared memory before a fork.

use thingbuf::ThingBuf;

use crate::arena;
use crate::link::{Link, Load, Receiver, Sender};
use crate::rival::{About, Between, Rival};
use crate::rivals::spinning::Wait;
use crate::workload::Kind;

/// Laid in shared memory, with ends that wait that way; messages are written and read where they
/// lie.
pub struct Forked(pub Wait);

#[derive(Clone)]
struct Message([u8; 64]);

impl Default for Message {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl Rival for Forked {
    type Link = Box<Buffer>;
    fn about(&self) -> About {
        let name = match self.0 {
            Wait::Pause => "thingbuf, forked, pausing",
            _ => "thingbuf, forked",
        };
        About::of_crate(name, "thingbuf", Between::Forked, self.0.name())
    }
    fn joins(&self, kind: Kind) -> bool {
        self.0.joins(kind) && Between::Forked.joins(kind)
    }
    fn carries(&self, load: &Load) -> bool {
        load.size == 64
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Box<Buffer>>, String> {
        Ok(arena::shared(count, || Buffer(ThingBuf::new(load.capacity), self.0)))
    }
}

/// The queue.
pub struct Buffer(ThingBuf<Message>, Wait);

/// An end.
pub struct End<'b>(&'b ThingBuf<Message>, Wait);

impl Link for Box<Buffer> {
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
        write(&mut self.1.until(|| self.0.push_ref().ok()).0);
    }
}

impl Receiver for End<'_> {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        read(&self.1.until(|| self.0.pop_ref()).0);
    }
}
