//! One way to create, open, hand on and remove an object of any kind.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use ringway_segment::attachment::Attachment;
use ringway_segment::directory::{Object, Wanted};
use ringway_segment::error::{CreateError, OpenError, RemoveError};
use ringway_segment::place::Place;
use ringway_segment::segment::{Segment, Trust};
use ringway_segment::spec::SegmentSpec;

/// How often an opener meets a name that is being removed before it says so.
const REMOVALS: u32 = 20;

/// A kind of object, as handles see it.
pub(crate) trait Kind: Sized {
    /// How texts call it.
    const NAME: &'static str;
    /// What a new one shall be, and an existing one must be.
    type Spec;

    /// Bytes of its body in a segment of that many participants.
    fn bytes(spec: &Self::Spec, label: &str, participants: u32) -> Result<u64, CreateError>;
    /// Makes one under a name in a segment; the name is empty for an object alone there.
    fn create(
        at: &Arc<Attachment>,
        label: &str,
        name: &str,
        spec: &Self::Spec,
    ) -> Result<Self, CreateError>;
    /// Looks whether the one in a segment is what it must be, before this process changes a word
    /// there. What it cannot tell is left to `open`.
    fn check(
        _segment: &Segment,
        _wanted: Wanted<'_>,
        _label: &str,
        _spec: &Self::Spec,
    ) -> Result<(), OpenError> {
        Ok(())
    }
    /// Opens one in a segment.
    fn open(
        at: &Arc<Attachment>,
        wanted: Wanted<'_>,
        label: &str,
        spec: &Self::Spec,
    ) -> Result<Self, OpenError>;
}

/// Creates an object alone in a segment. It appears whole or not at all.
pub(crate) fn create<K: Kind>(
    place: &Place,
    segment: &SegmentSpec,
    spec: &K::Spec,
) -> Result<K, CreateError> {
    let label = place.label(K::NAME);
    let space = K::bytes(spec, &label, segment.participants)?;
    let segment = SegmentSpec { objects: 1, space, ..segment.clone() };
    let unpublished = Attachment::create(place, &label, &segment)?;
    let object = K::create(unpublished.attachment(), &label, "", spec)?;
    unpublished.publish()?;
    Ok(object)
}

/// Opens the object that is alone in the segment at `place`.
pub(crate) fn open<K: Kind>(place: &Place, trust: Trust, spec: &K::Spec) -> Result<K, OpenError> {
    let label = place.label(K::NAME);
    let check = |segment: &_| K::check(segment, Wanted::Only, &label, spec);
    K::open(&Attachment::open(place, &label, trust, check)?, Wanted::Only, &label, spec)
}

/// Opens the object, or creates it. Others may be faster at either step.
pub(crate) fn open_or_create<K: Kind>(
    place: &Place,
    trust: Trust,
    segment: &SegmentSpec,
    spec: &K::Spec,
) -> Result<K, CreateError> {
    let mut removals = 0;
    loop {
        match open(place, trust, spec) {
            Ok(object) => return Ok(object),
            Err(OpenError::NotFound { .. } | OpenError::Nameless { .. }) => {}
            // A name that stays marked is that of a remover which was stopped.
            Err(OpenError::Removed { .. }) if removals < REMOVALS => {
                removals += 1;
                std::thread::yield_now();
            }
            Err(error) => return Err(CreateError::Open(error)),
        }
        match create(place, segment, spec) {
            Err(CreateError::AlreadyExists { .. }) => {}
            created => return created,
        }
    }
}

/// Opens the object that is alone in the segment behind a descriptor.
pub(crate) fn open_fd<K: Kind>(
    fd: BorrowedFd<'_>,
    trust: Trust,
    spec: &K::Spec,
) -> Result<K, OpenError> {
    let label = Place::Unnamed.label(K::NAME);
    let check = |segment: &_| K::check(segment, Wanted::Only, &label, spec);
    K::open(&Attachment::open_descriptor(fd, &label, trust, check)?, Wanted::Only, &label, spec)
}

/// A descriptor that child processes inherit.
pub(crate) fn inheritable_fd(object: &Object) -> io::Result<OwnedFd> {
    let attachment = object.attachment();
    let label = object.label();
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
