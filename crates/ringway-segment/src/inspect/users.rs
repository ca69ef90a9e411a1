//! Which participants have which object open.

use core::sync::atomic::Ordering::SeqCst;

use super::{ParticipantInfo, participants};
use crate::directory::{ObjectInfo, UserWord};
use crate::segment::Segment;

/// The participants of a segment that have this object open.
#[must_use]
pub fn users(segment: &Segment, object: &ObjectInfo) -> Vec<ParticipantInfo> {
    let is_user = |participant: &ParticipantInfo| {
        let word = UserWord(segment.user(object.entry, participant.index).load(SeqCst)); // pairs with: user
        word.roles() != 0
            && word.object() == object.generation as u16
            && participant.has_generation(word.participant(), 40)
    };
    participants(segment).into_iter().filter(is_user).collect()
}
