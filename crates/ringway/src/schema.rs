//! Schemas: what the messages of a queue are, as a text that is kept in its segment.
//!
//! Two programs can read each other's messages only if their types have the same fields in the same
//! order, down to the last one, and if rkyv was built alike in both. The text says all of that, and
//! a queue opens only for a program that has the same text. It is made once, when options are made.

use core::any::type_name;
use core::fmt::Write;

use ringway_segment::layout::checksum;
use rkyv::Archive;

mod depth;
mod describe;
mod difference;
mod probe;

#[doc(hidden)]
pub use self::depth::nested;
pub(crate) use self::depth::{DEPTH_MAX, TooDeep};
pub(crate) use self::difference::difference;
#[doc(hidden)]
pub use self::probe::{Probe, ProbeKnown, ProbeUnknown};

/// The description of the messages that is kept in the segment and compared when it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// In words: on the first line what a message is, then each type with its fields, and what the
    /// build of rkyv decides.
    pub text: String,
    /// Its fingerprint; 0 for plain bytes.
    pub fingerprint: u64,
    /// Whether a type of it contains itself, so that messages may be nested to any depth.
    pub is_nested: bool,
    /// Whether there is a handle in it, which only a process that is started can be handed.
    pub has_handles: bool,
}

impl Schema {
    /// That of plain bytes.
    pub(crate) fn bytes() -> Self {
        Self { text: "bytes".to_owned(), fingerprint: 0, is_nested: false, has_handles: false }
    }

    /// That of a type.
    pub(crate) fn of<T: Describe + Archive>() -> Self {
        let mut schema = SchemaBuilder { types: Vec::new(), is_nested: false, has_handles: false };
        let message = T::describe(&mut schema);
        let mut text = format!("{message}\n");
        for defined in &schema.types {
            let _ = writeln!(text, "{}", defined.reference); // writing to a text does not fail
            text.push_str(defined.lines.as_deref().unwrap_or(""));
        }
        Self::finish(text, schema.is_nested, schema.has_handles)
    }

    /// One by a name that the caller keeps stable, and the measures of the archived type.
    pub(crate) fn named<T: Describe + Archive>(name: &str) -> Self {
        let (size, alignment) = (size_of::<T::Archived>(), align_of::<T::Archived>());
        let measures = format!("  size: {size} bytes\n  alignment: {alignment} bytes\n");
        let Self { is_nested, has_handles, .. } = Self::of::<T>();
        Self::finish(format!("{name}\n{name}\n{measures}"), is_nested, has_handles)
    }

    fn finish(mut text: String, is_nested: bool, has_handles: bool) -> Self {
        text.push_str(&build());
        let fingerprint = checksum(text.as_bytes()) | 1;
        Self { text, fingerprint, is_nested, has_handles }
    }
}

/// What the build of rkyv decides, read from what it makes.
fn build() -> String {
    let order = match rkyv::to_bytes::<rkyv::rancor::Error>(&1_u32).as_deref() {
        Ok([1, 0, 0, 0]) => "little-endian",
        _ => "big-endian",
    };
    let pointer = size_of::<rkyv::primitive::ArchivedUsize>() * 8;
    let alignment = align_of::<rkyv::Archived<u64>>();
    format!("rkyv 0.8, {order}, pointers of {pointer} bits, integers aligned to {alignment}")
}

/// Most bytes of a value without what its boxes and vectors hold. rkyv makes it on the stack, also
/// if it is behind a `Box` itself.
pub(crate) const INLINE_MAX: usize = 256 << 10;

/// A type that describes itself for a [`Schema`].
///
/// [`#[derive(Message)]`](macro@crate::Message) implements it, and so does this crate for the types
/// of std that can be in messages.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a message",
    label = "is no message",
    note = "if it is a type of yours, write above its definition: #[derive(ringway::Message)]",
    note = "if not, write above the field which wrapper archives it: \
            #[rkyv(with = ...)], one of `ringway::rkyv::with` or of your own"
)]
pub trait Describe {
    /// Adds what the type consists of, and returns how fields refer to it.
    fn describe(schema: &mut SchemaBuilder) -> String;
}

/// A schema that is being made.
#[derive(Debug)]
pub struct SchemaBuilder {
    types: Vec<Defined>,
    is_nested: bool,
    has_handles: bool,
}

#[derive(Debug)]
struct Defined {
    /// What tells it from other types of the same name.
    key: &'static str,
    name: &'static str,
    reference: String,
    /// `None` while its fields are being added.
    lines: Option<String>,
}

impl SchemaBuilder {
    /// Notes that there is a handle in the type.
    pub(crate) fn handle(&mut self, name: &str) -> String {
        self.has_handles = true;
        name.to_owned()
    }

    /// Adds the type `T`, unless it is there already: it may contain itself. `parts` adds its
    /// fields.
    pub fn define<T>(
        &mut self,
        name: &'static str,
        parts: impl FnOnce(&mut Definition<'_>),
    ) -> String {
        const {
            assert!(
                size_of::<T>() <= INLINE_MAX,
                "a type of a message has 256 KiB at most; put large arrays into a `Vec`"
            )
        };
        let key = type_name::<T>();
        if let Some(known) = self.types.iter().find(|known| known.key == key) {
            self.is_nested |= known.lines.is_none();
            return known.reference.clone();
        }
        let same = self.types.iter().filter(|known| known.name == name).count();
        let reference = match same {
            0 => name.to_owned(),
            others => format!("{name}#{}", others + 1),
        };
        let at = self.types.len();
        self.types.push(Defined { key, name, reference: reference.clone(), lines: None });
        let mut definition = Definition { schema: self, lines: String::new(), indent: 1 };
        parts(&mut definition);
        self.types[at].lines = Some(definition.lines);
        reference
    }
}

/// A type of a schema that is being made.
#[derive(Debug)]
pub struct Definition<'s> {
    schema: &'s mut SchemaBuilder,
    lines: String,
    indent: usize,
}

impl Definition<'_> {
    /// Adds a variant; the fields that follow are its own.
    pub fn variant(&mut self, name: &str) {
        self.indent = 1;
        self.line(name);
        self.indent = 2;
    }

    /// Adds a field.
    pub fn field<T: Describe + ?Sized>(&mut self, name: &str) {
        let ty = T::describe(self.schema);
        self.line(&format!("{name}: {ty}"));
    }

    /// Adds a field that is archived by a wrapper; `ty` describes its type.
    pub fn wrapped_field(
        &mut self,
        name: &str,
        wrapper: &str,
        ty: impl FnOnce(&mut SchemaBuilder) -> String,
    ) {
        let ty = ty(self.schema);
        self.line(&format!("{name}: {ty} as {wrapper}"));
    }

    fn line(&mut self, text: &str) {
        let indent = self.indent * 2;
        let _ = writeln!(self.lines, "{:indent$}{text}", ""); // writing to a text does not fail
    }
}
