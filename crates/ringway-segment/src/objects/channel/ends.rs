//! The end of a queue with its putters: it is shut down when the last of them has closed it or died.
//!
//! User words tell which participants put; a word counts as long as its participant lives, and a
//! pass of recovery clears those of the dead. That no putter is left, and that the queue ends, are
//! two steps, and a putter may join in between. So each putter adds to a count once its user word is
//! set, and the queue ends by a CAS from the count that was loaded before the words: it fails if a
//! putter has joined since. A putter that joins later finds that the queue has ended.
//!
//! Ordering pair `putters`: the store of a user word and then the addition, against the load of the
//! count, the loads of the words and then the CAS, all SeqCst.
//!
//! Any process that finds the end decided closes the ring, so that a death after the CAS leaves no
//! queue open. Three look: a putter that closes its handle, between two steps of giving up its user
//! word, so that a death there leaves a word for a pass; a pass, once it has reclaimed the object;
//! and a getter that waits, each time before it sleeps, in case a putter is stopped as it closes.

use core::sync::atomic::Ordering::SeqCst;

use ringway_core::ring::Hints;

use super::{Channel, Parts, parts_of, wake_all};
use crate::directory::{ObjectInfo, ROLE_GETTER, ROLE_PUTTER, has_users_as, life_of};
use crate::error::SegmentError;
use crate::segment::Segment;

/// The queue has ended.
const ENDED: u64 = 1;
/// One more putter has joined.
const JOINED: u64 = 2;

/// What a handle of a queue is for.
///
/// It matters in a queue that is shut down when its last putter is gone: there a handle counts as a
/// putter unless it is a getter only. A getter's puts are refused; a putter may get as well. See
/// `QueueOptions::role`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub enum Role {
    /// Putting and getting.
    #[default]
    Both,
    /// Putting.
    Putter,
    /// Getting.
    Getter,
}

impl Role {
    /// As in a user word.
    pub(super) const fn bits(self) -> u8 {
        match self {
            Self::Both => ROLE_PUTTER | ROLE_GETTER,
            Self::Putter => ROLE_PUTTER,
            Self::Getter => ROLE_GETTER,
        }
    }
}

impl Channel {
    /// Counts this handle, whose user word is set.
    pub(super) fn join(&self, role: Role) -> Result<(), SegmentError> {
        if !self.ends || role == Role::Getter {
            return Ok(());
        }
        let before = self.words().putters.word.fetch_add(JOINED, SeqCst); // putters
        if before & ENDED != 0 { close(&self.parts) } else { Ok(()) }
    }

    /// Ends the role of this handle as a putter, while its process still uses the queue.
    pub(super) fn part(&mut self) {
        if self.ends && self.may_put() {
            self.object.give_up_roles(ROLE_PUTTER);
            let _ = self.end_if_over(); // damage is met by those who go on
        }
    }

    /// Shuts the queue down if it ends with its putters and they are gone.
    pub(super) fn end_if_over(&self) -> Result<(), SegmentError> {
        if !self.ends {
            return Ok(());
        }
        end_if_over(&self.parts, || self.object.has_users_as(ROLE_PUTTER))
    }
}

/// The same for a pass of recovery that has reclaimed the queue.
pub(crate) fn settle(segment: &Segment, object: &ObjectInfo) -> Result<(), SegmentError> {
    let life = life_of(segment, object.entry);
    if life.generation() != object.generation {
        return Ok(()); // it is over
    }
    let parts = parts_of(segment, object)?;
    end_if_over(&parts, || has_users_as(segment, object.entry, life, ROLE_PUTTER))
}

