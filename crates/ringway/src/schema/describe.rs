//! The types of std that can be in messages.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use core::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8,
    NonZeroU16, NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize,
};
use core::ops::{Bound, Range, RangeInclusive};
use core::time::Duration;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::SystemTime;

use super::{Describe, INLINE_MAX, SchemaBuilder};

macro_rules! plain {
    ($($ty:ty),* $(,)?) => {$(
        impl Describe for $ty {
            fn describe(_: &mut SchemaBuilder) -> String {
                stringify!($ty).to_owned()
            }
        }
    )*};
}

plain!(
    PathBuf,
    OsString,
    SystemTime,
    (),
    bool,
    char,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    f32,
    f64,
    str,
    String,
    Duration,
    IpAddr,
    Ipv4Addr,
    Ipv6Addr,
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6,
    NonZeroU8,
    NonZeroU16,
    NonZeroU32,
    NonZeroU64,
    NonZeroU128,
    NonZeroUsize,
    NonZeroI8,
    NonZeroI16,
    NonZeroI32,
    NonZeroI64,
    NonZeroI128,
    NonZeroIsize,
);

macro_rules! generic {
    ($($name:ident<$($parameter:ident),*>),* $(,)?) => {$(
        impl<$($parameter: Describe),*> Describe for $name<$($parameter),*> {
            fn describe(schema: &mut SchemaBuilder) -> String {
                let parameters = [$($parameter::describe(schema)),*];
                format!("{}<{}>", stringify!($name), parameters.join(", "))
            }
        }
    )*};
}

generic!(
    Option<T>, Result<T, E>, Vec<T>, VecDeque<T>, BTreeMap<K, V>, BTreeSet<T>, Range<T>,
    RangeInclusive<T>, Bound<T>,
);

impl<T: Describe + ToOwned + ?Sized> Describe for Cow<'_, T> {
    fn describe(schema: &mut SchemaBuilder) -> String {
        format!("Cow<{}>", T::describe(schema))
    }
}

impl<T: Describe + ?Sized> Describe for Box<T> {
    fn describe(schema: &mut SchemaBuilder) -> String {
        format!("Box<{}>", T::describe(schema))
    }
}

impl<K: Describe, V: Describe, S> Describe for HashMap<K, V, S> {
    fn describe(schema: &mut SchemaBuilder) -> String {
        format!("HashMap<{}, {}>", K::describe(schema), V::describe(schema))
    }
}

impl<T: Describe, S> Describe for HashSet<T, S> {
    fn describe(schema: &mut SchemaBuilder) -> String {
        format!("HashSet<{}>", T::describe(schema))
    }
}

impl<T: Describe> Describe for [T] {
    fn describe(schema: &mut SchemaBuilder) -> String {
        format!("[{}]", T::describe(schema))
    }
}

impl<T: Describe, const N: usize> Describe for [T; N] {
    fn describe(schema: &mut SchemaBuilder) -> String {
        const {
            assert!(
                size_of::<Self>() <= INLINE_MAX,
                "an array in a message has 256 KiB at most, or it would use up the stack; use a `Vec`"
            )
        };
        format!("[{}; {N}]", T::describe(schema))
    }
}

macro_rules! tuples {
    ($($parameter:ident)+) => {
        impl<$($parameter: Describe),+> Describe for ($($parameter,)+) {
            fn describe(schema: &mut SchemaBuilder) -> String {
                format!("({},)", [$($parameter::describe(schema)),+].join(", "))
            }
        }
        tuples!(@shorter $($parameter)+);
    };
    (@shorter $first:ident) => {};
    (@shorter $first:ident $($rest:ident)+) => { tuples!($($rest)+); };
}

tuples!(A B C D E F G H I J K L);
