//! One way to create, open, hand on and remove what handles stand for.

mod methods;

use core::fmt;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use ringway_segment::attachment::Attachment;
use ringway_segment::directory::{Object, Wanted};
use ringway_segment::error::{CreateError, OpenError, RemoveError};
use ringway_segment::place::Place;
use ringway_segment::segment::Segment;
use ringway_segment::spec::SegmentSpec;

pub(crate) use self::methods::{handle_methods, object_methods};
use crate::context::Context;
use crate::options::Options;

/// How often an opener meets a name that is being removed before it says so.
const REMOVALS: u32 = 20;

/// What [`Options`] create and open: an object, or a [`Context`]. It cannot be implemented outside
/// of this crate.
pub trait Handle: Sized {
    /// How texts call it.
    #[doc(hidden)]
    const NAME: &'static str;
    /// What of the options is for this kind alone.
    #[doc(hidden)]
    type Spec: Clone + fmt::Debug;

    /// What is meant if nothing is said.
    #[doc(hidden)]
    fn spec() -> Self::Spec;
    /// The segment to be made.
    #[doc(hidden)]
    fn segment(options: &Options<Self>, label: &str) -> Result<SegmentSpec, CreateError>;
    /// Makes it in a new segment that only this process sees.
    #[doc(hidden)]
    fn make(at: &Arc<Attachment>, label: &str, o: &Options<Self>) -> Result<Self, CreateError>;
    /// Looks whether it is what it must be, before this process changes a word there. What this
    /// cannot tell is left to `find`.
    #[doc(hidden)]
    fn check(segment: &Segment, label: &str, o: &Options<Self>) -> Result<(), OpenError>;
    /// Opens what is alone in a segment.
    #[doc(hidden)]
    fn find(at: &Arc<Attachment>, label: &str, o: &Options<Self>) -> Result<Self, OpenError>;
}

/// A handle of an object, which may lie in a [`Context`]. It cannot be implemented outside of this
/// crate.
pub trait ObjectHandle: Sized {
    /// How texts call it.
    #[doc(hidden)]
    const NAME: &'static str;
    /// What of the options is for this kind alone.
    #[doc(hidden)]
    type Spec: Clone + fmt::Debug;

    /// What is meant if nothing is said.
    #[doc(hidden)]
    fn spec() -> Self::Spec;
    /// Bytes of its body in a segment of that many participants.
    #[doc(hidden)]
    fn bytes(options: &Options<Self>, label: &str, participants: u32) -> Result<u64, CreateError>;
    /// Makes one under a name in a segment; the name is empty for an object alone there.
    #[doc(hidden)]
    fn create(
        at: &Arc<Attachment>,
        label: &str,
        name: &str,
        options: &Options<Self>,
    ) -> Result<Self, CreateError>;
    /// Looks whether the one in a segment is what it must be, before this process changes a word
    /// there. What it cannot tell is left to `open`.
    #[doc(hidden)]
    fn check(
        _segment: &Segment,
        _wanted: Wanted<'_>,
        _label: &str,
        _options: &Options<Self>,
    ) -> Result<(), OpenError> {
        Ok(())
    }
    /// Opens one in a segment.
    #[doc(hidden)]
    fn open(
        at: &Arc<Attachment>,
        wanted: Wanted<'_>,
        label: &str,
        options: &Options<Self>,
    ) -> Result<Self, OpenError>;
}

impl<O: ObjectHandle> Handle for O {
    const NAME: &'static str = O::NAME;
    type Spec = O::Spec;

    fn spec() -> O::Spec {
        O::spec()
    }
    fn segment(options: &Options<Self>, label: &str) -> Result<SegmentSpec, CreateError> {
        let segment = options.segment.clone();
        let space = O::bytes(options, label, segment.participants)?;
        Ok(SegmentSpec { objects: 1, space, ..segment })
    }
    fn make(at: &Arc<Attachment>, label: &str, o: &Options<Self>) -> Result<Self, CreateError> {
        O::create(at, label, "", o)
    }
    fn check(segment: &Segment, label: &str, o: &Options<Self>) -> Result<(), OpenError> {
        O::check(segment, Wanted::Only, label, o)
    }
    fn find(at: &Arc<Attachment>, label: &str, o: &Options<Self>) -> Result<Self, OpenError> {
        O::open(at, Wanted::Only, label, o)
    }
}