fn end_if_over(parts: &Parts, has_putters: impl Fn() -> bool) -> Result<(), SegmentError> {
    let word = &parts.words().putters.word;
    let mut seen = word.load(SeqCst); // pairs with: putters
    while seen & ENDED == 0 {
        // A queue that has not had one waits for the first.
        if seen == 0 || has_putters() {
            return Ok(());
        }
        // putters
        match word.compare_exchange(seen, seen | ENDED, SeqCst, SeqCst) {
            Ok(_) => break,
            Err(now) => seen = now,
        }
    }
    close(parts)
}

/// Closes the ring of a queue that has ended, if that has not been done yet.
fn close(parts: &Parts) -> Result<(), SegmentError> {
    let ring = parts.messages();
    if !ring.is_closed()? {
        ring.close(&Hints::default())?;
        wake_all(parts);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use core::ops::ControlFlow;
    use std::sync::Arc;

    use super::*;
    use crate::attachment::Attachment;
    use crate::directory::Wanted;
    use crate::objects::channel::{ChannelSpec, Side};
    use crate::place::Place;
    use crate::segment::Trust;
    use crate::spec::SegmentSpec;
    use crate::waiting::{Until, WaitStrategy, Waiter};

    fn ending() -> (Arc<Attachment>, Channel) {
        let spec = ChannelSpec {
            maxsize: 3,
            max_message: 64,
            loans: 1,
            returns: false,
            ends: true,
            fingerprint: 0,
            schema: String::new(),
            prefault: false,
        };
        let space = spec.geometry("queue", 3).expect("a geometry").total_bytes;
        let segment = SegmentSpec { participants: 3, space, ..SegmentSpec::default() };
        let made = Attachment::create(&Place::Unnamed, "queue", &segment).expect("a segment");
        let at = made.publish().expect("no name");
        let getter = Channel::create(&at, "queue", "", &spec, Role::Getter).expect("a queue");
        (at, getter)
    }

    /// By a participant of its own.
    fn putter(of: &Attachment) -> Channel {
        let fd = of.segment().descriptor_fd().expect("a descriptor");
        let at = Attachment::open_descriptor(fd, "queue", Trust::default(), |_| Ok(()));
        let at = at.expect("the segment");
        Channel::open(&at, Wanted::Only, "queue", Role::Putter).expect("the queue").0
    }

    #[test]
    fn a_getter_that_waits_finds_the_end_that_a_stopped_putter_has_brought_about() {
        let (at, getter) = ending();
        let mut stopped = putter(&at);
        stopped.object.give_up_roles(ROLE_PUTTER); // and no step further
        assert!(!getter.is_shut_down().unwrap());
        let attempt = || {
            let is_over = getter.is_shut_down()?;
            Ok(if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        let (awaited, strategy) = (Side::NotEmpty(&getter), WaitStrategy::Park);
        let (attachment, until) = (&*at, Until::Forever);
        Waiter { attachment, awaited, strategy, until, is_interruptible: false }
            .wait(attempt)
            .unwrap();
    }

    #[test]
    fn a_putter_that_finds_the_end_decided_closes_the_ring() {
        let (at, getter) = ending();
        drop(putter(&at));
        let (_, undone) = ending();
        // The process that decided it has died before it could.
        undone.words().putters.word.store(JOINED | ENDED, SeqCst);
        assert!(getter.is_shut_down().unwrap() && !undone.is_shut_down().unwrap());
        let _late = putter(undone.attachment());
        assert!(undone.is_shut_down().unwrap());
    }

    #[test]
    fn a_putter_that_joins_between_the_look_and_the_end_keeps_the_queue_open() {
        let (at, getter) = ending();
        let mut first = putter(&at);
        first.object.give_up_roles(ROLE_PUTTER);
        let joining = core::cell::Cell::new(None);
        end_if_over(&getter.parts, || {
            let seen = getter.object.has_users_as(ROLE_PUTTER);
            if !seen {
                joining.set(Some(putter(&at)));
            }
            seen
        })
        .unwrap();
        assert!(!getter.is_shut_down().unwrap());
        drop(joining);
        assert!(getter.is_shut_down().unwrap());
    }
}
