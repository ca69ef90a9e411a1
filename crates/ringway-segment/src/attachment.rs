//! An attachment: a process takes part in a segment.
//!
//! One attachment serves all objects of its segment in this process. Each operation first notices,
//! by one load, whether the process was forked since: a child that used its copy of a stock of
//! blocks would own blocks twice. The token [`Inside`] is the proof that it has looked.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ringway_core::corruption::{Corruption, Part};
use ringway_core::membership::{self, Judge, Life};
use ringway_core::owner::Owner;
use ringway_sys::fork;

use crate::directory::Uses;
use crate::error::{CreateError, OpenError, RemoveError, SegmentError};
use crate::layout::{FLAG_LOOKED_AT, FLAG_REMOVED};
use crate::place::Place;
use crate::segment::remove::is_marked;
use crate::segment::{Draft, Naming, Segment, Trust, header};
use crate::spec::SegmentSpec;
use crate::{lives, participants, recovery, watch};

/// A participant's hold on a segment. Shared by the threads of the process.
pub struct Attachment {
    segment: Segment,
    index: u8,
    life: Life,
    me: Owner,
    epoch: u64,
    /// Threads of this process that wait at an object of the segment.
    pub(crate) waiting: AtomicU32,
    /// The objects that this process has open here.
    pub(crate) uses: Uses,
    /// Held by the thread that judges owners.
    judging: Mutex<()>,
    /// Held by the thread that closes objects.
    pub(crate) closing: Mutex<()>,
    /// Whether an object left words behind when it was closed.
    has_left_words: AtomicBool,
}

/// The proof that this is still the process that attached. To be taken anew after code of the user
/// has run, which may have forked.
#[derive(Clone, Copy)]
pub struct Inside<'a> {
    attachment: &'a Attachment,
}

impl<'a> Inside<'a> {
    /// Who we are.
    #[inline(always)]
    pub fn me(self) -> Owner {
        self.attachment.me
    }
    /// Where we are.
    #[inline(always)]
    pub fn attachment(self) -> &'a Attachment {
        self.attachment
    }
}

/// The right of a thread to judge owners for its participant.
pub(crate) struct Judging<'a> {
    judge: Judge<'a, Segment>,
    _turn: MutexGuard<'a, ()>,
}

impl<'a> core::ops::Deref for Judging<'a> {
    type Target = Judge<'a, Segment>;
    fn deref(&self) -> &Judge<'a, Segment> {
        &self.judge
    }
}

/// A new segment that only its maker can see.
pub struct Unpublished {
    attachment: Arc<Attachment>,
    naming: Option<Naming>,
}

impl Unpublished {
    /// The attachment of its maker.
    pub fn attachment(&self) -> &Arc<Attachment> {
        &self.attachment
    }

    /// Gives the segment its name, in one step.
    ///
    /// # Errors
    /// [`CreateError`]; then nothing is left of it.
    pub fn publish(mut self) -> Result<Arc<Attachment>, CreateError> {
        if let Some(naming) = self.naming.take() {
            naming.publish(&self.attachment.segment)?;
        }
        Ok(Arc::clone(&self.attachment))
    }
}

impl Drop for Unpublished {
    fn drop(&mut self) {
        if let Some(naming) = self.naming.take() {
            naming.abandon(&self.attachment.segment);
        }
    }
}

