//! An attachment: a segment that this process takes part in.
//!
//! It is the only way to move blocks. Every operation first notices, by one load, whether the process was forked since:
//! a child that used its copy of the stock would own blocks twice.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crossbeam_utils::CachePadded;
use ringway_sys::fork;

use crate::blocks::LocalClass;
use crate::error::{CreateError, Fault, OpenError};
use crate::header;
use crate::layout::{FLAG_IMMEDIATE, FLAG_REMOVED};
use crate::names::Place;
use crate::packed::Owner;
use crate::participant::{self, Life};
use crate::recovery::{self, Recovered, Search};
use crate::ring::{Corruption, Hints, Part};
use crate::segment::Segment;
use crate::spec::Spec;

/// A participant's hold on a segment. Shared by the threads of the process.
pub struct Attachment {
    pub(crate) segment: Segment,
    index: u8,
    life: Life,
    pub(crate) me: Owner,
    epoch: u64,
    pub(crate) message_hints: CachePadded<Hints>,
    pub(crate) classes: Vec<CachePadded<LocalClass>>,
}

impl Attachment {
    /// Creates a segment and takes part in it. It appears whole or not at all.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn create(place: &Place, spec: &Spec) -> Result<Self, CreateError> {
        let failed = |source| CreateError::Io { name: place.label(), action: "attach", source };
        let epoch = fork::enter().map_err(failed)?;
        let mut unpublished = Segment::build(place, spec)?;
        let entered = participant::enter(unpublished.segment()).and_then(|entered| {
            entered.ok_or_else(|| std::io::Error::other("a new participant table is full"))
        });
        let (index, life) = match entered {
            Ok(entered) => entered,
            Err(source) => {
                unpublished.abandon();
                return Err(failed(source));
            }
        };
        unpublished.publish()?;
        Ok(Self::new(unpublished.into_segment(), index, life, epoch))
    }

    /// Opens a segment and takes part in it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(place: &Place) -> Result<Self, OpenError> {
        Self::join(Segment::open(place)?)
    }

    /// Opens the segment behind a descriptor, for instance one that was inherited.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_descriptor(fd: BorrowedFd<'_>) -> Result<Self, OpenError> {
        Self::join(Segment::open_descriptor(fd)?)
    }

    fn join(segment: Segment) -> Result<Self, OpenError> {
        let name = || segment.label().to_owned();
        let failed = |source| OpenError::Io { name: name(), action: "attach", source };
        let epoch = fork::enter().map_err(failed)?;
        let Some((index, life)) = participant::enter(&segment).map_err(failed)? else {
            return Err(OpenError::TableFull {
                name: name(),
                limit: segment.geometry().measures.participants,
            });
        };
        let attachment = Self::new(segment, index, life, epoch);
        let flags = attachment.flags();
        if flags & !(FLAG_REMOVED | FLAG_IMMEDIATE) != 0 {
            let expected = "a sum of 1 and 2";
            return Err(header::refused(
                attachment.segment.label(),
                "the flags",
                format_args!("{flags:#x}"),
                expected,
            ));
        }
        if flags & FLAG_REMOVED != 0 {
            return Err(OpenError::Removed { name: attachment.segment.label().to_owned() });
        }
        // What is damaged is found by those who use it; opening must still be possible to look.
        let _ = attachment.recover();
        Ok(attachment)
    }

    fn new(segment: Segment, index: u8, life: Life, epoch: u64) -> Self {
        let local = |keep| CachePadded::new(LocalClass::new(keep));
        let classes = segment.geometry().classes.iter().map(|class| local(class.keep)).collect();
        let me = life.owner(index);
        Self {
            segment,
            index,
            life,
            me,
            epoch,
            message_hints: CachePadded::new(Hints::default()),
            classes,
        }
    }

    /// The segment.
    #[inline]
    pub fn segment(&self) -> &Segment {
        &self.segment
    }
    /// Who we are in it.
    #[inline]
    pub fn me(&self) -> Owner {
        self.me
    }

    /// Whether this is still the process that attached.
    ///
    /// # Errors
    /// [`Fault::Forked`] if not.
    #[inline(always)]
    pub fn check_process(&self) -> Result<(), Fault> {
        if fork::epoch() == self.epoch { Ok(()) } else { Err(Fault::Forked) }
    }

    /// Whether our entry of the table still says that we live. If not, others may have taken what we own.
    pub(crate) fn check_entry(&self) -> Result<(), Fault> {
        let found = Life::of(self.segment.participant(self.index));
        if found == self.life {
            return Ok(());
        }
        let part = Part::Participants;
        Err(Corruption { part, word: "life", at: self.index.into(), found: found.bits() }.into())
    }

    /// A descriptor of the segment that children inherit.
    ///
    /// # Errors
    /// When there is none.
    pub fn inheritable_fd(&self) -> std::io::Result<OwnedFd> {
        match self.segment.file() {
            // A description of its own: the lock byte of a participant must not live on in its children.
            Some(file) => ringway_sys::shm::inheritable(&ringway_sys::shm::reopen(file.as_fd())?),
            None => {
                Err(std::io::Error::other(format!("{} has no descriptor", self.segment.label())))
            }
        }
    }

    /// Finds dead participants and takes back what they held, and what nobody holds.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn recover(&self) -> Result<Recovered, Fault> {
        self.check_process()?;
        recovery::recover(self, Search::Thorough)
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        // A forked child must not give back what is its parent's.
        if self.check_process().is_ok() {
            let _ = recovery::give_up(self);
            participant::leave(&self.segment, self.index, self.life);
        }
    }
}
