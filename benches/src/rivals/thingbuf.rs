//! thingbuf's `ThingBuf`, laid in shared memory before a fork.

use thingbuf::ThingBuf;

use crate::arena;
use crate::link::{Between, Link, Load, Outcome, Receiver, Rival, Sender};
use crate::rivals::spinning::until;
use crate::run;

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
    fn name(&self) -> String {
        "thingbuf, forked".to_owned()
    }
    fn version(&self) -> String {
        "0.1".to_owned()
    }
    fn between(&self) -> Between {
        Between::Forked
    }
    fn waits(&self) -> &'static str {
        "spins, yields"
    }
    fn carries(&self, load: &Load) -> bool {
        load.size == 64
    }
    fn run(&self, load: &Load) -> Result<Outcome, String> {
        run::processes(&*arena::shared(|| Buffer(ThingBuf::new(load.capacity))), load)
    }
    fn round_trips(&self, load: &Load) -> Option<Result<Vec<u32>, String>> {
        let pair = arena::shared(|| [Buffer(ThingBuf::new(load.capacity)), Buffer(ThingBuf::new(load.capacity))]);
        Some(run::round_trips(&pair[0], &pair[1], load))
    }
}

struct Buffer(ThingBuf<Message>);

struct End<'b>(&'b ThingBuf<Message>);

impl Link for Buffer {
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
