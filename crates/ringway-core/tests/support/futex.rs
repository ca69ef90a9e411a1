//! The kernel's part of a sleep, under loom: the comparison and the queueing are one step for a
//! waker.

use loom::sync::{Condvar, Mutex};
use ringway_core::event_count::{EventCount, Ticket};

use super::loom_word::LoomWord;

#[derive(Default)]
struct Sleepers {
    asleep: u32,
    woken: u32,
}

pub struct Futex {
    sleepers: Mutex<Sleepers>,
    changed: Condvar,
}

impl Futex {
    pub fn new() -> Self {
        Self { sleepers: Mutex::new(Sleepers::default()), changed: Condvar::new() }
    }

    /// Sleeps while the sequence of `event` is that of the ticket.
    pub fn wait(&self, event: EventCount<'_, LoomWord>, ticket: Ticket) {
        let mut sleepers = self.sleepers.lock().unwrap();
        if !event.is_current(ticket) {
            return;
        }
        sleepers.asleep += 1;
        require_registrations(event, &sleepers);
        while sleepers.woken == 0 {
            sleepers = self.changed.wait(sleepers).unwrap();
        }
        sleepers.woken -= 1;
    }

    /// Each sleeper has a registration that stands.
    pub fn check(&self, event: EventCount<'_, LoomWord>) {
        require_registrations(event, &self.sleepers.lock().unwrap());
    }

    /// Wakes up to `count`; returns how many.
    pub fn wake(&self, count: u32) -> u32 {
        let mut sleepers = self.sleepers.lock().unwrap();
        let woken = count.min(sleepers.asleep);
        sleepers.asleep -= woken;
        sleepers.woken += woken;
        if woken != 0 {
            self.changed.notify_all();
        }
        woken
    }
}

fn require_registrations(event: EventCount<'_, LoomWord>, sleepers: &Sleepers) {
    let standing = event.registrations();
    assert!(standing >= sleepers.asleep, "{} sleep with {standing} registrations", sleepers.asleep);
}
