//! Channels between threads: crossbeam-channel, kanal, and the standard library's.

use std::sync::mpsc;

use crate::link::{Link, Load, Receiver, Sender};
use crate::rival::{About, Between, Release, Rival};

type Message = [u8; 64];

macro_rules! channel {
    ($(#[$about:meta])* $rival:ident, $name:literal, $release:expr, $many:expr,
     $make:expr, $sender:ty, $receiver:ty) => {
        $(#[$about])*
        pub struct $rival;

        impl Rival for $rival {
            type Link = Ends<$sender, $receiver>;
            fn about(&self) -> About {
                About { name: $name, release: $release, between: Between::Threads, waits: "spins, then sleeps" }
            }
            fn carries(&self, load: &Load) -> bool {
                load.size == size_of::<Message>() && (load.receivers == 1 || $many)
            }
            fn links(&self, load: &Load, count: usize) -> Result<Vec<Self::Link>, String> {
                Ok((0..count).map(|_| Ends::new($make(load.capacity))).collect())
            }
        }

        impl Sender for $sender {
            #[inline]
            fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
                let mut message = [0; 64];
                write(&mut message);
                <$sender>::send(self, message).expect("a receiver");
            }
        }

        impl Receiver for $receiver {
            #[inline]
            fn receive(&mut self, read: impl FnOnce(&[u8])) {
                read(&self.recv().expect("a sender"));
            }
        }
    };
}

channel!(
    /// crossbeam-channel, bounded.
    Crossbeam, "crossbeam-channel", Release::Crate("crossbeam-channel"), true,
    crossbeam_channel::bounded::<Message>, crossbeam_channel::Sender<Message>, crossbeam_channel::Receiver<Message>
);
channel!(
    /// kanal, bounded.
    Kanal, "kanal", Release::Crate("kanal"), true,
    kanal::bounded::<Message>, kanal::Sender<Message>, kanal::Receiver<Message>
);
channel!(
    /// The standard library's bounded channel, for one receiver.
    Std, "std sync_channel", Release::Words("the compiler's".to_owned()), false,
    mpsc::sync_channel::<Message>, mpsc::SyncSender<Message>, mpsc::Receiver<Message>
);

/// A sending end to be cloned, and a receiving end to be cloned or taken.
pub struct Ends<S, R> {
    sender: S,
    receiver: std::sync::Mutex<Option<R>>,
}

impl<S, R> Ends<S, R> {
    fn new((sender, receiver): (S, R)) -> Self {
        Self { sender, receiver: std::sync::Mutex::new(Some(receiver)) }
    }
}

/// A receiving end for one more receiver.
pub trait Share: Sized {
    /// A clone, or what is there.
    fn share(slot: &mut Option<Self>) -> Option<Self>;
}

impl Share for crossbeam_channel::Receiver<Message> {
    fn share(slot: &mut Option<Self>) -> Option<Self> {
        slot.clone()
    }
}

impl Share for kanal::Receiver<Message> {
    fn share(slot: &mut Option<Self>) -> Option<Self> {
        slot.clone()
    }
}

impl Share for mpsc::Receiver<Message> {
    fn share(slot: &mut Option<Self>) -> Option<Self> {
        slot.take()
    }
}

impl<S: Sender + Clone + Sync, R: Receiver + Share + Send> Link for Ends<S, R> {
    type Sender<'l>
        = S
    where
        Self: 'l;
    type Receiver<'l>
        = R
    where
        Self: 'l;
    fn sender(&self, _index: usize) -> S {
        self.sender.clone()
    }
    fn receiver(&self, _index: usize) -> R {
        self.receiver.lock().ok().and_then(|mut slot| R::share(&mut slot)).expect("a receiving end")
    }
}
