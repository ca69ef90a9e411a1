//! The participant table: who has the segment open, and whether the kernel says that they still live.
//!
//! An entry goes Free -> Live -> Free, each step one CAS of its life word; the generation grows with each Live. While
//! an entry is Live its lock byte is held through the participant's own open file description, so that another PID
//! namespace can tell that it lives.

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::io;

use ringway_sys::process::{self, Identity};
use ringway_sys::{byte_lock, clock, shm};

use crate::layout::{LOCKS_AT, Participant};
use crate::packed::Owner;
use crate::segment::Segment;

/// The life word of an entry: {generation: 56, state: 8}.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Life(u64);

impl Life {
    const LIVE: u64 = 1;

    pub(crate) fn of(entry: &Participant) -> Self {
        Self(entry.life.load(Acquire)) // pairs with: life
    }
    /// Both in one number.
    pub const fn bits(self) -> u64 {
        self.0
    }
    /// Whether somebody has the entry.
    pub const fn is_live(self) -> bool {
        self.0 & 0xff == Self::LIVE
    }
    /// How many lives the entry has had.
    pub const fn generation(self) -> u64 {
        self.0 >> 8
    }
    /// The owner that the state words name in this life.
    pub const fn owner(self, index: u8) -> Owner {
        Owner::new(index, self.generation() as u8)
    }
    const fn next_live(self) -> Self {
        Self((self.generation() + 1) << 8 | Self::LIVE)
    }
    const fn freed(self) -> Self {
        Self(self.generation() << 8)
    }
}

/// A participant of the table, for listings.
#[derive(Debug, Clone)]
pub struct Attendee {
    /// Entry of the table.
    pub index: u8,
    /// Which life of the entry.
    pub generation: u64,
    /// Process id, in its own PID namespace.
    pub pid: u32,
    /// Wall clock at attach, nanoseconds since 1970.
    pub attached_unix_nanos: u64,
    /// Whether that number means anything here: not in another PID namespace.
    pub is_here: bool,
    /// What the kernel says.
    pub alive: bool,
}

/// Takes an entry of the table; `None` when all are taken by living processes.
///
/// A Free entry is preferred. When there is none, the entry of a dead process is adopted: its next generation begins,
/// and the words of the last one are found by recovery because no living entry has that generation.
pub(crate) fn enter(segment: &Segment) -> io::Result<Option<(u8, Life)>> {
    let identity = Identity::current()?;
    for _ in 0..ROUNDS {
        let mut contended = false;
        for adopt in [false, true] {
            for index in 0..segment.participants().len() as u8 {
                let life = Life::of(segment.participant(index));
                if life.is_live() && !(adopt && is_dead(segment, index)) {
                    continue;
                }
                match seize(segment, index, life, &identity)? {
                    Some(life) => return Ok(Some((index, life))),
                    None => contended = true,
                }
            }
        }
        if !contended {
            break;
        }
        std::thread::yield_now(); // whoever has the byte is about to become live, or to let it go
    }
    Ok(None)
}

/// How often an entrant goes through the table while others enter and leave. A byte can also be held for long: by the
/// forked child of a dead process.
const ROUNDS: usize = 100;

/// Takes the entry, if it is still as it was seen.
fn seize(
    segment: &Segment,
    index: u8,
    seen: Life,
    identity: &Identity,
) -> io::Result<Option<Life>> {
    let entry = segment.participant(index);
    // The lock byte excludes other entrants.
    if !lock_byte(segment, index)? {
        return Ok(None);
    }
    let mut now = Life::of(entry);
    if now == seen {
        entry.pid.store(identity.pid.into(), Relaxed);
        entry.start_time.store(identity.start_time, Relaxed);
        entry.pid_namespace.store(identity.pid_namespace, Relaxed);
        entry.time_namespace.store(identity.time_namespace, Relaxed);
        entry.attached_unix_nanos.store(clock::unix_nanos(), Relaxed);
        // life: Release, so that who sees the entry live sees its identity. A recoverer may free a dead one's entry
        // in between, and nobody else changes it.
        loop {
            match entry.life.compare_exchange(now.0, now.next_live().0, AcqRel, Acquire) {
                Ok(_) => return Ok(Some(now.next_live())),
                Err(found) if !Life(found).is_live() => now = Life(found),
                Err(_) => break,
            }
        }
    }
    unlock_byte(segment, index);
    Ok(None)
}

/// Gives an entry back. Its owner has no words left.
pub(crate) fn leave(segment: &Segment, index: u8, life: Life) {
    free(segment, index, life);
    unlock_byte(segment, index);
}

/// Frees the entry of a participant that has no words left, unless somebody else did.
pub(crate) fn free(segment: &Segment, index: u8, life: Life) -> bool {
    let entry = segment.participant(index);
    entry.life.compare_exchange(life.0, life.freed().0, Release, Relaxed).is_ok() // life
}

/// Whether the kernel proves that the process of a live entry is gone, or no longer maps the segment.
pub(crate) fn is_dead(segment: &Segment, index: u8) -> bool {
    let identity = identity(segment.participant(index));
    match process::liveness_of(&identity) {
        process::Liveness::Dead => true,
        // Another PID namespace: only the lock byte can tell.
        process::Liveness::Unknown if !identity.is_local() => lock_is_free(segment, index),
        // An exec leaves the process alive without the mapping. The lock byte is only asked to spare the long look:
        // other code may have closed the descriptor, so a free byte proves nothing.
        _ => lock_is_free(segment, index) && !maps(segment, identity.pid),
    }
}

fn identity(entry: &Participant) -> Identity {
    Identity {
        pid: entry.pid.load(Relaxed) as u32,
        start_time: entry.start_time.load(Relaxed),
        pid_namespace: entry.pid_namespace.load(Relaxed),
        time_namespace: entry.time_namespace.load(Relaxed),
    }
}

fn maps(segment: &Segment, pid: u32) -> bool {
    let Some(file) = segment.file() else { return true };
    let Ok(id) = shm::file_id(file) else { return true };
    process::maps_file(pid, id).unwrap_or(true)
}

/// All live entries.
pub fn attendees(segment: &Segment) -> Vec<Attendee> {
    let mut found = Vec::new();
    for (index, entry) in segment.participants().enumerate() {
        let life = Life::of(entry);
        if life.is_live() {
            found.push(Attendee {
                index: index as u8,
                generation: life.generation(),
                pid: entry.pid.load(Relaxed) as u32,
                is_here: identity(entry).is_local(),
                attached_unix_nanos: entry.attached_unix_nanos.load(Relaxed),
                alive: !is_dead(segment, index as u8),
            });
        }
    }
    found
}

fn lock_byte(segment: &Segment, index: u8) -> io::Result<bool> {
    segment
        .file()
        .map_or(Ok(true), |file| byte_lock::try_exclusive(file, LOCKS_AT + u64::from(index)))
}

fn unlock_byte(segment: &Segment, index: u8) {
    if let Some(file) = segment.file() {
        let _ = byte_lock::unlock(file, LOCKS_AT + u64::from(index));
    }
}

/// Whether no other description holds the lock byte. Our own entry is never asked about.
fn lock_is_free(segment: &Segment, index: u8) -> bool {
    segment.file().is_some_and(|file| {
        !byte_lock::is_locked(file, LOCKS_AT + u64::from(index)).unwrap_or(true)
    })
}
