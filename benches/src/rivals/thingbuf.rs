//! thingbuf's `ThingBuf`, laid in shared memory before a fork.

use thingbuf::ThingBuf;

use crate::arena;
use crate::link::{Link, Load, Receiver, Sender};
use crate::rival::{About, Between, Rival};
use crate::rivals::spinning::until;

/// Laid in shared memory; messages are written and read where they lie.
pub struct Forked;

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
        About::of_crate("thingbuf, forked", "thingbuf", Between::Forked, "spins, yields")
    }
    fn carries(&self, load: &Load) -> bool {
        load.size == 64
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Box<Buffer>>, String> {
        Ok(arena::shared(count, || Buffer(ThingBuf::new(load.capacity))))
    }
}

/// The queue.
pub struct Buffer(ThingBuf<Message>);

/// An end.
pub struct End<'b>(&'b ThingBuf<Message>);

impl Link for Box<Buffer> {
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
        write(&mut until(|| self.0.push_ref().ok()).0);
    }
}

impl Receiver for End<'_> {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        read(&until(|| self.0.pop_ref()).0);
    }
}
