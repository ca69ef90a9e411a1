//! Channels between threads: crossbeam-channel, kanal, and the standard library's.

use std::sync::mpsc;

use crate::link::{Between, Link, Load, Outcome, Receiver, Rival, Sender};
use crate::run;

type Message = [u8; 64];

macro_rules! channel {
    ($(#[$about:meta])* $rival:ident, $name:literal, $version:literal, $waits:literal, $many:expr,
     $make:expr, $sender:ty, $receiver:ty) => {
        $(#[$about])*
        pub struct $rival;

        impl Rival for $rival {
            fn name(&self) -> String {
                $name.to_owned()
            }
            fn version(&self) -> String {
                $version.to_owned()
            }
            fn between(&self) -> Between {
                Between::Threads
            }
            fn waits(&self) -> &'static str {
                $waits
            }
            fn carries(&self, load: &Load) -> bool {
                load.size == size_of::<Message>() && (load.receivers == 1 || $many)
            }
            fn run(&self, load: &Load) -> Result<Outcome, String> {
                run::threads(&Ends::new($make(load.capacity)), load)
            }
            fn round_trips(&self, load: &Load) -> Option<Result<Vec<u32>, String>> {
                let (there, back) = (Ends::new($make(load.capacity)), Ends::new($make(load.capacity)));
                Some(Ok(run::round_trips_of_threads(&there, &back, load)))
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
    Crossbeam, "crossbeam-channel", "0.5", "spins, then sleeps", true,
    crossbeam_channel::bounded::<Message>, crossbeam_channel::Sender<Message>, crossbeam_channel::Receiver<Message>
);
channel!(
    /// kanal, bounded.
    Kanal, "kanal", "0.1", "spins, then sleeps", true,
    kanal::bounded::<Message>, kanal::Sender<Message>, kanal::Receiver<Message>
);
channel!(
    /// The standard library's bounded channel, for one receiver.
    Std, "std sync_channel", "1", "spins, then sleeps", false,
    mpsc::sync_channel::<Message>, mpsc::SyncSender<Message>, mpsc::Receiver<Message>
);

struct Ends<S, R> {
    sender: S,
    receiver: std::sync::Mutex<Option<R>>,
}

impl<S, R> Ends<S, R> {
    fn new((sender, receiver): (S, R)) -> Self {
        Self { sender, receiver: std::sync::Mutex::new(Some(receiver)) }
    }
}

/// A receiving end for one more receiver.
trait Share: Sized {
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
