//! Contexts: several objects in one segment.

use core::fmt;
use std::sync::Arc;

use ringway_segment::attachment::Attachment;
use ringway_segment::directory::{ObjectInfo, objects};
use ringway_segment::error::{CreateError, OpenError, RemoveError};
use ringway_segment::place::printable;
use ringway_segment::segment::{Segment, remove};
use ringway_segment::spec::SegmentSpec;

use crate::handle::{self, Handle, handle_methods};
use crate::handover::{Handed, can_be_handed};
use crate::options::Options;

/// A segment that holds several objects under names of their own.
///
/// A process that opens a context takes one entry of its participant table, one descriptor and one
/// mapping, however many objects it uses. Objects go when they have been removed and their last
/// user has closed them; all of them go with the context.
///
/// When a process dies, whatever it held in any object of the context is taken back at once.
///
/// ```
/// use ringway::{Context, Lock, Queue};
/// # let name = &format!("doc-context-{}", std::process::id());
///
/// let context = Context::create(name)?;
/// let jobs = Queue::<u32>::options().maxsize(3).create_in(&context, "jobs")?;
/// let print = Lock::create_in(&context, "print")?;
///
/// // ... and in any other process:
/// let same = Context::open(name)?;
/// let print = Lock::open_in(&same, "print")?;
/// let guard = print.acquire()?;
/// # drop(guard);
/// # context.remove()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Context {
    attachment: Arc<Attachment>,
    label: Arc<str>,
}

/// How to create or open a context.
pub type ContextOptions = Options<Context>;

/// How large a new context shall be.
#[derive(Debug, Clone)]
pub struct ContextSpec {
    objects: u32,
    space: u64,
}

/// What of them is for contexts alone.
impl Options<Context> {
    /// How many objects it can hold at once: 1 to 4,096, by default 256.
    ///
    /// ```
    /// # use ringway::{Context, CreateError, Lock, Place};
    /// let context = Context::options().objects(1).create(Place::Unnamed)?;
    /// let _lock = Lock::create_in(&context, "first")?;
    /// let full = Lock::create_in(&context, "second");
    /// assert!(matches!(full, Err(CreateError::ContextFull { .. })));
    /// # Ok::<(), CreateError>(())
    /// ```
    pub fn objects(mut self, objects: u32) -> Self {
        self.spec.objects = objects;
        self
    }

    /// Bytes of address space for all objects together, by default 64 GiB. Memory is taken as it is
    /// used.
    ///
    /// ```
    /// # use ringway::{Context, Place};
    /// let context = Context::options().space(1 << 20).create(Place::Unnamed)?;
    /// # Ok::<(), ringway::CreateError>(())
    /// ```
    pub fn space(mut self, bytes: u64) -> Self {
        self.spec.space = bytes;
        self
    }
}

handle_methods! {
    [] Context,
    "context", "Context";
    [];
    |context| (&context.attachment, &context.label, context.attachment.segment().place().name())
}

can_be_handed! {
    [] Context, "context", |context| Handed::context(&context.attachment, &context.label), open_context
}

impl Context {
    /// The objects in it, in the order of their entries.
    #[must_use]
    pub fn objects(&self) -> Vec<ObjectInfo> {
        objects(self.attachment.segment())
    }

    /// Removes its name. Processes that have it open go on using it. Returns whether the name still
    /// stood for it.
    ///
    /// # Errors
    /// [`RemoveError`] when the system refuses, and in a forked child: then nothing has changed.
    pub fn remove(&self) -> Result<bool, RemoveError> {
        handle::may_remove(&self.attachment)?;
        remove::remove(self.attachment.segment())
    }

    pub(crate) fn attachment(&self) -> &Arc<Attachment> {
        &self.attachment
    }

    /// What errors call an object in it.
    pub(crate) fn label_of(&self, kind: &str, name: &str) -> String {
        format!("{kind} '{}' of {}", printable(name), self.label)
    }
}

impl Handle for Context {
    const NAME: &'static str = "context";
    type Spec = ContextSpec;

    fn spec() -> ContextSpec {
        ContextSpec { objects: 256, space: 64 << 30 }
    }
    fn segment(options: &ContextOptions, _label: &str) -> Result<SegmentSpec, CreateError> {
        let ContextSpec { objects, space } = options.spec;
        Ok(SegmentSpec { objects, space, ..options.segment.clone() })
    }
    fn make(at: &Arc<Attachment>, label: &str, _: &ContextOptions) -> Result<Self, CreateError> {
        Ok(Self { attachment: Arc::clone(at), label: label.into() })
    }
    fn check(segment: &Segment, label: &str, _: &ContextOptions) -> Result<(), OpenError> {
        // The segment of an object alone is no context.
        let Some(alone) = objects(segment).into_iter().find(|one| one.name.is_empty()) else {
            return Ok(());
        };
        Err(OpenError::Refused {
            name: label.to_owned(),
            field: "the segment",
            found: format!("that of a single {}", alone.kind.name()),
            expected: "that of a context".to_owned(),
        })
    }
    fn find(at: &Arc<Attachment>, label: &str, _: &ContextOptions) -> Result<Self, OpenError> {
        Ok(Self { attachment: Arc::clone(at), label: label.into() })
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({})", self.label)
    }
}
