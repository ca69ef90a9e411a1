//! What can be a message: any type that derives it, or plain bytes.

use core::mem::MaybeUninit;
use core::num::NonZeroUsize;

use ringway_segment::objects::channel::layout::BLOCK_ALIGN;
use rkyv::api::high::{HighDeserializer, HighSerializer, HighValidator};
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor::{BoxedError as Error, Source, fail};
use rkyv::ser::allocator::ArenaHandle;
use rkyv::ser::{Positional, Writer};
use rkyv::validation::Validator;
use rkyv::validation::archive::ArchiveValidator;
use rkyv::validation::shared::SharedValidator;
use rkyv::{Archive, Deserialize, Portable, Serialize};

use crate::schema::{Describe, INLINE_MAX, Schema, TooDeep};

/// A type whose values can be sent.
///
/// Derive it: [`#[derive(ringway::Message)]`](macro@crate::Message), whose documentation has the
/// example. Numbers, `bool`, `char`, `String`, `Option`, `Result`, `Box`, `Vec` and the other
/// collections of std, arrays, tuples, [`Duration`](core::time::Duration) and network addresses are
/// messages too. There is nothing to implement by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a message",
    label = "does not derive what a message needs",
    note = "write above its definition: #[derive(ringway::Message)]",
    note = "the types of its fields need the same"
)]
pub trait Message:
    Sized
    + Describe
    + Archive<
        Archived: Portable
                      + for<'v> CheckBytes<HighValidator<'v, Error>>
                      + Deserialize<Self, HighDeserializer<Error>>,
    > + for<'w, 'a> Serialize<HighSerializer<BlockWriter<'w>, ArenaHandle<'a>, Error>>
{
}

#[diagnostic::do_not_recommend] // or the compiler tells of rkyv's traits instead
impl<T> Message for T where
    T: Describe
        + Archive<
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
    note = "write above its definition: #[derive(ringway::Message)]",
    note = "text goes as `Queue<String>`, numbers as `Queue<Vec<f32>>`, and plain bytes as `Queue<[u8]>`"
)]
pub trait Payload {
    /// What a received message dereferences to: the archived type, or `[u8]`.
    type View: ?Sized;
    /// An owned message: the type, or `Vec<u8>`.
    type Value;
    /// How the segment describes it.
    fn schema() -> Schema;
    #[doc(hidden)]
    fn view(bytes: &[u8]) -> Result<&Self::View, Error>;
    #[doc(hidden)]
    fn value(view: &Self::View) -> Result<Self::Value, Error>;
}

#[diagnostic::do_not_recommend]
impl<T: Message> Payload for T {
    type View = T::Archived;
    type Value = T;

    fn schema() -> Schema {
        const {
            assert!(
                align_of::<T::Archived>() as u64 <= BLOCK_ALIGN,
                "messages are aligned to 64 bytes at most"
            );
            assert!(
                size_of::<T::Archived>() <= INLINE_MAX,
                "a message has 256 KiB at most without what its boxes and vectors hold; put large \
                 arrays into a `Vec`, or they would use up the stack"
            )
        };
        Schema::of::<T>()
    }

    #[inline]
    fn view(bytes: &[u8]) -> Result<&T::Archived, Error> {
        access::<T>(bytes)
    }

    fn value(view: &T::Archived) -> Result<T, Error> {
        rkyv::deserialize::<T, Error>(view)
    }
}

impl Payload for [u8] {
    type View = [u8];
    type Value = Vec<u8>;

    fn schema() -> Schema {
        Schema::bytes()
    }

    #[inline]
    fn view(bytes: &[u8]) -> Result<&[u8], Error> {
        Ok(bytes)
    }

    fn value(view: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(view.to_vec())
    }
}

/// What is archived as a `T` is: a `T`, or what has the same form.
pub trait Form<T: Message>:
    Archive<Archived = T::Archived>
    + for<'w, 'a> Serialize<HighSerializer<BlockWriter<'w>, ArenaHandle<'a>, Error>>
{
}

impl<T: Message, F> Form<T> for F where
    F: Archive<Archived = T::Archived>
        + for<'w, 'a> Serialize<HighSerializer<BlockWriter<'w>, ArenaHandle<'a>, Error>>
{
}

/// The largest message of a type, in bytes: offsets within it have 32 bits and a sign.
const MESSAGE_OF_TYPE_MAX: usize = i32::MAX as usize;

#[derive(Debug, thiserror::Error)]
#[error("a message of a type has 2 GiB at most; send what is larger as bytes, or in parts")]
struct TooFar;

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
        if end > MESSAGE_OF_TYPE_MAX {
            fail!(TooFar); // rkyv would panic when it writes the offset
        }
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
///
/// # Errors
/// Why the value cannot be a message. With `is_nested`, also if [`access`] would refuse it: a type
/// that contains itself may be nested too deeply.
pub(crate) fn encode<T: Message>(
    form: &impl Form<T>,
    block: &mut [MaybeUninit<u8>],
    is_nested: bool,
) -> Result<usize, Error> {
    let written = rkyv::api::high::to_bytes_in(form, BlockWriter::new(block))?.written;
    if is_nested && written <= block.len() {
        // SAFETY: these bytes were written just now.
        let bytes = unsafe { core::slice::from_raw_parts(block.as_ptr().cast(), written) };
        if access::<T>(bytes).is_err() {
            fail!(TooDeep); // nothing else is wrong with what was written just now
        }
    }
    Ok(written)
}

/// Bytes that are nested deeper would use up the stack of their reader.
const DEPTH_MAX: NonZeroUsize = NonZeroUsize::new(crate::schema::DEPTH_MAX as usize).unwrap();

/// Checks the bytes and gives access to them in place.
pub(crate) fn access<T: Message>(bytes: &[u8]) -> Result<&T::Archived, Error> {
    let archive = ArchiveValidator::with_max_depth(bytes, Some(DEPTH_MAX));
    rkyv::api::access_with_context::<T::Archived, _, Error>(
        bytes,
        &mut Validator::new(archive, SharedValidator::new()),
    )
}
