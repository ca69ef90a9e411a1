//! cloudtoid-interprocess: a ring of bytes for many senders and receivers, who take a lock to read.

use std::sync::Mutex;

use cloudtoid_interprocess::{Options, Publisher, Subscriber};
use ringway_benches::link::{Link, Load, Receiver, Sender};
use ringway_benches::rival::{About, Between, Rival};
use ringway_benches::rivals::spinning::Wait;
use ringway_benches::workload::Kind;

use super::{Folder, fresh_name};

/// With receivers that wait that way; senders always ask again and yield.
pub struct Cloudtoid(pub Wait);

/// What a message takes besides its bytes.
const HEADER: usize = 16;

impl Rival for Cloudtoid {
    type Link = Queue;
    fn about(&self) -> About {
        let (name, waits) = match self.0 {
            Wait::Spin => ("cloudtoid", self.0.name()),
            Wait::Pause => ("cloudtoid, pausing", self.0.name()),
            Wait::Sleep => ("cloudtoid, sleeping", "receivers sleep"),
        };
        About::of_crate(name, "cloudtoid-interprocess", Between::Processes, waits)
    }
    fn joins(&self, kind: Kind) -> bool {
        self.0.joins(kind) && Between::Processes.joins(kind)
    }
    fn carries(&self, _load: &Load) -> bool {
        true
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Queue>, String> {
        (0..count).map(|_| Queue::new(load, self.0)).collect()
    }
}

/// A queue under a name.
pub struct Queue {
    options: Options,
    size: usize,
    wait: Wait,
    /// Messages are lost when nobody has the queue open.
    _open: Mutex<Publisher>,
    _folder: Folder,
}

impl Queue {
    fn new(load: &Load, wait: Wait) -> Result<Self, String> {
        let folder = Folder::new()?;
        let options =
            Options::new(fresh_name(), load.capacity * (load.size + HEADER)).with_path(&folder.0);
        let open = Publisher::open(&options).map_err(|error| error.to_string())?;
        Ok(Self { options, size: load.size, wait, _open: Mutex::new(open), _folder: folder })
    }
}

/// An end, and bytes.
pub struct End<E>(E, Vec<u8>, Wait);

impl Link for Queue {
    type Sender<'l> = End<Publisher>;
    type Receiver<'l> = End<Subscriber>;
    fn sender(&self, _index: usize) -> Self::Sender<'_> {
        End(Publisher::open(&self.options).expect("the queue"), vec![0; self.size], self.wait)
    }
    fn receiver(&self, _index: usize) -> Self::Receiver<'_> {
        End(Subscriber::open(&self.options).expect("the queue"), vec![0; self.size], self.wait)
    }
}

impl Sender for End<Publisher> {
    #[inline]
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        write(&mut self.1);
        self.2.until(|| match self.0.try_send(&self.1) {
            Ok(()) => Some(()),
            Err(error) if error.is_full() => None,
            Err(error) => panic!("{error}"),
        });
    }
}

impl Receiver for End<Subscriber> {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        match self.2 {
            Wait::Spin | Wait::Pause => {
                let length =
                    self.2.until(|| self.0.try_recv_into(&mut self.1).expect("a whole queue"));
                read(&self.1[..length]);
            }
            Wait::Sleep => read(&self.0.recv().expect("a whole queue")),
        }
    }
}
