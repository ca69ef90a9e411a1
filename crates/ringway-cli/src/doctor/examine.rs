//! One look at one queue, and what is done about what it shows.

use ringway::inspect::{self, Holds, Maker, Remains, Segment, Snapshot, printable};
use ringway::{Fault, OpenError, Place};

use super::finding::{Finding, Findings};
use crate::outcome::{Done, failed};
use crate::terms::{Bytes, quoted, quoted_path};

/// What may be done.
pub(super) struct Doctoring {
    pub(super) fix: bool,
    pub(super) remove_abandoned: bool,
}

impl Doctoring {
    /// What a killed creator has left.
    pub(super) fn bury(&self, remains: &Remains, findings: &mut Findings) {
        let text = match remains.is_visible {
            true => "its creator did not finish it".to_owned(),
            false => format!("its creator left {}", printable(&remains.path.to_string_lossy())),
        };
        let by_hand = format!("if nobody is making it: rm {}", quoted_path(&remains.path));
        let (text, remedy, fixed) = match remains.maker() {
            Maker::AtWork => (text + " yet, and has it open", "wait for it, or end it".to_owned(), false),
            Maker::Unknown(error) => {
                (text, format!("cannot see whether anybody has it open ({error}); {by_hand}"), false)
            }
            Maker::Gone if !self.fix => (text + " and is gone", "--fix removes it".to_owned(), false),
            Maker::Gone => match remains.remove() {
                Ok(true) => (text + " and is gone", "it was removed".to_owned(), true),
                Ok(false) => (text, "somebody has it open by now".to_owned(), false),
                Err(error) => (text, format!("it cannot be removed: {error}"), false),
            },
        };
        findings.add(Finding { queue: remains.name.clone(), kind: "half made", text, remedy, fixed });
    }

    /// A queue. The error says that there is none.
    pub(super) fn examine(&self, name: &str, findings: &mut Findings) -> Done {
        let mut found = |kind, text: String, (remedy, fixed): (String, bool)| {
            findings.add(Finding { queue: name.to_owned(), kind, text, remedy, fixed });
        };
        let segment = match inspect::open(&Place::from(name)) {
            Ok(segment) => segment,
            Err(error @ OpenError::NotFound { .. }) => return Err(failed(error)),
            Err(error @ OpenError::BadName { .. }) if !is_there(name) => return Err(failed(error)),
            Err(error @ (OpenError::Refused { .. } | OpenError::BadName { .. })) => {
                let by_force = format!("if it is of no use to another program: ringway rm --force {}", quoted(name));
                found("refused", error.to_string(), (by_force, false));
                return Ok(());
            }
            Err(error) => {
                found("unreadable", error.to_string(), ("look as the user who owns it".to_owned(), false));
                return Ok(());
            }
        };
        if inspect::is_marked(&segment) && inspect::has_name(&segment) {
            let text = "nobody can open it, and its name was not removed".to_owned();
            found("marked as removed", text, self.restore(&segment));
        }
        let dead = dead_participants(&segment);
        let orphaned = inspect::accounts(&segment).orphaned;
        if !dead.is_empty() || orphaned != 0 {
            let done = self.recover(name, &segment);
            if !dead.is_empty() {
                found("dead participants", format!("dead: pid {}", dead.join(", ")), done.clone());
            }
            if orphaned != 0 {
                found("orphaned blocks", format!("{orphaned} blocks belong to nobody"), done);
            }
        }
        let anew = || ("take out what can be got, then remove it and make it anew".to_owned(), false);
        let damaged = inspect::accounts(&segment).damaged;
        if damaged != 0 {
            found("damage", format!("{damaged} blocks have a state that nobody writes"), anew());
        }
        match inspect::snapshot(&segment) {
            Err(Fault::Corrupt(word)) => found("damage", word.to_string(), anew()),
            Err(fault) => found("damage", fault.to_string(), anew()),
            Ok(snapshot) if !snapshot.holders.iter().any(|holder| holder.attendee.alive) => {
                let (text, empty) = contents(&snapshot);
                found("abandoned", text, self.remove(name, &segment, snapshot.shut_down && empty));
            }
            Ok(snapshot) => {
                for text in hoarders(&segment, &snapshot) {
                    let remedy = "if puts find no free block, it has to let go of some, or to end".to_owned();
                    found("hoard", text, (remedy, false));
                }
            }
        }
        Ok(())
    }

