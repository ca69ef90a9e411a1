//! Looking at a segment from outside, without taking part in it.

mod accounts;
mod entries;
mod facts;
mod holdings;
mod mend;
mod participants;
mod snapshot;
mod users;

pub use self::accounts::{Accounts, accounts};
pub use self::entries::{Step, Unsettled, damaged_entries, unsettled};
pub use self::facts::{Content, Facts, ObjectFacts, facts, is_attended};
pub use self::holdings::{Holding, Holdings};
pub use self::mend::{recover, remove_object};
pub use self::participants::{ParticipantInfo, participants};
pub use self::snapshot::{Holder, LockSnapshot, Snapshot, lock_snapshot, schema, snapshot};
pub use self::users::users;
use crate::directory::{self, Kind, ObjectInfo};
use crate::error::{OpenError, SegmentError};
use crate::objects::channel::{self, Parts};
use crate::place::Place;
use crate::segment::{Segment, Trust};

/// Opens a segment to look at it. No participant entry is taken.
///
/// # Errors
/// [`OpenError`].
pub fn open(place: &Place, trust: Trust) -> Result<Segment, OpenError> {
    Segment::open(place, &place.label("segment"), trust)
}

/// A queue of a segment, to be looked at.
pub(crate) struct QueueView {
    pub(crate) parts: Parts,
}

/// The only queue of a segment, or the one that is meant.
pub(crate) fn queue(segment: &Segment, info: &ObjectInfo) -> Result<QueueView, SegmentError> {
    Ok(QueueView { parts: channel::parts_of(segment, info)? })
}

/// The first object of that kind.
#[must_use]
pub fn first(segment: &Segment, kind: Kind) -> Option<ObjectInfo> {
    directory::objects(segment).into_iter().find(|object| object.kind == kind)
}