impl Attachment {
    /// Makes a segment and takes part in it. Others see it once it is published.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn create(
        place: &Place,
        label: &str,
        spec: &SegmentSpec,
    ) -> Result<Unpublished, CreateError> {
        let name = || label.to_owned();
        let failed = |source| CreateError::Io { name: name(), action: "attach", source };
        let epoch = fork::enter().map_err(failed)?;
        let (segment, naming) = Draft::build(place, label, spec)?.into_parts();
        let entered = participants::enter(&segment).and_then(|entered| {
            entered.ok_or_else(|| io::Error::other("a new participant table is full"))
        });
        match entered {
            Ok((index, life)) => {
                let attachment = Self::new(segment, index, life, epoch);
                Ok(Unpublished { attachment, naming: Some(naming) })
            }
            Err(source) => {
                naming.abandon(&segment);
                Err(failed(source))
            }
        }
    }

    /// Opens a segment, and takes part in it if `check` accepts it. Before that the segment is only
    /// read.
    ///
    /// # Errors
    /// [`OpenError`], also that of `check`.
    pub fn open(
        place: &Place,
        label: &str,
        trust: Trust,
        check: impl FnOnce(&Segment) -> Result<(), OpenError>,
    ) -> Result<Arc<Self>, OpenError> {
        let failed = |action| {
            let name = label.to_owned();
            move |error: RemoveError| OpenError::Io { name, action, source: error.source }
        };
        let segment = Segment::open(place, label, trust)?;
        // The last participant may have died before it could remove the name.
        if lives::goes_with_last(&segment)
            && lives::remove_unless_attended(&segment)
                .map_err(failed("remove what is left of it"))?
        {
            return Err(OpenError::NotFound { name: label.to_owned() });
        }
        let attachment = Self::join(segment, check)?;
        // The mark turns away a process that found the name just before it was removed. One that
        // has a descriptor of the segment did not come by the name.
        if !lives::outlast_look(&attachment.segment).map_err(failed("see whether its name goes"))?
            || is_marked(&attachment.segment)
        {
            return Err(OpenError::Removed { name: label.to_owned() });
        }
        Ok(attachment)
    }

    /// Opens the segment behind a descriptor, for instance one that was inherited, as
    /// [`open`](Self::open) does.
    ///
    /// # Errors
    /// [`OpenError`], also that of `check`.
    pub fn open_descriptor(
        fd: BorrowedFd<'_>,
        label: &str,
        trust: Trust,
        check: impl FnOnce(&Segment) -> Result<(), OpenError>,
    ) -> Result<Arc<Self>, OpenError> {
        Self::join(Segment::open_descriptor(fd, label, trust)?, check)
    }

    fn join(
        segment: Segment,
        check: impl FnOnce(&Segment) -> Result<(), OpenError>,
    ) -> Result<Arc<Self>, OpenError> {
        check(&segment)?;
        let name = || segment.label().to_owned();
        let failed = |source| OpenError::Io { name: name(), action: "attach", source };
        let epoch = fork::enter().map_err(failed)?;
        let flags = segment.words().flags.word.load(Relaxed); // compared only
        if flags & !(FLAG_REMOVED | FLAG_LOOKED_AT) != 0 {
            let found = format_args!("{flags:#x}");
            return Err(header::refused(segment.label(), "the flags", found, "0 to 3"));
        }
        let Some((index, life)) = participants::enter(&segment).map_err(failed)? else {
            let limit = segment.frame().measures.participants;
            return Err(OpenError::TableFull { name: name(), limit });
        };
        let attachment = Self::new(segment, index, life, epoch);
        // Damage is found by those who use what is damaged; opening must be possible to look.
        let _ = recovery::recover_at_open(&attachment);
        Ok(attachment)
    }

    fn new(segment: Segment, index: u8, life: Life, epoch: u64) -> Arc<Self> {
        let attachment = Arc::new(Self {
            segment,
            index,
            life,
            me: life.owner(index),
            epoch,
            waiting: AtomicU32::new(0),
            uses: Uses::default(),
            judging: Mutex::new(()),
            closing: Mutex::new(()),
            has_left_words: AtomicBool::new(false),
        });
        watch::note(&attachment);
        attachment
    }

    /// The segment.
    #[inline]
    pub fn segment(&self) -> &Segment {
        &self.segment
    }
    /// Our entry of the participant table.
    pub fn index(&self) -> u8 {
        self.index
    }
    /// Which life of the entry is ours.
    pub fn life(&self) -> Life {
        self.life
    }

    /// The judge of owners. Waits for another thread of this process that judges.
    pub(crate) fn judge(&self) -> Judging<'_> {
        let turn = self.judging.lock().unwrap_or_else(PoisonError::into_inner);
        Judging { judge: Judge::new(&self.segment, self.index), _turn: turn }
    }

    /// Notes that an object could not give back all that this participant owned: a later pass of
    /// recovery has to look for it.
    pub(crate) fn leaves_words(&self) {
        self.has_left_words.store(true, Relaxed); // read by the last user, after its Arc
    }

    /// Looks whether this is still the process that attached.
    ///
    /// # Errors
    /// [`SegmentError::Forked`] if not.
    #[inline(always)]
    pub fn enter(&self) -> Result<Inside<'_>, SegmentError> {
        if fork::epoch() == self.epoch {
            Ok(Inside { attachment: self })
        } else {
            Err(SegmentError::Forked)
        }
    }

    /// Whether our entry of the table still says that we live. If not, others may have taken what
    /// we own.
    pub(crate) fn check_entry(&self) -> Result<(), SegmentError> {
        let found = membership::life(&self.segment, self.index);
        if found == self.life {
            return Ok(());
        }
        let part = Part::Participants;
        let (at, found) = (self.index.into(), found.bits());
        Err(Corruption { part, word: "life", at, found }.into())
    }

    /// A descriptor of the segment that children inherit.
    ///
    /// # Errors
    /// When there is none, or no more of them.
    pub fn inheritable_fd(&self) -> io::Result<OwnedFd> {
        ringway_sys::shm::inheritable(&self.reopened()?)
    }

    /// The file of the segment, opened once more; it is closed by exec.
    ///
    /// # Errors
    /// When there is none, or no more descriptors.
    pub fn reopened(&self) -> io::Result<File> {
        match self.segment.checked_file()? {
            // A description of its own: the lock byte of a participant must not live on in its
            // children.
            Some(file) => ringway_sys::shm::reopen(file.as_fd()),
            None => {
                let text = format!("{} has no descriptor", self.segment.label());
                Err(io::Error::new(io::ErrorKind::Unsupported, text))
            }
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        // A forked child must not give back what is its parent's.
        if self.enter().is_ok() {
            let is_clean = !self.has_left_words.load(Relaxed); // ours alone by now
            participants::leave(&self.segment, self.index, self.life, is_clean);
            if lives::goes_with_last(&self.segment) {
                // If the system refuses, the next process that opens it by name removes it.
                let _ = lives::remove_unless_attended(&self.segment);
            }
        }
    }
}
