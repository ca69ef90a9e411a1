//! One way to create, open, hand on and remove what handles stand for.

mod methods;

use core::fmt;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ringway_segment::attachment::Attachment;
use ringway_segment::directory::{Object, ObjectInfo, Wanted, objects};
use ringway_segment::error::{CreateError, OpenError, RemoveError};
use ringway_segment::lives;
use ringway_segment::place::Place;
use ringway_segment::segment::Segment;
use ringway_segment::spec::SegmentSpec;
use ringway_segment::waiting::Until;

pub(crate) use self::methods::{handle_methods, object_methods};
use crate::context::Context;
use crate::options::Options;

/// How often an opener meets a name that is being removed before it says so.
const REMOVALS: u32 = 20;
/// How soon an opener that waits for a name looks again: twice as late each time.
const FIRST_PAUSE: Duration = Duration::from_micros(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

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
    /// Has the name go with the last clone of this handle.
    #[doc(hidden)]
    fn remove_on_drop(&mut self);
}

/// A handle of an object, which may lie in a [`Context`]. It cannot be implemented outside of this
/// crate.
pub trait ObjectHandle: OfObject + Sized {
    /// How texts call it: the name of its kind in the directory.
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
    /// What of its options goes along when it is handed to a process, and what keeps it open.
    #[doc(hidden)]
    fn luggage(&self) -> Luggage
    where
        Self: OfObject,
    {
        Luggage { only_gets: false, keeper: Arc::<Attachment>::clone(self.object().attachment()) }
    }
    /// The options with that.
    #[doc(hidden)]
    fn only_getting(options: Options<Self>) -> Options<Self> {
        options
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

/// What [`object_methods`] know of a handle: the object that it stands for.
pub trait OfObject {
    /// The object in its directory.
    fn object(&self) -> &Object;
}

/// What goes along with a handle that is handed to a process.
pub struct Luggage {
    /// Whether it may only take out.
    pub(crate) only_gets: bool,
    /// Keeps this process among the users of the object until the child is one.
    pub(crate) keeper: Arc<dyn Send + Sync>,
}

impl<O: ObjectHandle> Handle for O {
    const NAME: &'static str = O::NAME;
    type Spec = O::Spec;

    fn spec() -> O::Spec {
        O::spec()
    }
    fn segment(options: &Options<Self>, label: &str) -> Result<SegmentSpec, CreateError> {
        let segment = options.segment.spec();
        let space = O::bytes(options, label, segment.participants)?;
        Ok(SegmentSpec { objects: 1, space, ..segment })
    }
    fn make(at: &Arc<Attachment>, label: &str, o: &Options<Self>) -> Result<Self, CreateError> {
        O::create(at, label, "", o)
    }
    fn check(segment: &Segment, label: &str, o: &Options<Self>) -> Result<(), OpenError> {
        O::check(segment, Wanted::Only, label, o)?;
        // What is of another kind is told as that, by `find`.
        let is_meant = |first: &ObjectInfo| first.kind.name() == O::NAME;
        match objects(segment).first().is_some_and(is_meant) {
            true => o.compare_segment(segment, label),
            false => Ok(()),
        }
    }
    fn find(at: &Arc<Attachment>, label: &str, o: &Options<Self>) -> Result<Self, OpenError> {
        O::open(at, Wanted::Only, label, o)
    }
    fn remove_on_drop(&mut self) {
        self.object().remove_on_drop();
    }
}

/// Creates what is alone in a segment. It appears whole or not at all.
pub(crate) fn create<H: Handle>(place: &Place, options: &Options<H>) -> Result<H, CreateError> {
    let label = place.label(H::NAME);
    let segment = H::segment(options, &label)?;
    loop {
        match create_once(place, &label, &segment, options) {
            Err(CreateError::AlreadyExists { .. }) if makes_way(place, &label, options)? => {}
            created => return created,
        }
    }
}

fn create_once<H: Handle>(
    place: &Place,
    label: &str,
    segment: &SegmentSpec,
    options: &Options<H>,
) -> Result<H, CreateError> {
    let unpublished = Attachment::create(place, label, segment)?;
    let mut handle = H::make(unpublished.attachment(), label, options)?;
    unpublished.publish()?;
    if options.segment.remove_on_drop {
        handle.remove_on_drop();
    }
    Ok(handle)
}

/// Removes what has the name, if it is to go by itself or may be replaced.
fn makes_way<H: Handle>(
    place: &Place,
    label: &str,
    options: &Options<H>,
) -> Result<bool, CreateError> {
    lives::make_way(place, label, options.trust, options.replaces).map_err(|error| {
        let (name, action) = (label.to_owned(), "remove what is left of an earlier one");
        CreateError::Io { name, action, source: error.source }
    })
}

/// Opens what is alone in the segment at `place`.
pub(crate) fn open<H: Handle>(place: &Place, options: &Options<H>) -> Result<H, OpenError> {
    let label = place.label(H::NAME);
    let check = |segment: &_| H::check(segment, &label, options);
    H::find(&Attachment::open(place, &label, options.trust, check)?, &label, options)
}

/// Whether there may be one soon: none is there, or it is not whole yet, as on the portable path.
fn may_appear(error: &OpenError) -> bool {
    match error {
        OpenError::NotFound { .. } | OpenError::Removed { .. } => true,
        OpenError::Refused { field: "the magic number", found, .. } => found == "0x0",
        OpenError::Refused { field: "the size of the file", found, .. } => found == "0",
        _ => false,
    }
}

/// Opens it as soon as there is one.
pub(crate) fn open_until<H: Handle>(
    place: &Place,
    options: &Options<H>,
    until: Until,
) -> Result<H, OpenError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match open(place, options) {
            Err(error) if may_appear(&error) && !until.has_passed() => {
                std::thread::sleep(until.at_most(pause));
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            opened => return opened,
        }
    }
}

/// Opens it, or creates it. Others may be faster at either step.
pub(crate) fn open_or_create<H: Handle>(
    place: &Place,
    options: &Options<H>,
) -> Result<H, CreateError> {
    let mut removals = 0;
    if options.replaces {
        makes_way(place, &place.label(H::NAME), options)?;
    }
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
    let label = context.label_of(O::NAME, name);
    options.check_for_context(&label)?;
    let object = O::create(context.attachment(), &label, name, options)?;
    if options.segment.remove_on_drop {
        object.object().remove_on_drop();
    }
    Ok(object)
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
