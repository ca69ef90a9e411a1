#![doc = include_str!("../README.md")]

mod batch;
mod context;
mod error;
mod handle;
mod loan;
mod message;
mod options;
mod queue;
mod received;
pub mod sync;

pub use batch::{BATCH_MAX, Batch};
pub use context::{Context, ContextOptions};
pub use error::{Error, GetError, GetErrorKind, Label, PutError, PutErrorKind, PutManyError};
pub use loan::Loan;
pub use message::{Message, Payload, Schema};
pub use options::QueueOptions;
pub use queue::{Iter, Queue};
pub use received::{Received, ReceivedBytes};
#[doc(inline)]
pub use sync::{Lock, LockGuard};

pub use ringway_segment::directory::{Kind, ObjectInfo};
pub use ringway_segment::error::{CreateError, OpenError, RemoveError, SegmentError};
pub use ringway_segment::objects::channel::layout::{MAXSIZE_MAX, MESSAGE_MAX};
pub use ringway_segment::place::Place;
pub use ringway_segment::recovery::Recovered;
pub use ringway_segment::waiting::WaitStrategy;
/// The serialisation framework of the messages, in the version that this crate uses.
pub use rkyv;

/// Looking at segments from outside: what the `ringway` command is made of.
///
/// ```
/// # use ringway::{Kind, Place, Queue, inspect};
/// # let name = &format!("doc-inspect-{}", std::process::id());
/// let queue = Queue::<u32>::create(name, 3)?;
/// queue.put(7)?;
/// let segment = inspect::open(&Place::from(name), inspect::Trust::default())?; // takes no part
/// let object = inspect::first(&segment, Kind::Queue).expect("it holds one");
/// let snapshot = inspect::snapshot(&segment, &object)?;
/// assert_eq!((snapshot.size, snapshot.maxsize, snapshot.holders.len()), (1, 3, 1));
/// assert!(inspect::list()?.contains(name));
/// assert!(inspect::remove(&segment)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub mod inspect {
    pub use ringway_segment::directory::objects;
    pub use ringway_segment::inspect::{
        Accounts, Content, Facts, Holder, Holding, Holdings, LockSnapshot, ObjectFacts,
        ParticipantInfo, Snapshot, Step, Unsettled, accounts, damaged_entries, facts, first,
        is_attended, lock_snapshot, open, participants, recover, remove_object, schema, snapshot,
        unsettled, users,
    };
    pub use ringway_segment::place::{list, printable};
    pub use ringway_segment::process::{ProcessInfo, info_of};
    pub use ringway_segment::segment::remove::{has_name, is_marked, remove, restore};
    pub use ringway_segment::segment::unfinished::{Maker, Unfinished, unfinished};
    pub use ringway_segment::segment::{Segment, Trust};
}
