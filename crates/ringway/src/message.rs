//! What can be a message: any type that derives rkyv's three traits, or plain bytes.

use core::mem::MaybeUninit;
use core::num::NonZeroUsize;

use ringway_segment::layout::checksum;
use ringway_segment::objects::channel::layout::BLOCK_ALIGN;
use rkyv::api::high::{HighDeserializer, HighSerializer, HighValidator};
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor::{Error, Source};
use rkyv::ser::allocator::ArenaHandle;
use rkyv::ser::{Positional, Writer};
use rkyv::validation::Validator;
use rkyv::validation::archive::ArchiveValidator;
use rkyv::validation::shared::SharedValidator;
use rkyv::{Archive, Deserialize, Portable, Serialize};

/// A type that can be sent: one that derives rkyv's `Archive`, `Serialize` and `Deserialize`.
///
/// There is nothing to implement. Not for types that hold `Rc` or `Arc`, and not nested deeper than
/// 256 boxes.
///
/// ```
/// use ringway::{Place, Queue, rkyv};
///
/// #[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Debug, PartialEq)]
/// #[rkyv(crate = ringway::rkyv)] // needed unless rkyv 0.8 is among your own dependencies
/// struct Job {
///     id: u64,
///     task: Task,
/// }
///
/// #[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Debug, PartialEq)]
/// #[rkyv(crate = ringway::rkyv)]
/// enum Task {
///     Fetch { url: String },
///     Rest,
/// }
///
/// let queue = Queue::<Job>::options().create(Place::Heap)?;
/// queue.put(Job { id: 7, task: Task::Fetch { url: "http://localhost/".to_owned() } })?;
///
/// // A message is read where it lies, as its archived type, which the derive makes and names `Archived...`.
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a message",
    label = "does not derive what a message needs",
    note = "write above its definition: #[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]",
    note = "and below that, with `use ringway::rkyv`: #[rkyv(crate = ringway::rkyv)]",
    note = "the types of its fields need the same; `Rc` and `Arc` cannot be sent"
)]
pub trait Message:
    Sized
    + Archive<
        Archived: Portable
                      + for<'v> CheckBytes<HighValidator<'v, Error>>
                      + Deserialize<Self, HighDeserializer<Error>>,
    > + for<'w, 'a> Serialize<HighSerializer<BlockWriter<'w>, ArenaHandle<'a>, Error>>
{
}

#[diagnostic::do_not_recommend] // or the compiler tells of rkyv's traits instead
impl<T> Message for T where
    T: Archive<
            Archived: Portable
                          + for<'v> CheckBytes<HighValidator<'v, Error>>
                          + Deserialize<T, HighDeserializer<Error>>,
        > + for<'w, 'a> Serialize<HighSerializer<BlockWriter<'w>, ArenaHandle<'a>, Error>>
{
}

/// What a queue carries: a [`Message`] type, or `[u8]`.
#[diagnostic::on_unimplemented(
    message = "a queue cannot carry `{Self}`",
    label = "neither `[u8]` nor a type that derives what a message needs",
    note = "write above its definition: #[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]",
    note = "and below that, with `use ringway::rkyv`: #[rkyv(crate = ringway::rkyv)]",
    note = "the types of its fields need the same; `Rc` and `Arc` cannot be sent"
)]
pub trait Payload {
    /// How the segment describes it.
    fn schema() -> Schema;
}

/// The description of the messages that is kept in the segment and compared when it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// In words.
    pub name: String,
    /// As a number; 0 for plain bytes.
    pub fingerprint: u64,
}

impl Schema {
    /// A schema by a name that the caller keeps stable, and the measures of the archived type.
    pub(crate) fn named<T: Archive>(name: &str) -> Self {
        const {
            assert!(
                align_of::<T::Archived>() as u64 <= BLOCK_ALIGN,
                "messages are aligned to 64 bytes at most"
            )
        };
        let text = format!(
            "rkyv 0.8 le p32|{name}|{}|{}",
            size_of::<T::Archived>(),
            align_of::<T::Archived>()
        );
        Self { name: name.to_owned(), fingerprint: checksum(text.as_bytes()) | 1 }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Message> Payload for T {
    fn schema() -> Schema {
        Schema::named::<T>(core::any::type_name::<T>())
    }
}

impl Payload for [u8] {
    fn schema() -> Schema {
        Schema { name: "bytes".to_owned(), fingerprint: 0 }
    }
}

/// Writes into a block, and goes on counting past its end, so that one pass tells the size that is
/// needed.
pub struct BlockWriter<'w> {
    block: &'w mut [MaybeUninit<u8>],
    written: usize,
}

impl<'w> BlockWriter<'w> {
    fn new(block: &'w mut [MaybeUninit<u8>]) -> Self {
        Self { block, written: 0 }
    }
}

impl Positional for BlockWriter<'_> {
    #[inline]
    fn pos(&self) -> usize {
        self.written
    }
}

impl<E: Source> Writer<E> for BlockWriter<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), E> {
        let end = self.written + bytes.len();
        if let Some(place) = self.block.get_mut(self.written..end) {
            for (place, &byte) in place.iter_mut().zip(bytes) {
                place.write(byte);
            }
        }
        self.written = end;
        Ok(())
    }
}

/// Serialises into `block` and returns the size, which may be more than the block has.
pub(crate) fn encode<T: Message>(value: &T, block: &mut [MaybeUninit<u8>]) -> Result<usize, Error> {
    rkyv::api::high::to_bytes_in(value, BlockWriter::new(block)).map(|writer| writer.written)
}

/// How deep a message may be nested by boxes and the like. Bytes that go deeper would use up the
/// stack of their reader.
const DEPTH_MAX: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// Checks the bytes and gives access to them in place.
pub(crate) fn access<T: Message>(bytes: &[u8]) -> Result<&T::Archived, Error> {
    let archive = ArchiveValidator::with_max_depth(bytes, Some(DEPTH_MAX));
    rkyv::api::access_with_context::<T::Archived, _, Error>(
        bytes,
        &mut Validator::new(archive, SharedValidator::new()),
    )
}

/// An owned value.
pub(crate) fn decode<T: Message>(archived: &T::Archived) -> Result<T, Error> {
    rkyv::deserialize::<T, Error>(archived)
}
