//! Locks: a lock word and its event count.
//!
//! +0 lock word (`ringway_core::lock_word`), +8 event count. A lock fits one line.

use core::sync::atomic::AtomicU64;
use std::ops::ControlFlow;
use std::sync::Arc;

use ringway_core::corruption::{Corruption, Part};
use ringway_core::lock_word::{Hold, LockState, LockWord};

use crate::attachment::{Attachment, Inside};
use crate::body::Body;
use crate::directory::{self, Kind, Object, ObjectInfo, Wanted};
use crate::error::{CreateError, OpenError, SegmentError};
use crate::event::{EVERYBODY, Event};
use crate::layout::LINE;
use crate::recovery::{Gone, Recovered};
use crate::segment::Segment;
use crate::spec::ObjectSpec;
use crate::waiting::{Awaited, Patience, Until, WaitStrategy, Waiter};

/// A lock that this process has open. Shared by its threads.
pub struct LockObject {
    at: u64,
    patience: Patience,
    object: Object,
}

impl LockObject {
    /// Bytes of a body.
    pub const BYTES: u64 = LINE;

    /// Makes a lock in a segment; it is free.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn create(at: &Arc<Attachment>, label: &str, name: &str) -> Result<Self, CreateError> {
        let spec = ObjectSpec::plain(Kind::Lock, name, Self::BYTES);
        let mut place = 0;
        let object = directory::make(at, label, &spec, |_, offset| place = offset)?;
        Ok(Self { at: place, patience: Patience::new(1), object })
    }

    /// Opens a lock of a segment.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(at: &Arc<Attachment>, wanted: Wanted<'_>, label: &str) -> Result<Self, OpenError> {
        let (object, info) = Object::open(at, wanted, Kind::Lock, label)?;
        Ok(Self { at: info.at, patience: Patience::new(1), object })
    }

    /// The object in its directory.
    pub fn object(&self) -> &Object {
        &self.object
    }

    fn body(&self) -> Body<'_> {
        self.object.attachment().segment().body(self.at, Self::BYTES)
    }
    fn word(&self) -> LockWord<'_, AtomicU64> {
        LockWord::new(self.body().word(0))
    }

    /// Acquires the lock, waiting until then; `None` when the time is up.
    ///
    /// # Errors
    /// [`SegmentError`].
    pub fn acquire(
        &self,
        until: Until,
        strategy: WaitStrategy,
    ) -> Result<Option<Hold>, SegmentError> {
        let attachment = self.object.attachment();
        let me = attachment.enter()?.me();
        let attempt = || match self.word().try_acquire(me) {
            Ok(hold) => Ok(ControlFlow::Break(hold)),
            Err(state) if state.is_possible() => Ok(ControlFlow::Continue(())),
            Err(state) => Err(damaged(state)),
        };
        Waiter { attachment, awaited: self, strategy, until, is_interruptible: false }.wait(attempt)
    }

    /// Ends a hold and wakes a sleeper. Returns whether the hold still stood.
    ///
    /// # Errors
    /// [`SegmentError::Forked`].
    pub fn release(&self, hold: Hold) -> Result<bool, SegmentError> {
        self.object.attachment().enter()?;
        Ok(self.released(self.word().release(hold)))
    }

    /// Ends whatever hold there is and wakes a sleeper. Returns whether there was one.
    ///
    /// # Errors
    /// [`SegmentError::Forked`].
    pub fn release_any(&self) -> Result<bool, SegmentError> {
        self.object.attachment().enter()?;
        Ok(self.released(self.word().release_any()))
    }

    fn released(&self, did: bool) -> bool {
        if did {
            self.event().announce(1);
        }
        did
    }

    /// Forgets that a holder died, for later holders. Returns the hold as it is now; `None` if it
    /// no longer stands, or is that of the process which this one was forked from.
    pub fn acknowledge(&self, hold: Hold) -> Option<Hold> {
        self.object.attachment().enter().ok()?;
        self.word().acknowledge(hold)
    }

    /// What the lock word says.
    pub fn state(&self) -> LockState {
        self.word().state()
    }
}

impl<'o> Awaited<'o> for &'o LockObject {
    fn event(self) -> Event<'o> {
        Event::new(self.body().word(8))
    }
    fn patience(self) -> &'o Patience {
        &self.patience
    }
    fn has_more(self) -> Result<bool, SegmentError> {
        Ok(false)
    }
    fn check(self, _inside: Inside<'_>) -> Result<(), SegmentError> {
        let state = self.state();
        if state.is_possible() { Ok(()) } else { Err(damaged(state)) }
    }
}

impl Drop for LockObject {
    /// Closing the last handle of a process ends a hold that has no guard, as its death would: no
    /// recovery would find it later.
    fn drop(&mut self) {
        let attachment = Arc::clone(self.object.attachment());
        let Ok(inside) = attachment.enter() else { return };
        let body = attachment.segment().body(self.at, Self::BYTES);
        self.object.close(true, || {
            if LockWord::new(body.word(0)).reclaim(|owner| owner == inside.me()) {
                Event::new(body.word(8)).announce(1);
            }
            true
        });
    }
}

fn damaged(state: LockState) -> SegmentError {
    Corruption { part: Part::Lock, word: "state", at: 0, found: state.bits() }.into()
}

pub(super) fn reclaim(segment: &Segment, object: &ObjectInfo, gone: &Gone<'_>) -> Recovered {
    let body = segment.body(object.at, object.bytes);
    let freed = LockWord::new(body.word(0)).reclaim(|owner| gone.seems(owner));
    Recovered { locks: freed.into(), ..Recovered::default() }
}

pub(super) fn wake_everybody(segment: &Segment, object: &ObjectInfo) {
    Event::new(segment.body(object.at, object.bytes).word(8)).announce(EVERYBODY);
}
