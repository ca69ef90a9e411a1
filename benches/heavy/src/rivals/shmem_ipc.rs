//! shmem-ipc: a ring of items of one size with an event descriptor for each side, for one sender
//! and one receiver.

use std::sync::Mutex;

use ringway_benches::link::{Link, Load, Receiver, Sender};
use ringway_benches::rival::{About, Between, Rival};
use ringway_benches::rivals::spinning::Wait;
use ringway_benches::workload::Kind;
use shmem_ipc::sharedring;

/// With ends that wait that way.
pub struct ShmemIpc(pub Wait);

impl Rival for ShmemIpc {
    type Link = Ends;
    fn about(&self) -> About {
        let (name, waits) = match self.0 {
            Wait::Spin => ("shmem-ipc, spinning", self.0.name()),
            Wait::Pause => ("shmem-ipc, pausing", self.0.name()),
            Wait::Sleep => ("shmem-ipc", self.0.name()),
        };
        About::of_crate(name, "shmem-ipc", Between::Processes, waits)
    }
    fn joins(&self, kind: Kind) -> bool {
        self.0.joins(kind) && Between::Processes.joins(kind)
    }
    fn carries(&self, load: &Load) -> bool {
        load.is_one_to_one() && SIZES.contains(&load.size)
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Ends>, String> {
        (0..count).map(|_| Ends::new(load, self.0)).collect()
    }
}

/// Both ends, made before the fork and taken once each.
pub struct Ends {
    sender: Mutex<Option<SendingEnd>>,
    receiver: Mutex<Option<ReceivingEnd>>,
}

impl Link for Ends {
    type Sender<'l> = SendingEnd;
    type Receiver<'l> = ReceivingEnd;
    fn sender(&self, _index: usize) -> SendingEnd {
        self.sender.lock().expect("no panic before").take().expect("the sending end")
    }
    fn receiver(&self, _index: usize) -> ReceivingEnd {
        self.receiver.lock().expect("no panic before").take().expect("the receiving end")
    }
}

type Pair<const N: usize> = (sharedring::Sender<[u8; N]>, sharedring::Receiver<[u8; N]>);

/// A ring of items of so many bytes.
fn ring<const N: usize>(capacity: usize) -> Result<Pair<N>, shmem_ipc::Error> {
    let sender = sharedring::Sender::<[u8; N]>::new(capacity)?;
    let memory = sender.memfd().as_file().try_clone()?;
    let (empty, full) = (sender.empty_signal().try_clone()?, sender.full_signal().try_clone()?);
    let receiver = sharedring::Receiver::open(capacity, memory, empty, full)?;
    Ok((sender, receiver))
}

fn send<const N: usize>(
    ring: &mut sharedring::Sender<[u8; N]>,
    wait: Wait,
    write: impl FnOnce(&mut [u8]),
) {
    match wait {
        Wait::Spin | Wait::Pause => {
            wait.until(|| (ring.sender_mut().write_count().expect("the ring") > 0).then_some(()))
        }
        Wait::Sleep => _ = ring.block_until_writable().expect("the ring"),
    }
    // SAFETY: one sender and one receiver, set up together.
    let sent = unsafe {
        ring.send_trusted(|items| {
            write(&mut items[0]);
            1
        })
    };
    sent.expect("the ring");
}

fn receive<const N: usize>(
    ring: &mut sharedring::Receiver<[u8; N]>,
    wait: Wait,
    read: impl FnOnce(&[u8]),
) {
    match wait {
        Wait::Spin | Wait::Pause => {
            wait.until(|| (ring.receiver_mut().read_count().expect("the ring") > 0).then_some(()))
        }
        Wait::Sleep => _ = ring.block_until_readable().expect("the ring"),
    }
    // SAFETY: one sender and one receiver, set up together.
    let received = unsafe {
        ring.receive_trusted(|items| {
            read(&items[0]);
            1
        })
    };
    received.expect("the ring");
}

/// An item is a type, so there is a ring for each size.
macro_rules! sizes {
    ($($name:ident $bytes:literal),*) => {
        const SIZES: &[usize] = &[$($bytes),*];

        enum AnySender {
            $($name(sharedring::Sender<[u8; $bytes]>)),*
        }

        enum AnyReceiver {
            $($name(sharedring::Receiver<[u8; $bytes]>)),*
        }

        impl Ends {
            fn new(load: &Load, wait: Wait) -> Result<Self, String> {
                let (sender, receiver) = match load.size {
                    $($bytes => {
                        let (sender, receiver) = ring(load.capacity).map_err(|error| error.to_string())?;
                        (AnySender::$name(sender), AnyReceiver::$name(receiver))
                    })*
                    size => return Err(format!("no ring for messages of {size} bytes")),
                };
                Ok(Self {
                    sender: Mutex::new(Some(SendingEnd(sender, wait))),
                    receiver: Mutex::new(Some(ReceivingEnd(receiver, wait))),
                })
            }
        }

        impl Sender for SendingEnd {
            #[inline]
            fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
                match &mut self.0 {
                    $(AnySender::$name(ring) => send(ring, self.1, write)),*
                }
            }
        }

        impl Receiver for ReceivingEnd {
            #[inline]
            fn receive(&mut self, read: impl FnOnce(&[u8])) {
                match &mut self.0 {
                    $(AnyReceiver::$name(ring) => receive(ring, self.1, read)),*
                }
            }
        }
    };
}

sizes!(B8 8, B64 64, B256 256, K4 4096, K64 65536, M1 1_048_576);

/// The end that sends.
pub struct SendingEnd(AnySender, Wait);

/// The end that receives.
pub struct ReceivingEnd(AnyReceiver, Wait);
