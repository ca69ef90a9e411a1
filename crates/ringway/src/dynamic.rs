//! A message that can be anything.

use core::fmt;
use std::collections::{BTreeMap, HashMap};

use crate::Message;

/// A value of any of some types, for those who send what Python's `multiprocessing` pickles: the
/// two sides agree on one queue, and not on a type for each message.
///
/// Reading one in place is a `match` over `ArchivedDynamic`. It may be nested as deep as any
/// message: 256 levels.
///
/// ```
/// use ringway::{Dynamic, Place, Queue};
///
/// let queue = Queue::<Dynamic>::options().create(Place::Heap)?;
/// queue.put(Dynamic::from([("id", 7.into()), ("tags", vec!["a", "b"].into())]))?;
///
/// let message = queue.get()?.deserialize()?;
/// assert_eq!(message.get("id"), Some(&Dynamic::Int(7)));
/// assert_eq!(message.to_string(), r#"{"id": 7, "tags": ["a", "b"]}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Message, Debug, Clone, PartialEq, Default)]
pub enum Dynamic {
    /// Nothing.
    #[default]
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Values in order.
    List(Vec<Dynamic>),
    /// Keys with their values, in the order in which they were put in. A key that stands there
    /// twice is found by its last value.
    Map(Vec<(Dynamic, Dynamic)>),
}

impl Dynamic {
    /// The value of a key, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: impl Into<Dynamic>) -> Option<&Dynamic> {
        let Self::Map(pairs) = self else { return None };
        let key = key.into();
        pairs.iter().rev().find_map(|(known, value)| (*known == key).then_some(value))
    }
}

macro_rules! from {
    ($($variant:ident: $($ty:ty),*;)*) => {$($(
        impl From<$ty> for Dynamic {
            fn from(value: $ty) -> Self {
                Self::$variant(value.into())
            }
        }
    )*)*};
}

from! {
    Bool: bool;
    Int: i8, i16, i32, i64, u16, u32;
    Float: f32, f64;
    Text: &str, String;
    Bytes: &[u8], Vec<u8>;
}

impl<T: Into<Dynamic>> From<Vec<T>> for Dynamic {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Dynamic>> From<Option<T>> for Dynamic {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

impl<K: Into<Dynamic>, const N: usize> From<[(K, Dynamic); N]> for Dynamic {
    fn from(pairs: [(K, Dynamic); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl<K: Into<Dynamic>, V: Into<Dynamic>> From<HashMap<K, V>> for Dynamic {
    fn from(map: HashMap<K, V>) -> Self {
        map.into_iter().collect()
    }
}

impl<K: Into<Dynamic>, V: Into<Dynamic>> From<BTreeMap<K, V>> for Dynamic {
    fn from(map: BTreeMap<K, V>) -> Self {
        map.into_iter().collect()
    }
}

/// A map.
impl<K: Into<Dynamic>, V: Into<Dynamic>> FromIterator<(K, V)> for Dynamic {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self::Map(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

/// For people to read, much like JSON.
impl fmt::Display for Dynamic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comma = |f: &mut fmt::Formatter<'_>, at: usize| match at {
            0 => Ok(()),
            _ => f.write_str(", "),
        };
        match self {
            Self::None => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Bytes(value) => write!(f, "b\"{}\"", value.escape_ascii()),
            Self::List(values) => {
                f.write_str("[")?;
                for (at, value) in values.iter().enumerate() {
                    comma(f, at)?;
                    write!(f, "{value}")?;
                }
                f.write_str("]")
            }
            Self::Map(pairs) => {
                f.write_str("{")?;
                for (at, (key, value)) in pairs.iter().enumerate() {
                    comma(f, at)?;
                    write!(f, "{key}: {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}
