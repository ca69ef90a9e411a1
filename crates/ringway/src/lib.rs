#![doc = include_str!("../README.md")]

mod batch;
mod error;
mod loan;
mod message;
mod options;
mod queue;
mod received;
mod shared;
mod wait;

pub use batch::{BATCH_MAX, Batch};
pub use error::{GetError, Name, PutError, PutManyError, QueueError};
pub use loan::Loan;
pub use message::{Message, Payload, Schema};
pub use options::QueueOptions;
pub use queue::{Iter, Queue};
pub use received::{Received, ReceivedBytes};
pub use wait::WaitStrategy;

pub use ringway_core::Place;
pub use ringway_core::error::{CreateError, Fault, OpenError, RemoveError};
pub use ringway_core::layout::{MAXSIZE_MAX, MESSAGE_MAX};
pub use ringway_core::recovery::Recovered;
/// The serialisation framework of the messages, in the version that this crate uses.
pub use rkyv;

/// Looking at queues from outside: what the `ringway` command is made of.
///
/// ```
/// # use ringway::{Place, Queue, inspect};
/// # let name = &format!("doc-inspect-{}", std::process::id());
/// let queue = Queue::<u32>::create(name, 3)?;
/// queue.put(7)?;
/// let segment = inspect::open(&Place::from(name))?; // takes no part in it
/// let snapshot = inspect::snapshot(&segment)?;
/// assert_eq!((snapshot.size, snapshot.maxsize, snapshot.holders.len()), (1, 3, 1));
/// assert!(inspect::list()?.contains(name));
/// assert!(inspect::remove(&segment)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub mod inspect {
    pub use ringway_core::census::{
        Accounts, Holder, Snapshot, accounts, inspect as open, snapshot,
    };
    pub use ringway_core::holds::{Held, Holds};
    pub use ringway_core::participant::{Attendee, attendees};
    pub use ringway_core::process::{ProcessInfo, info_of};
    pub use ringway_core::remains::{Maker, Remains, remains};
    pub use ringway_core::removal::{has_name, is_marked, remove, restore};
    pub use ringway_core::segment::Segment;
    pub use ringway_core::{list, printable};
}