    /// Opening and recovering is what anybody who uses the queue does as well.
    fn recover(&self, name: &str, segment: &Segment) -> (String, bool) {
        if !self.fix {
            return ("whoever uses the queue next takes back what they held, or --fix does".to_owned(), false);
        }
        let recovered = match Bytes::options().open_any(name) {
            Ok(queue) => queue.recover().map(drop).map_err(|fault| fault.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let is_left = || !dead_participants(segment).is_empty() || inspect::accounts(segment).orphaned != 0;
        match recovered {
            Err(error) => (format!("what they held could not be taken back: {error}"), false),
            Ok(()) if is_left() => ("some of it is still there, or there again; look once more".to_owned(), false),
            Ok(()) => ("what they held was taken back".to_owned(), true),
        }
    }

    /// Whether it is to be removed is for those to say who look at it then.
    fn restore(&self, segment: &Segment) -> (String, bool) {
        if !self.fix {
            return ("--fix takes the mark back".to_owned(), false);
        }
        match inspect::restore(segment) {
            Ok(true) => ("the mark was taken back".to_owned(), true),
            Ok(false) => ("its name is gone by now".to_owned(), true),
            Err(error) => (format!("the mark stays: {error}"), false),
        }
    }

    /// A queue that nobody has open.
    fn remove(&self, name: &str, segment: &Segment, is_done: bool) -> (String, bool) {
        if !(self.remove_abandoned || self.fix && is_done) {
            let how = if is_done { "--fix removes it" } else { "open it, or --fix --remove-abandoned removes it" };
            return (format!("{how}, as does ringway rm {}", quoted(name)), false);
        }
        match inspect::remove(segment) {
            Ok(true) => ("its name was removed".to_owned(), true),
            Ok(false) => ("its name is gone, or stands for another queue by now".to_owned(), true),
            Err(error) => (error.to_string(), false),
        }
    }
}

fn is_there(name: &str) -> bool {
    Place::from(name).path().is_some_and(|path| path.symlink_metadata().is_ok())
}

fn dead_participants(segment: &Segment) -> Vec<String> {
    let attendees = inspect::attendees(segment).into_iter();
    attendees.filter(|attendee| !attendee.alive).map(|attendee| attendee.pid.to_string()).collect()
}

/// What is in a queue that nobody has open, and whether that is nothing.
fn contents(snapshot: &Snapshot) -> (String, bool) {
    let shut_down = if snapshot.shut_down { "shut down, " } else { "" };
    match snapshot.size {
        0 => (format!("{shut_down}empty, and open nowhere"), true),
        1 => (format!("{shut_down}open nowhere, with 1 message in it"), false),
        count => (format!("{shut_down}open nowhere, with {count} messages in it"), false),
    }
}

/// Living participants that hold more than they were allowed.
fn hoarders(segment: &Segment, snapshot: &Snapshot) -> Vec<String> {
    let holds = Holds::look(segment, None);
    let living = snapshot.holders.iter().map(|holder| &holder.attendee).filter(|attendee| attendee.alive);
    living
        .filter_map(|attendee| {
            let held = holds.of(attendee);
            let (pid, beyond, loans) = (attendee.pid, held.beyond, snapshot.loans);
            (beyond != 0).then(|| {
                let what = format!("{} messages and {} blocks", held.messages, held.blocks);
                format!("pid {pid} holds {what}, {beyond} more than the {loans} that the option `loans` allows")
            })
        })
        .collect()
}
