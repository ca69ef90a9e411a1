//! `ringway stat`.

mod object;
mod sheet;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use clap::Args;
use ringway::inspect::{self, Attendee, Held, Holds, ProcessInfo, Segment, Snapshot};

use crate::outcome::{Done, Failure, failed, unwritten};
use crate::terms::{place, seconds};

/// Shows a queue: its size, its totals, who has it open, and who holds what for how long
///
/// It looks twice. What a participant holds at both looks, it has held at least for the time between them; with --watch,
/// since it was seen first.
///
/// Example: ringway stat jobs --over 5
#[derive(Args)]
pub(crate) struct Stat {
    /// The name of the queue, or a path with a slash in it
    name: String,
    /// Time between two looks
    #[arg(long, value_name = "SECONDS", default_value = "0.2", value_parser = seconds, allow_negative_numbers = true)]
    over: Duration,
    /// Go on looking, until it is interrupted or the queue is removed
    #[arg(long)]
    watch: bool,
    /// Print a JSON object, with --watch one a line
    #[arg(long)]
    json: bool,
}

/// What there is to see of a queue.
struct View {
    name: String,
    snapshot: Snapshot,
    participants: Vec<Participant>,
}

struct Participant {
    attendee: Attendee,
    /// `None` of the dead, and of those in another PID namespace.
    info: Option<ProcessInfo>,
    held: Held,
}

/// No more than these can be asleep: the dead have left registrations.
fn living_threads(participants: &[Participant]) -> u32 {
    let mut seen = BTreeSet::new();
    let living = participants.iter().filter(|participant| participant.participant.alive);
    living
        .filter(|participant| {
            !participant.participant.is_here || seen.insert(participant.participant.pid)
        })
        .map(|participant| participant.info.as_ref().map_or(u32::MAX, |info| info.threads as u32))
        .fold(0, u32::saturating_add)
}

/// Others have no part in what we would go on looking at.
fn gone(segment: &Segment) -> Failure {
    let is_taken = segment.path().is_some_and(|path| path.symlink_metadata().is_ok());
    let what = if is_taken { "its name stands for another by now" } else { "its name was removed" };
    Failure::Failed(format!("{}: {what}", segment.label()))
}

impl Stat {
    pub(crate) fn run(self) -> Done {
        let segment = inspect::open(&place(&self.name)).map_err(failed)?;
        let mut holds = Holds::look(&segment, None);
        loop {
            thread::sleep(self.over);
            if self.watch && !inspect::has_name(&segment) {
                return Err(gone(&segment));
            }
            holds = Holds::look(&segment, Some(&holds));
            let view = self.view(&segment, &holds)?;
            let text = match self.json {
                true => object::of(&view).to_string() + "\n",
                false => sheet::of(&view),
            };
            let mut output = io::stdout().lock();
            output.write_all(text.as_bytes()).map_err(unwritten)?;
            if !self.watch {
                return Ok(());
            }
            let blank: &[u8] = if self.json { b"" } else { b"\n" };
            output.write_all(blank).and_then(|()| output.flush()).map_err(unwritten)?;
        }
    }

    fn view(&self, segment: &Segment, holds: &Holds) -> Result<View, Failure> {
        let mut snapshot = inspect::snapshot(segment)
            .map_err(|fault| Failure::Failed(format!("{}: {fault}", segment.label())))?;
        let participants = snapshot.holders.iter().map(|holder| {
            let attendee = holder.participant.clone();
            let is_seen = attendee.alive && attendee.is_here;
            let info = is_seen.then(|| inspect::info_of(attendee.pid)).flatten();
            Participant { held: holds.of(&attendee), info, attendee }
        });
        let participants: Vec<Participant> = participants.collect();
        let threads = living_threads(&participants);
        for waiting in [&mut snapshot.waiting_to_get, &mut snapshot.waiting_to_put] {
            *waiting = (*waiting).min(threads);
        }
        Ok(View { name: self.name.clone(), participants, snapshot })
    }
}
