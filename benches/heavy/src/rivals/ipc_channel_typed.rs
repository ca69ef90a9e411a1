//! ipc-channel, of values, which it makes into bytes by serde and postcard.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use ipc_channel::ipc::{IpcReceiver, IpcSender, channel};
use ringway_benches::link::{Link, Load, Receiver, Sender};
use ringway_benches::payload;
use ringway_benches::rival::{About, Between, Rival};
use ringway_benches::typed::Value;
use ringway_benches::workload::Kind;

/// A channel of such values. They are sent as `Arc`s: the channel takes what it sends, and so the
/// sender keeps it.
pub struct Typed<T>(pub PhantomData<T>);

impl<T: Value + Send + Sync> Rival for Typed<T> {
    type Link = Ends<T>;
    fn about(&self) -> About {
        About::of_crate("ipc-channel, typed", "ipc-channel", Between::Processes, "sleeps")
    }
    fn joins(&self, kind: Kind) -> bool {
        kind == Kind::Typed(T::SHAPE)
    }
    fn carries(&self, load: &Load) -> bool {
        load.receivers == 1
    }
    fn links(&self, _load: &Load, count: usize) -> Result<Vec<Ends<T>>, String> {
        let ends = |_| {
            let (sender, receiver) = channel().map_err(|error| error.to_string())?;
            Ok(Ends { sender: Mutex::new(sender), receiver: Mutex::new(Some(receiver)) })
        };
        (0..count).map(ends).collect()
    }
}

/// Both ends; the processes that are forked inherit them.
pub struct Ends<T> {
    sender: Mutex<IpcSender<Arc<T>>>,
    receiver: Mutex<Option<IpcReceiver<Arc<T>>>>,
}

/// The end that sends, and a value to be filled.
pub struct SendingEnd<T>(IpcSender<Arc<T>>, Arc<T>);

/// The end that receives.
pub struct ReceivingEnd<T>(IpcReceiver<Arc<T>>);

impl<T: Value + Send + Sync> Link for Ends<T> {
    type Sender<'l> = SendingEnd<T>;
    type Receiver<'l> = ReceivingEnd<T>;
    fn sender(&self, _index: usize) -> SendingEnd<T> {
        SendingEnd(self.sender.lock().expect("no panic before").clone(), Arc::new(T::new()))
    }
    fn receiver(&self, _index: usize) -> ReceivingEnd<T> {
        ReceivingEnd(
            self.receiver.lock().expect("no panic before").take().expect("the receiving end"),
        )
    }
}

impl<T: Value> Sender for SendingEnd<T> {
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        let mut number = [0; 8];
        write(&mut number);
        Arc::get_mut(&mut self.1).expect("a value that was sent").fill(payload::number(&number));
        self.0.send(Arc::clone(&self.1)).expect("a receiver");
    }
}

impl<T: Value> Receiver for ReceivingEnd<T> {
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        read(&self.0.recv().expect("a sender").check().to_le_bytes());
    }
}