/// Creates what is alone in a segment. It appears whole or not at all.
pub(crate) fn create<H: Handle>(place: &Place, options: &Options<H>) -> Result<H, CreateError> {
    let label = place.label(H::NAME);
    let unpublished = Attachment::create(place, &label, &H::segment(options, &label)?)?;
    let handle = H::make(unpublished.attachment(), &label, options)?;
    unpublished.publish()?;
    Ok(handle)
}

/// Opens what is alone in the segment at `place`.
pub(crate) fn open<H: Handle>(place: &Place, options: &Options<H>) -> Result<H, OpenError> {
    let label = place.label(H::NAME);
    let check = |segment: &_| H::check(segment, &label, options);
    H::find(&Attachment::open(place, &label, options.trust, check)?, &label, options)
}

/// Opens it, or creates it. Others may be faster at either step.
pub(crate) fn open_or_create<H: Handle>(
    place: &Place,
    options: &Options<H>,
) -> Result<H, CreateError> {
    let mut removals = 0;
    loop {
        match open(place, options) {
            Ok(handle) => return Ok(handle),
            Err(OpenError::NotFound { .. } | OpenError::Nameless { .. }) => {}
            // A name that stays marked is that of a remover which was stopped.
            Err(OpenError::Removed { .. }) if removals < REMOVALS => {
                removals += 1;
                std::thread::yield_now();
            }
            Err(error) => return Err(CreateError::Open(error)),
        }
        match create(place, options) {
            Err(CreateError::AlreadyExists { .. }) => {}
            created => return created,
        }
    }
}

/// Opens what is alone in the segment behind a descriptor.
pub(crate) fn open_fd<H: Handle>(fd: BorrowedFd<'_>, options: &Options<H>) -> Result<H, OpenError> {
    let label = Place::Unnamed.label(H::NAME);
    let check = |segment: &_| H::check(segment, &label, options);
    H::find(&Attachment::open_descriptor(fd, &label, options.trust, check)?, &label, options)
}

/// Creates an object in a context.
pub(crate) fn create_in<O: ObjectHandle>(
    context: &Context,
    name: &str,
    options: &Options<O>,
) -> Result<O, CreateError> {
    if name.is_empty() {
        let reason = "it is empty";
        return Err(CreateError::BadName { name: String::new(), reason });
    }
    O::create(context.attachment(), &context.label_of(O::NAME, name), name, options)
}

/// Opens an object of a context.
pub(crate) fn open_in<O: ObjectHandle>(
    context: &Context,
    name: &str,
    options: &Options<O>,
) -> Result<O, OpenError> {
    let (label, wanted) = (context.label_of(O::NAME, name), Wanted::Named(name));
    O::check(context.attachment().segment(), wanted, &label, options)?;
    O::open(context.attachment(), wanted, &label, options)
}

/// Opens an object of a context, or creates it.
pub(crate) fn open_or_create_in<O: ObjectHandle>(
    context: &Context,
    name: &str,
    options: &Options<O>,
) -> Result<O, CreateError> {
    loop {
        match open_in(context, name, options) {
            Err(OpenError::NotFound { .. }) => {}
            other => return other.map_err(CreateError::Open),
        }
        match create_in(context, name, options) {
            Err(CreateError::AlreadyExists { .. }) => {}
            created => return created,
        }
    }
}

/// A descriptor that child processes inherit.
pub(crate) fn inheritable_fd(attachment: &Attachment, label: &str) -> io::Result<OwnedFd> {
    attachment.enter().map_err(|error| io::Error::other(format!("{label}: {error}")))?;
    if attachment.segment().file().is_none() {
        let text = format!(
            "{label} is of this process alone; create it at `Place::Unnamed` to hand it on"
        );
        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
    }
    attachment.inheritable_fd().map_err(|error| {
        let text = format!("{label}: cannot make a descriptor to inherit: {error}");
        io::Error::new(error.kind(), text)
    })
}

/// Removes the name of an object. Processes that have it open go on using it.
pub(crate) fn remove(object: &Object) -> Result<bool, RemoveError> {
    may_remove(object.attachment())?;
    object.remove()
}

/// Refuses to remove what is the parent's of a forked child.
pub(crate) fn may_remove(attachment: &Attachment) -> Result<(), RemoveError> {
    let refused = |error| RemoveError {
        path: attachment.segment().path().unwrap_or(Path::new("an object without a name")).into(),
        owner: None,
        source: io::Error::other(error),
    };
    attachment.enter().map(drop).map_err(refused)
}
