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
    /// What its last clone removes.
    name: Option<Arc<NameOnLoan>>,
}

/// A name that goes with its creator.
struct NameOnLoan(Arc<Attachment>);

impl Drop for NameOnLoan {
    fn drop(&mut self) {
        // A forked child leaves the name to its parent; if the system refuses, it stays.
        if self.0.enter().is_ok() {
            let _ = remove::remove(self.0.segment());
        }
    }
}

/// How to create or open a context.
pub type ContextOptions = Options<Context>;

/// How large a new context shall be.
#[derive(Debug, Clone)]
pub struct ContextSpec {
    objects: Option<u32>,
    space: Option<u64>,
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
        self.spec.objects = Some(objects);
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
        self.spec.space = Some(bytes);
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
    ///
    /// ```
    /// # use ringway::{Context, Lock};
    /// let context = Context::unnamed()?;
    /// let lock = Lock::create_in(&context, "till")?;
    /// let names: Vec<String> = context.objects().into_iter().map(|one| one.name).collect();
    /// assert_eq!(names, ["till"]);
    /// # Ok::<(), ringway::CreateError>(())
    /// ```
    #[must_use]
    pub fn objects(&self) -> Vec<ObjectInfo> {
        objects(self.attachment.segment())
    }

    /// Removes its name. Processes that have it open go on using it. Returns whether the name still
    /// stood for it.
    ///
    /// ```
    /// # use ringway::Context;
    /// # let name = &format!("doc-context-remove-{}", std::process::id());
    /// let context = Context::create(name)?;
    /// assert!(context.remove()?);
    /// assert!(Context::open(name).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
        ContextSpec { objects: None, space: None }
    }
    fn segment(options: &ContextOptions, _label: &str) -> Result<SegmentSpec, CreateError> {
        let ContextSpec { objects, space } = options.spec;
        let (objects, space) = (objects.unwrap_or(256), space.unwrap_or(64 << 30));
        Ok(SegmentSpec { objects, space, ..options.segment.spec() })
    }
    fn make(at: &Arc<Attachment>, label: &str, _: &ContextOptions) -> Result<Self, CreateError> {
        Ok(Self { attachment: Arc::clone(at), label: label.into(), name: None })
    }
    fn check(segment: &Segment, label: &str, options: &Options<Self>) -> Result<(), OpenError> {
        // The segment of an object alone is no context.
        if let Some(alone) = objects(segment).iter().find(|one| one.name.is_empty()) {
            return Err(OpenError::Refused {
                name: label.to_owned(),
                field: "the segment",
                found: format!("that of a single {}", alone.kind.name()),
                expected: "that of a context".to_owned(),
            });
        }
        let (there, measures) = (options.comparison(label), segment.frame().measures);
        there.same("objects", options.spec.objects, measures.objects)?;
        there.same("space", options.spec.space, measures.space)?;
        options.compare_segment(segment, label)
    }
    fn find(at: &Arc<Attachment>, label: &str, _: &ContextOptions) -> Result<Self, OpenError> {
        Ok(Self { attachment: Arc::clone(at), label: label.into(), name: None })
    }
    fn remove_on_drop(&mut self) {
        self.name = Some(Arc::new(NameOnLoan(Arc::clone(&self.attachment))));
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({})", self.label)
    }
}
