//! The latch: one maker of objects at a time. Using and opening need none.

use std::time::Duration;

use ringway_core::lock_word::{Hold, LockWord};
use ringway_core::membership;

use crate::attachment::Attachment;
use crate::participants;
use core::sync::atomic::AtomicU64;

/// How often a maker looks whether the latch is free, a millisecond apart.
const LOOKS: usize = 100;

/// The latch while it is held.
pub(super) struct Latched<'a> {
    latch: LockWord<'a, AtomicU64>,
    hold: Hold,
}

impl Drop for Latched<'_> {
    fn drop(&mut self) {
        self.latch.release(self.hold);
    }
}

/// Takes the latch. `None` when a living process has it and does not go on.
pub(super) fn take(at: &Attachment) -> Option<Latched<'_>> {
    let segment = at.segment();
    let latch = LockWord::new(&segment.words().latch.word);
    for _ in 0..LOOKS {
        match latch.try_acquire(at.life().owner(at.index())) {
            Ok(hold) => return Some(Latched { latch, hold }),
            Err(_) => {
                let is_unmapped = |index| participants::is_unmapped(segment, index);
                let freed = latch.reclaim(|owner| {
                    membership::is_gone(segment, owner, |index, _| {
                        index != at.index() && is_unmapped(index)
                    })
                });
                if !freed {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
    }
    None
}
