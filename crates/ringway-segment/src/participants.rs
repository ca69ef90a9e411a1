//! The participant table: entering it, leaving it, and whether the kernel proves that a participant
//! is dead.
//!
//! While an entry is Live, its lock byte is held through the open file description that its mapping
//! was made through. The description lives as long as the mapping, so a byte that is free proves
//! that the mapping is gone: the process has ended, or executes another program. A byte that is
//! held proves nothing, since a forked child keeps the description of its parent; within one PID
//! namespace the process itself is asked as well.

use core::sync::atomic::Ordering::{Acquire, Relaxed};
use std::io;

use ringway_core::membership::{self, Life};
use ringway_sys::process::{Identity, Liveness};
use ringway_sys::{byte_lock, clock};

use crate::layout::{LOCKS_AT, Participant};
use crate::segment::Segment;

/// How often an entrant goes through the table while others enter and leave. A byte can also be
/// held for long: by the forked child of a dead process.
const ROUNDS: usize = 100;

/// Takes an entry of the table; `None` when all are taken by living processes, or by dead ones
/// whose generations are still in use.
///
/// A Free entry is preferred. When there is none, the entry of a dead process is adopted: its next
/// generation begins, and the words of the last one are recovered as those of an owner that is
/// gone.
pub(crate) fn enter(segment: &Segment) -> io::Result<Option<(u8, Life)>> {
    let identity = Identity::current()?;
    for _ in 0..ROUNDS {
        let mut is_contended = false;
        for adopts in [false, true] {
            for index in 0..segment.participants() {
                let life = membership::life(segment, index);
                if life.is_live() && !(adopts && is_unmapped(segment, index)) {
                    continue;
                }
                match seize(segment, index, life, &identity)? {
                    Seized::Entered(life) => return Ok(Some((index, life))),
                    Seized::Contended => is_contended = true,
                    Seized::Refused => {}
                }
            }
        }
        if !is_contended {
            break;
        }
        std::thread::yield_now(); // the holder of the byte is about to become live, or to leave
    }
    Ok(None)
}

enum Seized {
    Entered(Life),
    /// Another entrant is faster.
    Contended,
    /// Its next generation may not begin yet.
    Refused,
}

/// Takes the entry, if it is still as it was seen.
fn seize(segment: &Segment, index: u8, seen: Life, identity: &Identity) -> io::Result<Seized> {
    // The lock byte excludes other entrants.
    if !lock_byte(segment, index)? {
        return Ok(Seized::Contended);
    }
    let done = begin(segment, index, seen, identity);
    if !matches!(done, Seized::Entered(_)) {
        unlock_byte(segment, index);
    }
    Ok(done)
}

fn begin(segment: &Segment, index: u8, seen: Life, identity: &Identity) -> Seized {
    let mut now = membership::life(segment, index);
    if now != seen {
        return Seized::Contended;
    }
    loop {
        // Chosen anew when the life moves: a recovery may have freed the entry meanwhile.
        let Some(next) = membership::next_life(segment, index, now) else {
            return Seized::Refused;
        };
        if now.is_live() {
            match membership::adopt(segment, index, now) {
                Ok(adopting) => now = adopting,
                Err(found) if found.is_free() => now = found, // recovered meanwhile
                Err(_) => return Seized::Contended,
            }
        }
        write_identity(segment.participant(index), identity);
        match membership::begin(segment, index, now, next) {
            Ok(()) => return Seized::Entered(next),
            Err(found) if found.is_free() => now = found,
            Err(_) => return Seized::Contended,
        }
    }
}

fn write_identity(entry: &Participant, identity: &Identity) {
    // Published by the CAS of the life: pair life.
    entry.pid.store(identity.pid.into(), Relaxed); // carried by: life
    entry.start_time.store(identity.start_time, Relaxed); // carried by: life
    entry.pid_namespace.store(identity.pid_namespace, Relaxed); // carried by: life
    entry.time_namespace.store(identity.time_namespace, Relaxed); // carried by: life
    entry.attached_unix_nanos.store(clock::unix_nanos(), Relaxed); // carried by: life
}

