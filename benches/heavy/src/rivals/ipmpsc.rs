//! ipmpsc: a ring of bytes under a lock, for one receiver, who reads in place.

use std::sync::Mutex;

use ipmpsc::SharedRingBuffer;
use ringway_benches::link::{Link, Load, Receiver, Sender};
use ringway_benches::rival::{About, Between, Rival};
use ringway_benches::rivals::spinning::Wait;
use ringway_benches::workload::Kind;
use serde_bytes::Bytes;

use super::Folder;

/// With a receiver that waits that way; senders always sleep.
pub struct Ipmpsc(pub Wait);

/// What a message takes besides its bytes: two lengths, its own and serde's.
const HEADER: usize = 12;

impl Rival for Ipmpsc {
    type Link = Ring;
    fn about(&self) -> About {
        let (name, waits) = match self.0 {
            Wait::Spin => ("ipmpsc, spinning", "receiver spins, yields"),
            Wait::Pause => ("ipmpsc, pausing", "receiver pauses, yields"),
            Wait::Sleep => ("ipmpsc", "sleeps"),
        };
        About::of_crate(name, "ipmpsc", Between::Processes, waits)
    }
    fn joins(&self, kind: Kind) -> bool {
        self.0.joins(kind) && Between::Processes.joins(kind)
    }
    fn carries(&self, load: &Load) -> bool {
        load.receivers == 1
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Ring>, String> {
        (0..count).map(|_| Ring::new(load, self.0)).collect()
    }
}

/// A ring in a file.
pub struct Ring {
    path: String,
    size: usize,
    wait: Wait,
    _open: Mutex<SharedRingBuffer>,
    _folder: Folder,
}

impl Ring {
    fn new(load: &Load, wait: Wait) -> Result<Self, String> {
        let folder = Folder::new()?;
        let path = folder.0.join("ring").to_string_lossy().into_owned();
        let bytes = load.capacity * (load.size + HEADER);
        let open =
            SharedRingBuffer::create(&path, bytes as u32).map_err(|error| error.to_string())?;
        Ok(Self { path, size: load.size, wait, _open: Mutex::new(open), _folder: folder })
    }
    fn open(&self) -> SharedRingBuffer {
        SharedRingBuffer::open(&self.path).expect("the ring")
    }
}

/// The end that sends, and bytes.
pub struct SendingEnd(ipmpsc::Sender, Vec<u8>);

/// The end that receives.
pub struct ReceivingEnd(ipmpsc::Receiver, Wait);

impl Link for Ring {
    type Sender<'l> = SendingEnd;
    type Receiver<'l> = ReceivingEnd;
    fn sender(&self, _index: usize) -> SendingEnd {
        SendingEnd(ipmpsc::Sender::new(self.open()), vec![0; self.size])
    }
    fn receiver(&self, _index: usize) -> ReceivingEnd {
        ReceivingEnd(ipmpsc::Receiver::new(self.open()), self.wait)
    }
}

impl Sender for SendingEnd {
    #[inline]
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        write(&mut self.1);
        self.0.send(&Bytes::new(&self.1)).expect("the ring");
    }
}

impl Receiver for ReceivingEnd {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        if self.1 != Wait::Sleep {
            let mut read = Some(read);
            return self.1.until(|| {
                let mut context = self.0.zero_copy_context();
                let bytes: &[u8] = context.try_recv().expect("the ring")?;
                read.take().map(|read| read(bytes))
            });
        }
        let mut context = self.0.zero_copy_context();
        let bytes: &[u8] = context.recv().expect("the ring");
        read(bytes);
    }
}
