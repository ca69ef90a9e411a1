//! The kinds of objects: the layout of each one's body, its operations, and how it is reclaimed.
//!
//! A new kind is a file here, a number in [`Kind`], and an arm in each of
//! the functions below.

pub mod channel;
pub mod lock;

use crate::attachment::Attachment;
use crate::directory::{Kind, ObjectInfo};
use crate::error::SegmentError;
use crate::recovery::{Gone, Recovered};
use crate::segment::Segment;

/// Takes back what owners who are gone left in an object.
pub(crate) fn reclaim(
    at: &Attachment,
    object: &ObjectInfo,
    gone: &Gone<'_>,
) -> Result<Recovered, SegmentError> {
    match object.kind {
        Kind::Queue => channel::reclaim(at, object, gone),
        Kind::Lock => Ok(lock::reclaim(at.segment(), object, gone)),
    }
}

/// Whether a death may bring the end of an object about.
pub(crate) fn may_settle(object: &ObjectInfo) -> bool {
    object.kind == Kind::Queue && object.features & channel::layout::FEATURE_ENDS != 0
}

/// Draws the conclusions from a death, once an object was reclaimed.
pub(crate) fn settle(segment: &Segment, object: &ObjectInfo) -> Result<(), SegmentError> {
    match object.kind {
        Kind::Queue => channel::settle(segment, object),
        Kind::Lock => Ok(()),
    }
}

/// Wakes every sleeper of an object: a wake may have gone to a participant that died.
pub(crate) fn wake_everybody(segment: &Segment, object: &ObjectInfo) {
    match object.kind {
        Kind::Queue => channel::wake_everybody(segment, object),
        Kind::Lock => lock::wake_everybody(segment, object),
    }
}