/// Gives an entry back. If nothing is left of it, its next lives need no look for its words.
pub(crate) fn leave(segment: &Segment, index: u8, life: Life, is_clean: bool) {
    if is_clean {
        membership::note_clean(segment, index, life);
    }
    membership::free(segment, index, life);
    unlock_byte(segment, index);
}

/// Who has an entry, as it says.
pub(crate) fn identity(segment: &Segment, index: u8) -> Identity {
    let entry = segment.participant(index);
    Identity {
        pid: entry.pid.load(Relaxed) as u32,        // pairs with: life
        start_time: entry.start_time.load(Relaxed), // pairs with: life
        pid_namespace: entry.pid_namespace.load(Relaxed), // pairs with: life
        time_namespace: entry.time_namespace.load(Relaxed), // pairs with: life
    }
}

/// Entries that were ever used: those with a lower index.
pub(crate) fn entered(segment: &Segment) -> u8 {
    let entered = segment.words().entries.second.load(Acquire); // pairs with: life
    entered.min(segment.participants().into()) as u8
}

/// The entries that are Live now, with their lives.
pub(crate) fn living(segment: &Segment) -> impl Iterator<Item = (u8, Life)> {
    (0..entered(segment))
        .map(|index| (index, membership::life(segment, index)))
        .filter(|(_, life)| life.is_live())
}

/// In how many looks the lock byte of every participant is asked about whose process is watched
/// and lives: such a process has lost its mapping only if it executes another program.
const TURNS: u64 = 10;

/// A look at the lock bytes.
#[derive(Clone, Copy)]
pub(crate) enum Bytes {
    /// At all of them.
    All,
    /// At those of processes that are not watched, and at a part of the others, by the number of
    /// the look.
    Turn(u64),
}

impl Bytes {
    /// The next of the looks that all participants take turns in.
    pub(crate) fn next_turn(segment: &Segment) -> Self {
        Self::Turn(segment.words().watch.second.fetch_add(1, Relaxed)) // a number of looks only
    }
    fn asks_about_the_living(self, index: u8) -> bool {
        match self {
            Self::All => true,
            Self::Turn(turn) => turn % TURNS == u64::from(index) % TURNS,
        }
    }
}

/// Whether the kernel proves that a participant is dead. `liveness` tells of its process. Not to be
/// asked about an entry of the caller's own.
pub(crate) fn is_dead(
    segment: &Segment,
    index: u8,
    bytes: Bytes,
    liveness: impl FnOnce(&Identity) -> Liveness,
) -> bool {
    // The heap has no file, and no participant of another process.
    segment.file().is_some()
        && match liveness(&identity(segment, index)) {
            Liveness::Dead => true,
            Liveness::Alive if !bytes.asks_about_the_living(index) => false,
            _ => is_unmapped(segment, index),
        }
}

/// Whether the lock byte is free, so that the participant has no mapping any more.
pub(crate) fn is_unmapped(segment: &Segment, index: u8) -> bool {
    match segment.checked_file() {
        Ok(Some(file)) => !byte_lock::is_locked(file, byte_of(index)).unwrap_or(true),
        _ => false, // nothing can be proved
    }
}

fn byte_of(index: u8) -> u64 {
    LOCKS_AT + u64::from(index)
}

fn lock_byte(segment: &Segment, index: u8) -> io::Result<bool> {
    segment.checked_file()?.map_or(Ok(true), |file| byte_lock::try_exclusive(file, byte_of(index)))
}

fn unlock_byte(segment: &Segment, index: u8) {
    // If the descriptor is no longer ours, the byte goes with the mapping.
    if let Ok(Some(file)) = segment.checked_file() {
        let _ = byte_lock::unlock(file, byte_of(index));
    }
}
