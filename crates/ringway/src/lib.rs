#![doc = include_str!("../README.md")]

extern crate self as ringway; // as the derive calls it

mod as_message;
mod batch;
mod context;
mod dynamic;
mod error;
mod handle;
mod handover;
mod loan;
mod maybe_owned;
mod message;
mod options;
pub mod process;
mod queue;
mod received;
pub mod schema;
pub mod sync;

pub use as_message::AsMessage;
pub use batch::{BATCH_MAX, Batch};
pub use context::{Context, ContextOptions};
pub use dynamic::Dynamic;
pub use error::{
    Error, GetError, GetErrorKind, Label, PutError, PutErrorKind, PutManyError, Reason,
};
pub use handle::{Handle, ObjectHandle};
pub use loan::Loan;
pub use message::{Message, Payload};
pub use options::{Options, QueueOptions};
#[doc(inline)]
pub use process::{Failure, Outcome, Process, init, scope};
pub use queue::{IntoIter, Iter, Queue, TryIter};
pub use received::Received;
#[doc(inline)]
pub use sync::{Lock, LockGuard, LockOptions};

/// Makes a type a [`Message`](trait@crate::Message).
///
/// It implements rkyv's `Archive`, `Serialize` and `Deserialize`, with the archived type
/// `Archived...` beside the type, and describes the type for the schema of the queue. The fields
/// must be messages themselves; parameters that are types must be, too.
///
/// ```
/// use ringway::{Message, Place, Queue};
///
/// #[derive(Message, Debug, PartialEq)]
/// struct Job {
///     id: u64,
///     task: Task,
/// }
///
/// #[derive(Message, Debug, PartialEq)]
/// enum Task {
///     Fetch { url: String },
///     Rest,
/// }
///
/// let queue = Queue::<Job>::options().create(Place::Heap)?;
/// queue.put(Job { id: 7, task: Task::Fetch { url: "http://localhost/".to_owned() } })?;
///
/// // A message is read where it lies, as its archived type.
/// let job = queue.get()?;
/// assert_eq!(job.id.to_native(), 7); // numbers are kept in one byte order; `==` and `<` work without `to_native`
/// match &job.task {
///     ArchivedTask::Fetch { url } => assert_eq!(url.as_str(), "http://localhost/"),
///     ArchivedTask::Rest => unreachable!(),
/// }
///
/// // An owned value, when it shall outlive the message.
/// let owned: Job = job.deserialize()?;
/// # assert_eq!(owned, Job { id: 7, task: Task::Fetch { url: "http://localhost/".to_owned() } });
/// # let _ = Task::Rest;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Types that rkyv leaves to a wrapper
///
/// Fields of the types `PathBuf`, `OsString`, `SystemTime` and `Cow`, also in an `Option` or `Vec`,
/// get rkyv's wrapper without being told: paths and texts of the system must be UTF-8 when they are
/// put, times must not be before 1970. For any other type that is no message, name a wrapper of
/// [`rkyv::with`] or one of your own by `#[rkyv(with = ...)]`. A type that has serde's traits only
/// goes as bytes that you serialise yourself.
///
/// ```
/// # use ringway::{Message, Place, Queue};
/// #[derive(Message, Debug, Clone, PartialEq)]
/// struct Folder {
///     path: std::path::PathBuf,
///     read: Option<std::time::SystemTime>,
///     #[rkyv(with = ringway::rkyv::with::Skip)]
///     note: String, // stays here
///     within: Vec<Folder>, // a type may contain itself
/// }
///
/// let queue = Queue::<Folder>::options().create(Place::Heap)?;
/// let folder = Folder { path: "a/b".into(), read: None, note: "x".into(), within: vec![] };
/// queue.put(folder.clone())?;
/// assert_eq!(queue.get()?.deserialize()?, Folder { note: String::new(), ..folder });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub use ringway_derive::Message;
pub use ringway_segment::directory::{Kind, ObjectInfo};
pub use ringway_segment::error::{CreateError, OpenError, RemoveError, SegmentError};
pub use ringway_segment::objects::channel::Role;
pub use ringway_segment::objects::channel::layout::{MAXSIZE_MAX, MESSAGE_MAX};
pub use ringway_segment::place::Place;
pub use ringway_segment::recovery::Recovered;
pub use ringway_segment::waiting::WaitStrategy;
/// The serialisation framework of the messages, in the version that this crate uses.
pub use rkyv;

/// Lets a program start processes whose main is not yours: a test, an example of a test harness, a
/// bench. To be written once, outside of functions; elsewhere [`init`] is to be called first in
/// main.
///
/// In a child, the function runs before main does, after what else of the program has to run before
/// main.
///
/// ```standalone_crate
/// ringway::entry!();
///
/// # /*
/// #[test]
/// # */
/// fn squares() {
///     let square = ringway::Process::spawn(7, |number: u32| number * number).unwrap();
///     assert_eq!(square.join().unwrap(), 49);
/// }
/// # fn main() { squares() }
/// ```
#[macro_export]
macro_rules! entry {
    () => {
        const _: () = {
            unsafe extern "C" {
                #[link_name = "__init_array_end"]
                static END: [extern "C" fn(); 0];
            }

            #[used]
            #[unsafe(link_section = ".init_array")]
            static BEGIN: extern "C" fn() = {
                extern "C" fn begin() {
                    let next = ::core::ptr::from_ref(&BEGIN).wrapping_add(1);
                    let count = (&raw const END as usize - next as usize)
                        / ::core::mem::size_of_val(&BEGIN);
                    // SAFETY: the linker puts all constructors of the program side by side, those
                    // after this one up to the end.
                    unsafe {
                        $crate::process::begin(::core::slice::from_raw_parts(next, count));
                    }
                }
                begin
            };
        };
    };
}

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
