//! Ringway with values: serialised into the queue's memory, checked and read there.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ringway::Queue;

use crate::link::{Link, Load, Receiver, Sender};
use crate::payload;
use crate::rival::{About, Between, Rival};
use crate::rivals::ringway::ADAPTIVE;
use crate::typed::Value;
use crate::workload::Kind;

/// A queue of such values.
pub struct Typed<T>(pub PhantomData<T>);

impl<T: Value> Rival for Typed<T> {
    type Link = Named<T>;
    fn about(&self) -> About {
        About::of_crate("ringway, typed", "ringway", Between::Processes, ADAPTIVE)
    }
    fn joins(&self, kind: Kind) -> bool {
        kind == Kind::Typed(T::SHAPE)
    }
    fn carries(&self, _load: &Load) -> bool {
        true
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Named<T>>, String> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let create = |_| {
            let name = format!("bench-typed-{}-{}", std::process::id(), LAST.fetch_add(1, Relaxed));
            let queue =
                Queue::create(&name, load.capacity as u64).map_err(|error| error.to_string())?;
            Ok(Named { queue, name })
        };
        (0..count).map(create).collect()
    }
}

/// A queue under a name.
pub struct Named<T: Value> {
    queue: Queue<T>,
    name: String,
}

impl<T: Value> Drop for Named<T> {
    fn drop(&mut self) {
        let _ = self.queue.remove();
    }
}

/// An end, with a value to be filled.
pub struct End<T: Value>(Queue<T>, T);

impl<T: Value> Link for Named<T> {
    type Sender<'l> = End<T>;
    type Receiver<'l> = End<T>;
    fn sender(&self, _index: usize) -> End<T> {
        End(Queue::open(&self.name).expect("the queue"), T::new())
    }
    fn receiver(&self, index: usize) -> End<T> {
        self.sender(index)
    }
}

impl<T: Value> Sender for End<T> {
    #[inline]
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        let mut number = [0; 8];
        write(&mut number);
        self.1.fill(payload::number(&number));
        self.0.put(&self.1).expect("an open queue");
    }
}

impl<T: Value> Receiver for End<T> {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        let value = self.0.get().expect("an open queue");
        read(&T::check_archived(&value).to_le_bytes());
    }
}
