//! What an operator does to a segment. For that, this process takes part in it for a moment.

use crate::attachment::Attachment;
use crate::directory::{Object, ObjectInfo, Wanted};
use crate::error::OpenError;
use crate::place::{Place, printable};
use crate::recovery::{self, Recovered};
use crate::segment::Trust;

/// Takes back what dead participants own in all objects of a segment, and finishes what they had
/// begun to make or to clear.
///
/// # Errors
/// [`OpenError`]; [`OpenError::Segment`] if an object is damaged. The others were reclaimed then.
pub fn recover(place: &Place, trust: Trust) -> Result<Recovered, OpenError> {
    let label = place.label("segment");
    let at = Attachment::open(place, &label, trust, |_| Ok(()))?;
    recovery::recover(&at).map_err(|source| OpenError::Segment { name: label, source })
}

/// Removes the name of an object within its segment. Processes that have it open go on using it.
/// Returns whether the name still stood for it.
///
/// # Errors
/// [`OpenError`]; then nothing has changed.
pub fn remove_object(place: &Place, trust: Trust, object: &ObjectInfo) -> Result<bool, OpenError> {
    let (kind, name) = (object.kind, &object.name);
    let label = format!("{} '{}' of {}", kind.name(), printable(name), place.label("context"));
    let at = Attachment::open(place, &label, trust, |_| Ok(()))?;
    let (opened, found) = Object::open(&at, Wanted::Named(name), kind, &label)?;
    if (found.entry, found.generation) != (object.entry, object.generation) {
        return Ok(false);
    }
    opened.remove().map_err(|error| OpenError::Io {
        name: label.clone(),
        action: "remove the name",
        source: error.source,
    })
}
