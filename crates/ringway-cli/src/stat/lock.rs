//! A lock: its holder, and since when that hold is known.

use std::time::{Duration, Instant};

use ringway::inspect::{self, LockSnapshot, Segment, printable};
use serde_json::{Value, json};

use super::person::{Person, living_threads};
use super::sheet::{Sheet, open_in};
use super::{Named, Report};
use crate::outcome::Failure;
use crate::text::{count, marks};
use crate::view::SegmentView;

/// A lock that is looked at, and what an earlier look has found.
pub(super) struct Watched {
    pub(super) named: Named,
    hold: Option<Hold>,
}

/// One hold: no other has its number.
#[derive(Clone, Copy)]
struct Hold {
    number: u64,
    first_seen: Instant,
}

/// What there is to see of a lock.
pub(super) struct View {
    name: String,
    context: Option<String>,
    created_unix_nanos: u64,
    removed: bool,
    whole: SegmentView,
    snapshot: LockSnapshot,
    /// For how long the hold has been seen.
    held_for: Option<Duration>,
    participants: Vec<Person>,
}

impl Watched {
    pub(super) fn begin(segment: &Segment, named: Named) -> Result<Self, Failure> {
        let mut watched = Self { named, hold: None };
        watched.look(segment)?;
        Ok(watched)
    }

    pub(super) fn look(&mut self, segment: &Segment) -> Result<View, Failure> {
        let Named { name, context, label, info } = &self.named;
        let mut snapshot = inspect::lock_snapshot(segment, info)
            .map_err(|error| Failure::Failed(format!("{label}: {error}")))?;
        let now = Instant::now();
        self.hold = snapshot.held.then(|| {
            let same = self.hold.filter(|hold| hold.number == snapshot.acquired);
            same.unwrap_or(Hold { number: snapshot.acquired, first_seen: now })
        });
        let whole = SegmentView::of(segment);
        let users = match context {
            Some(_) => &inspect::users(segment, info),
            None => &whole.participants,
        };
        let participants: Vec<Person> = users.iter().map(Person::of).collect();
        snapshot.waiting = snapshot.waiting.min(living_threads(participants.iter()));
        Ok(View {
            name: name.clone(),
            context: context.clone(),
            created_unix_nanos: info.made_unix_nanos,
            removed: whole.removed || info.is_going,
            held_for: self.hold.map(|hold| now - hold.first_seen),
            whole,
            snapshot,
            participants,
        })
    }
}

impl View {
    fn state(&self) -> String {
        let Some(held_for) = self.held_for else { return "free".to_owned() };
        let seen = format!("for {:.1} s or more", held_for.as_secs_f64());
        let recovery = "the next process that waits for the lock or opens it frees it";
        match &self.snapshot.holder {
            Some(holder) if holder.alive => format!("held by pid {}, {seen}", holder.pid),
            Some(holder) => format!("held by pid {}, which is dead; {recovery}", holder.pid),
            None => format!("held by a participant that is gone; {recovery}"),
        }
    }
}

impl Report for View {
    fn sheet(&self) -> String {
        let mut sheet = Sheet::default();
        sheet.row("lock", &printable(&self.name));
        sheet.row("state", &(self.state() + &marks(&[(self.removed, "marked as removed")])));
        if self.snapshot.owner_died {
            let text = "a holder died, and no later holder has acknowledged it";
            sheet.row("owner died", text);
        }
        sheet.row("acquired", &count(self.snapshot.acquired, "time"));
        sheet.row("sleepers", &format!("at most {}", self.snapshot.waiting));
        let open = open_in(&self.whole, self.context.as_deref(), self.participants.len());
        sheet.segment(&self.whole, self.created_unix_nanos, &open);
        for person in &self.participants {
            sheet.line(2, &person.sheet());
        }
        sheet.end()
    }

    fn object(&self) -> Value {
        let holder = self.snapshot.holder.as_ref();
        json!({
            "name": self.name,
            "kind": "lock",
            "context": self.context,
            "held": self.snapshot.held,
            "holder_pid": holder.map(|holder| holder.pid),
            "holder_alive": self.snapshot.held.then(|| holder.is_some_and(|holder| holder.alive)),
            "held_for_seconds": self.held_for.map(|held_for| held_for.as_secs_f64()),
            "owner_died": self.snapshot.owner_died,
            "acquired": self.snapshot.acquired,
            "waiting_to_acquire": self.snapshot.waiting,
            "marked_as_removed": self.removed,
            "created_unix_nanos": self.created_unix_nanos,
            "virtual_bytes": self.whole.virtual_bytes,
            "resident_bytes": self.whole.resident_bytes,
            "participants_max": self.whole.participants_max,
            "participants": self.participants.iter().map(Person::object).collect::<Vec<_>>(),
        })
    }
}
