//! The look for the dead: one a process, not one an object.
//!
//! Of all threads of a process that wait, one looks every 50 ms for all segments that any of them
//! waits at. Of all processes that wait at a segment, one looks at it (the frame word `watch`
//! elects it). The processes of the participants are watched by kept pidfds, which one `poll`
//! answers for. The lock bytes of participants whose processes cannot be watched, as in another PID
//! namespace, are asked about in each look; those of the others in turn, which finds a process that
//! executes another program.
//!
//! Ordering pair `process`: the CAS that makes the knowledge of a process known to its threads
//! (Release) against loads of the pointer to it (Acquire); it carries what it points to.

use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ringway_sys::clock::Monotonic;
use ringway_sys::fork;
use ringway_sys::process::{Identity, Liveness, Sentinels};

use crate::attachment::Attachment;
use crate::error::SegmentError;
use crate::participants::{self, Bytes};
use crate::recovery;

/// How often a process looks.
const PERIOD_NANOS: u64 = 50_000_000;

/// What a process knows for its looks.
struct Process {
    /// The fork epoch that it belongs to: a child begins anew, and never waits for a lock that a
    /// thread of its parent held.
    epoch: u64,
    /// Which process it is, if `/proc` tells.
    me: Option<Identity>,
    /// When a thread last looked, monotonic nanoseconds.
    last: AtomicU64,
    /// Threads that wait.
    waiting: AtomicU32,
    attachments: Mutex<Vec<Weak<Attachment>>>,
    sentinels: Mutex<Sentinels>,
}

static PROCESS: AtomicPtr<Process> = AtomicPtr::new(ptr::null_mut());

fn process() -> &'static Process {
    let epoch = fork::epoch();
    loop {
        let known = PROCESS.load(Acquire); // pairs with: process
        // SAFETY: null, or a box that was leaked.
        match unsafe { known.as_ref() } {
            Some(process) if process.epoch == epoch => return process,
            _ => {
                let fresh = Box::into_raw(Box::new(Process {
                    epoch,
                    me: Identity::current().ok(),
                    last: AtomicU64::new(0),
                    waiting: AtomicU32::new(0),
                    attachments: Mutex::default(),
                    sentinels: Mutex::default(),
                }));
                // process
                if PROCESS.compare_exchange(known, fresh, AcqRel, Acquire).is_err() {
                    // SAFETY: another thread was faster; no pointer to ours has left.
                    drop(unsafe { Box::from_raw(fresh) });
                }
            }
        }
    }
}

/// Notes an attachment of this process.
pub(crate) fn note(attachment: &Arc<Attachment>) {
    let mut list = process().attachments.lock().unwrap_or_else(PoisonError::into_inner);
    list.retain(|known| known.strong_count() != 0);
    list.push(Arc::downgrade(attachment));
}

/// A thread that waits at an object of a segment, for as long as it does.
pub(crate) struct Waiting<'a>(&'a Attachment, &'static Process);

impl<'a> Waiting<'a> {
    pub(crate) fn at(attachment: &'a Attachment) -> Self {
        let process = process();
        process.waiting.fetch_add(1, Relaxed); // a number for looks and slices only
        attachment.waiting.fetch_add(1, Relaxed); // likewise
        Self(attachment, process)
    }

    /// How many threads of this process wait.
    pub(crate) fn in_process(&self) -> u32 {
        self.1.waiting.load(Relaxed) // a number for slices only
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed); // a number only
        self.1.waiting.fetch_sub(1, Relaxed); // a number only
    }
}

/// Looks for dead participants, if the time has come and no other thread or process did. Returns
/// whether it looked at any segment.
///
/// # Errors
/// [`SegmentError`] of the segment of `at`.
pub(crate) fn look(at: &Attachment) -> Result<bool, SegmentError> {
    let process = process();
    if !is_due(&process.last) {
        return Ok(false);
    }
    let waited_at: Vec<Arc<Attachment>> = {
        let list = process.attachments.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = list.iter().filter_map(Weak::upgrade);
        waited.filter(|known| known.waiting.load(Relaxed) != 0).collect() // a number for looks only
    };
    let is_due_there = |known: &Arc<Attachment>| is_due(&known.segment().words().watch.word);
    let due: Vec<_> = waited_at.into_iter().filter(is_due_there).collect();
    if due.is_empty() {
        return Ok(false);
    }
    let known = ask(due.iter().map(Arc::as_ref));
    let mut result = Ok(true);
    for there in due {
        let turn = Bytes::next_turn(there.segment());
        if let Err(error) = recovery::recover_known(&there, &known, turn)
            && ptr::eq(Arc::as_ptr(&there), at)
        {
            result = Err(error); // that of other segments is met by those who use them
        }
    }
    result
}

/// Asks about the participants of one segment now.
pub(crate) fn ask_about(at: &Attachment) -> Known {
    ask([at].into_iter())
}

/// What the kernel has told of the processes of participants.
pub(crate) struct Known {
    me: Option<Identity>,
    alive: HashSet<Identity>,
    dead: HashSet<Identity>,
}

impl Known {
    /// Of a process that was not there when the kernel was asked, or of which it tells nothing:
    /// [`Liveness::Unknown`].
    pub(crate) fn liveness(&self, process: &Identity) -> Liveness {
        if self.dead.contains(process) {
            Liveness::Dead
        } else if self.me == Some(*process) || self.alive.contains(process) {
            Liveness::Alive
        } else {
            Liveness::Unknown
        }
    }
}

/// Asks the kernel about the processes of all participants of these segments.
fn ask<'a>(segments: impl Iterator<Item = &'a Attachment>) -> Known {
    let Process { me, sentinels, .. } = process();
    let mut sentinels = sentinels.lock().unwrap_or_else(PoisonError::into_inner);
    let mut known = Known { me: *me, alive: HashSet::new(), dead: HashSet::new() };
    for at in segments {
        for (index, _) in participants::living(at.segment()) {
            let identity = participants::identity(at.segment(), index);
            if known.liveness(&identity) != Liveness::Unknown {
                continue;
            }
            match sentinels.watch(&identity) {
                Liveness::Alive => known.alive.insert(identity),
                Liveness::Dead => known.dead.insert(identity),
                Liveness::Unknown => continue,
            };
        }
    }
    known.dead.extend(sentinels.take_dead());
    known
}

/// Whether the last look is long enough ago; then this call becomes the last look.
fn is_due(last: &AtomicU64) -> bool {
    let now = Monotonic::now().as_nanos();
    let seen = last.load(Relaxed); // compared only
    let is_recent = seen <= now && now - seen < PERIOD_NANOS - PERIOD_NANOS / 8;
    !is_recent && last.compare_exchange(seen, now, Relaxed, Relaxed).is_ok() // elects one; carries nothing
}
