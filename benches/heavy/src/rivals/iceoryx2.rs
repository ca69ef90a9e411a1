//! iceoryx2: publish and subscribe without copies, for one sender and one receiver here, since
//! every subscriber gets every message.

use ::iceoryx2::port::{
    listener::Listener, notifier::Notifier, publisher::Publisher, subscriber::Subscriber,
};
use ::iceoryx2::prelude::*;
use ringway_benches::link::{Link, Load, Receiver, Sender};
use ringway_benches::rival::{About, Between, Rival};
use ringway_benches::rivals::spinning::Wait;
use ringway_benches::workload::Kind;

use super::{Folder, fresh_name};

/// With a receiver that polls, or one that sleeps on an event that the sender fires for each
/// message.
pub struct Iceoryx2(pub Wait);

impl Rival for Iceoryx2 {
    type Link = Topic;
    fn about(&self) -> About {
        let (name, waits) = match self.0 {
            Wait::Spin => ("iceoryx2", self.0.name()),
            Wait::Pause => ("iceoryx2, pausing", self.0.name()),
            Wait::Sleep => ("iceoryx2, events", "receiver sleeps, sender retries"),
        };
        About::of_crate(name, "iceoryx2", Between::Processes, waits)
    }
    fn joins(&self, kind: Kind) -> bool {
        self.0.joins(kind) && (kind == Kind::InPlace || Between::Processes.joins(kind))
    }
    fn carries(&self, load: &Load) -> bool {
        load.is_one_to_one()
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Topic>, String> {
        set_log_level(LogLevel::Error);
        (0..count).map(|_| Topic::new(load, self.0)).collect()
    }
}

/// The name of a service, which both ends open or create.
pub struct Topic {
    name: String,
    load: Load,
    wait: Wait,
    folder: Folder,
}

type Error = Box<dyn std::error::Error>;
type Factory =
    ::iceoryx2::service::port_factory::publish_subscribe::PortFactory<ipc::Service, [u8], ()>;
type EventFactory = ::iceoryx2::service::port_factory::event::PortFactory<ipc::Service>;

impl Topic {
    fn new(load: &Load, wait: Wait) -> Result<Self, String> {
        Ok(Self { name: fresh_name(), load: *load, wait, folder: Folder::new()? })
    }
    /// The node has to live as long as the rest.
    fn open(&self) -> Result<(Factory, Option<EventFactory>, Node<ipc::Service>), Error> {
        let mut config = Config::default();
        config.global.set_root_path(&Path::new(self.folder.0.to_string_lossy().as_bytes())?);
        config.global.prefix = FileName::new(self.name.as_bytes())?;
        let node = NodeBuilder::new().config(&config).create::<ipc::Service>()?;
        let name: ServiceName = self.name.as_str().try_into()?;
        let messages = node
            .service_builder(&name)
            .publish_subscribe::<[u8]>()
            .enable_safe_overflow(false)
            .subscriber_max_buffer_size(self.load.capacity)
            .history_size(0)
            .max_publishers(1)
            .max_subscribers(1)
            .open_or_create()?;
        let events = match self.wait {
            Wait::Spin | Wait::Pause => None,
            Wait::Sleep => Some(node.service_builder(&name).event().open_or_create()?),
        };
        Ok((messages, events, node))
    }
    fn sending(&self) -> Result<SendingEnd, Error> {
        let (messages, events, node) = self.open()?;
        let publisher = messages
            .publisher_builder()
            .initial_max_slice_len(self.load.size)
            .backpressure_strategy(BackpressureStrategy::RetryUntilDelivered)
            .create()?;
        let notifier = events.map(|events| events.notifier_builder().create()).transpose()?;
        Ok(SendingEnd { publisher, notifier, _node: node })
    }
    fn receiving(&self) -> Result<ReceivingEnd, Error> {
        let (messages, events, node) = self.open()?;
        let subscriber = messages.subscriber_builder().create()?;
        let listener = events.map(|events| events.listener_builder().create()).transpose()?;
        Ok(ReceivingEnd { subscriber, listener, wait: self.wait, _node: node })
    }
}

impl Drop for Topic {
    /// Takes away what ends left that were killed.
    fn drop(&mut self) {
        for entry in std::fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
            if entry.path() != self.folder.0
                && entry.file_name().to_string_lossy().starts_with(&self.name)
            {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// The end that sends.
pub struct SendingEnd {
    publisher: Publisher<ipc::Service, [u8], ()>,
    notifier: Option<Notifier<ipc::Service>>,
    _node: Node<ipc::Service>,
}

/// The end that receives.
pub struct ReceivingEnd {
    subscriber: Subscriber<ipc::Service, [u8], ()>,
    listener: Option<Listener<ipc::Service>>,
    wait: Wait,
    _node: Node<ipc::Service>,
}

impl Link for Topic {
    type Sender<'l> = SendingEnd;
    type Receiver<'l> = ReceivingEnd;
    fn sender(&self, _index: usize) -> SendingEnd {
        self.sending().expect("the service")
    }
    fn receiver(&self, _index: usize) -> ReceivingEnd {
        self.receiving().expect("the service")
    }
}

impl Sender for SendingEnd {
    #[inline]
    fn send(&mut self, size: usize, write: impl FnOnce(&mut [u8])) {
        let mut sample = self.publisher.loan_slice_uninit(size).expect("a sample");
        let bytes = sample.payload_mut();
        // SAFETY: bytes of a mapping, which the kernel filled with zeros or an earlier message.
        write(unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len()) });
        // SAFETY: as above; any bytes are a valid message.
        unsafe { sample.assume_init() }.send().expect("a subscriber");
        if let Some(notifier) = &self.notifier {
            notifier.notify().expect("a listener");
        }
    }
}

impl Receiver for ReceivingEnd {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        let sample = match &self.listener {
            None => self.wait.until(|| self.subscriber.receive().expect("the service")),
            Some(listener) => loop {
                if let Some(sample) = self.subscriber.receive().expect("the service") {
                    break sample;
                }
                listener.blocking_wait(|_| ()).expect("the service");
            },
        };
        read(&sample);
    }
}
