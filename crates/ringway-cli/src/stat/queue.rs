//! A queue: its totals, and what each participant holds.

use std::fmt::Write as _;

use ringway::inspect::{self, Holding, Holdings, Segment, Snapshot, printable};
use serde_json::{Value, json};

use super::person::{Person, living_threads};
use super::sheet::{Sheet, open_in};
use super::{Named, Report};
use crate::outcome::Failure;
use crate::text::{bytes, count, marks};
use crate::view::SegmentView;
use crate::view::list::merged;

/// A queue that is looked at, and what an earlier look has found.
pub(super) struct Watched {
    pub(super) named: Named,
    holds: Holdings,
}

/// What there is to see of a queue.
pub(super) struct View {
    name: String,
    context: Option<String>,
    whole: SegmentView,
    snapshot: Snapshot,
    participants: Vec<(Person, Holding)>,
}

impl Watched {
    pub(super) fn begin(segment: &Segment, named: Named) -> Result<Self, Failure> {
        let holds = Holdings::look(segment, &named.info, None);
        let holds = holds.map_err(|error| Failure::Failed(format!("{}: {error}", named.label)))?;
        Ok(Self { named, holds })
    }

    pub(super) fn look(&mut self, segment: &Segment) -> Result<View, Failure> {
        let Named { name, context, label, info } = &self.named;
        let failed = |error| Failure::Failed(format!("{label}: {error}"));
        self.holds = Holdings::look(segment, info, Some(&self.holds)).map_err(failed)?;
        let mut snapshot = inspect::snapshot(segment, info).map_err(failed)?;
        let users = inspect::users(segment, info);
        let participants: Vec<(Person, Holding)> = snapshot
            .holders
            .iter()
            .map(|holder| (Person::of(&holder.participant), self.holds.of(&holder.participant)))
            .filter(|(person, held)| {
                let is_user = users.iter().any(|user| user.index == person.info.index);
                context.is_none() || is_user || *held != Holding::default()
            })
            .collect();
        let threads = living_threads(participants.iter().map(|(person, _)| person));
        for waiting in [&mut snapshot.waiting_to_get, &mut snapshot.waiting_to_put] {
            *waiting = (*waiting).min(threads);
        }
        let (name, context) = (name.clone(), context.clone());
        Ok(View { name, context, whole: SegmentView::of(segment), snapshot, participants })
    }
}

impl Report for View {
    fn sheet(&self) -> String {
        let snapshot = &self.snapshot;
        let mut sheet = Sheet::default();
        sheet.row("queue", &printable(&self.name));
        let marks =
            marks(&[(snapshot.shut_down, "shut down"), (snapshot.removed, "marked as removed")]);
        sheet.row("size", &format!("{} of {}{marks}", snapshot.size, snapshot.maxsize));
        if snapshot.returned != 0 {
            sheet.row("returned", &format!("{} of them, which take no place", snapshot.returned));
        }
        // The first line says what a message is, the others what it consists of.
        let schema = printable(snapshot.schema.lines().next().unwrap_or(""));
        let most = bytes(snapshot.max_message);
        sheet.row("messages", &format!("{schema}, at most {most}"));
        sheet.row("puts", &snapshot.puts.to_string());
        sheet.row("gets", &snapshot.gets.to_string());
        let dead = count(snapshot.recovered, "dead participant");
        sheet.row("lost", &format!("{} with {dead}", snapshot.lost));
        let (get, put) = (snapshot.waiting_to_get, snapshot.waiting_to_put);
        sheet.row("sleepers", &format!("at most {get} to get, {put} to put"));
        let open = open_in(&self.whole, self.context.as_deref(), self.participants.len());
        sheet.segment(&self.whole, snapshot.created_unix_nanos, &open);
        for (person, held) in &self.participants {
            sheet.line(2, &person.sheet());
            sheet.line(4, &format!("holds {}", holding(held)));
            if held.beyond != 0 {
                let (beyond, loans) = (held.beyond, snapshot.loans);
                sheet.line(
                    4,
                    &format!(
                        "that is {beyond} more than the {loans} that the option `loans` allows: \
                         puts may find no free block"
                    ),
                );
            }
        }
        sheet.end()
    }

    fn object(&self) -> Value {
        let snapshot = &self.snapshot;
        let participants = self.participants.iter().map(|(person, held)| {
            let held = json!({
                "held_messages": held.messages,
                "kept_messages": held.kept_messages,
                "kept_for_seconds": held.kept_for.as_secs_f64(),
                "gets_since_oldest": held.oldest,
                "held_blocks": held.blocks,
                "loans_at_least": held.loans,
                "beyond_loans": held.beyond,
            });
            merged([person.object(), held])
        });
        json!({
            "name": self.name,
            "kind": "queue",
            "context": self.context,
            "maxsize": snapshot.maxsize,
            "max_message": snapshot.max_message,
            "size": snapshot.size,
            "returned": snapshot.returned,
            "puts": snapshot.puts,
            "gets": snapshot.gets,
            "lost": snapshot.lost,
            "recovered": snapshot.recovered,
            "shut_down": snapshot.shut_down,
            "marked_as_removed": snapshot.removed,
            "waiting_to_get": snapshot.waiting_to_get,
            "waiting_to_put": snapshot.waiting_to_put,
            "schema": snapshot.schema,
            "created_unix_nanos": snapshot.created_unix_nanos,
            "virtual_bytes": snapshot.virtual_bytes,
            "resident_bytes": snapshot.resident_bytes,
            "participants_max": snapshot.participants_max,
            "loans": snapshot.loans,
            "participants": participants.collect::<Vec<_>>(),
        })
    }
}

fn holding(held: &Holding) -> String {
    let mut text = count(held.messages, "message");
    if held.kept_messages != 0 {
        let _ = write!(text, " ({} of them kept", held.kept_messages);
        let _ = write!(text, ", the longest for {:.1} s or more", held.kept_for.as_secs_f64());
        match held.oldest {
            Some(0) | None => {}
            Some(gets) => {
                let _ = write!(text, " and {}", count(gets, "get"));
            }
        }
        text.push(')');
    }
    let _ = write!(text, " and {}", count(held.blocks, "block"));
    if held.loans != 0 {
        let _ = write!(text, " (at least {} of them loans)", held.loans);
    }
    text
}
