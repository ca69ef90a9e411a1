//! ipc-channel, of bytes: a Unix socket, for one receiver.

use std::sync::Mutex;

use ipc_channel::ipc::{IpcBytesReceiver, IpcBytesSender, bytes_channel};
use ringway_benches::link::{Link, Load, Receiver, Sender};
use ringway_benches::rival::{About, Between, Rival};

/// A channel of bytes.
pub struct IpcChannel;

impl Rival for IpcChannel {
    type Link = Ends;
    fn about(&self) -> About {
        About::of_crate("ipc-channel", "ipc-channel", Between::Processes, "sleeps")
    }
    fn carries(&self, load: &Load) -> bool {
        load.receivers == 1
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Ends>, String> {
        let ends = |_| {
            let (sender, receiver) = bytes_channel().map_err(|error| error.to_string())?;
            Ok(Ends {
                sender: Mutex::new(sender),
                receiver: Mutex::new(Some(receiver)),
                size: load.size,
            })
        };
        (0..count).map(ends).collect()
    }
}

/// Both ends; the processes that are forked inherit them.
pub struct Ends {
    sender: Mutex<IpcBytesSender>,
    receiver: Mutex<Option<IpcBytesReceiver>>,
    size: usize,
}

/// The end that sends, and bytes.
pub struct SendingEnd(IpcBytesSender, Vec<u8>);

/// The end that receives.
pub struct ReceivingEnd(IpcBytesReceiver);

impl Link for Ends {
    type Sender<'l> = SendingEnd;
    type Receiver<'l> = ReceivingEnd;
    fn sender(&self, _index: usize) -> SendingEnd {
        SendingEnd(self.sender.lock().expect("no panic before").clone(), vec![0; self.size])
    }
    fn receiver(&self, _index: usize) -> ReceivingEnd {
        ReceivingEnd(
            self.receiver.lock().expect("no panic before").take().expect("the receiving end"),
        )
    }
}

impl Sender for SendingEnd {
    #[inline]
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        write(&mut self.1);
        self.0.send(&self.1).expect("a receiver");
    }
}

impl Receiver for ReceivingEnd {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        read(&self.0.recv().expect("a sender"));
    }
}
