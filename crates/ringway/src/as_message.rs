//! What a put takes: values, references to them, and what has the same form without owning it.

use rkyv::rancor::{Fallible, Source};
use rkyv::ser::{Allocator, Writer};
use rkyv::string::{ArchivedString, StringResolver};
use rkyv::vec::{ArchivedVec, VecResolver};
use rkyv::{Archive, Place, Serialize, SerializeUnsized};

use crate::message::{Form, Message, Payload};

/// What can be put into a queue of `T`.
///
/// * For a [`Message`] type: a `T` or a `&T`. Besides, a `&str` for a `String`, and a slice or a
///   reference to an array for a `Vec`: they have the same form in memory.
/// * For `[u8]`: a reference to anything that is bytes, as `&[u8]`, `&str` or `&Vec<u8>`, or an
///   owned `Vec<u8>`, `Box<[u8]>`, `String` or array.
///
/// The error of a put gives back what was handed over, so that nothing is lost; of what was
/// borrowed it gives `()`, so that it can leave the function that owns the value.
///
/// ```
/// # use ringway::{Place, Queue};
/// let words = Queue::<String>::options().create(Place::Heap)?;
/// words.put("borrowed")?;
/// words.put(&String::from("borrowed, too"))?;
/// words.put(String::from("handed over"))?;
///
/// let samples = Queue::<Vec<f32>>::options().create(Place::Heap)?;
/// samples.put(&[0.5, 1.5])?;
/// assert_eq!(samples.get_value()?, [0.5, 1.5]);
///
/// let bytes = Queue::<[u8]>::options().maxsize(1).create(Place::Heap)?;
/// bytes.put("text")?;
/// let full = bytes.try_put(vec![1, 2, 3]).unwrap_err();
/// assert_eq!(full.into_value(), [1, 2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be put into a queue of `{T}`",
    label = "neither the type of its messages nor a reference to one",
    note = "a `Queue<T>` takes `T` and `&T`; a `Queue<String>` also `&str`, a `Queue<Vec<U>>` also \
            `&[U]`, and a `Queue<[u8]>` whatever is bytes"
)]
pub trait AsMessage<T: Payload + ?Sized>: Sized {
    /// What the error of a put gives back: the value if it was handed over, `()` if it was
    /// borrowed.
    type Unsent;

    #[doc(hidden)]
    fn unsent(self) -> Self::Unsent;

    /// Writes the message to where it goes.
    #[doc(hidden)]
    fn write<D: Destination>(&self, to: D) -> Result<D::Done, D::Stop>;
}

/// Where a message goes.
pub trait Destination: Sized {
    type Done;
    type Stop;

    /// Bytes, as they are.
    fn bytes(self, bytes: &[u8]) -> Result<Self::Done, Self::Stop>;
    /// A value, to be serialised. Its code may fork.
    fn form<T: Message>(self, value: &impl Form<T>) -> Result<Self::Done, Self::Stop>;
}

impl<T: Message> AsMessage<T> for T {
    type Unsent = T;

    fn unsent(self) -> T {
        self
    }
    #[inline]
    fn write<D: Destination>(&self, to: D) -> Result<D::Done, D::Stop> {
        to.form::<T>(self)
    }
}

impl<T: Message> AsMessage<T> for &T {
    type Unsent = ();

    fn unsent(self) {}
    #[inline]
    fn write<D: Destination>(&self, to: D) -> Result<D::Done, D::Stop> {
        to.form::<T>(*self)
    }
}

impl AsMessage<String> for &str {
    type Unsent = ();

    fn unsent(self) {}
    #[inline]
    fn write<D: Destination>(&self, to: D) -> Result<D::Done, D::Stop> {
        to.form::<String>(&Text(self))
    }
}

impl<U> AsMessage<Vec<U>> for &[U]
where
    U: Message,
    Vec<U>: Message<Archived = ArchivedVec<U::Archived>>,
{
    type Unsent = ();

    fn unsent(self) {}
    #[inline]
    fn write<D: Destination>(&self, to: D) -> Result<D::Done, D::Stop> {
        to.form::<Vec<U>>(&Slice(self))
    }
}

impl<U, const N: usize> AsMessage<Vec<U>> for &[U; N]
where
    U: Message,
    Vec<U>: Message<Archived = ArchivedVec<U::Archived>>,
{
    type Unsent = ();

    fn unsent(self) {}
    #[inline]
    fn write<D: Destination>(&self, to: D) -> Result<D::Done, D::Stop> {
        to.form::<Vec<U>>(&Slice(self.as_slice()))
    }
}

impl<B: AsRef<[u8]> + ?Sized> AsMessage<[u8]> for &B {
    type Unsent = ();

    fn unsent(self) {}
    #[inline(always)]
    fn write<D: Destination>(&self, to: D) -> Result<D::Done, D::Stop> {
        to.bytes((*self).as_ref())
    }
}

macro_rules! owned_bytes {
    ($($(#[$generic:tt])? $owned:ty),*) => {$(
        impl $(<const $generic: usize>)? AsMessage<[u8]> for $owned {
            type Unsent = Self;

            fn unsent(self) -> Self {
                self
            }
            #[inline(always)]
            fn write<D: Destination>(&self, to: D) -> Result<D::Done, D::Stop> {
                to.bytes(self.as_ref())
            }
        }
    )*};
}

owned_bytes!(
    Vec<u8>,
    Box<[u8]>,
    String,
    #[N]
    [u8; N]
);

/// Archived as a `String` is.
struct Text<'t>(&'t str);

impl Archive for Text<'_> {
    type Archived = ArchivedString;
    type Resolver = StringResolver;

    fn resolve(&self, resolver: StringResolver, out: Place<ArchivedString>) {
        ArchivedString::resolve_from_str(self.0, resolver, out);
    }
}

impl<S: Fallible<Error: Source> + ?Sized> Serialize<S> for Text<'_>
where
    str: SerializeUnsized<S>,
{
    fn serialize(&self, serializer: &mut S) -> Result<StringResolver, S::Error> {
        ArchivedString::serialize_from_str(self.0, serializer)
    }
}

/// Archived as a `Vec` is.
struct Slice<'u, U>(&'u [U]);

impl<U: Archive> Archive for Slice<'_, U> {
    type Archived = ArchivedVec<U::Archived>;
    type Resolver = VecResolver;

    fn resolve(&self, resolver: VecResolver, out: Place<Self::Archived>) {
        ArchivedVec::resolve_from_slice(self.0, resolver, out);
    }
}

impl<U: Serialize<S>, S: Fallible + Allocator + Writer + ?Sized> Serialize<S> for Slice<'_, U> {
    fn serialize(&self, serializer: &mut S) -> Result<VecResolver, S::Error> {
        ArchivedVec::serialize_from_slice(self.0, serializer)
    }
}
