//! One look at one queue, and what is done about what it shows.

use ringway::inspect::{self, Maker, Remains, Segment, Snapshot, printable};
use ringway::{OpenError, SegmentError};

use super::finding::{Finding, Findings};
use super::{living, unopened};
use crate::outcome::{Done, failed};
use crate::terms::{Bytes, count, place, quoted, quoted_path};

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
            Maker::AtWork => {
                (text + " yet, and has it open", "wait for it, or end it".to_owned(), false)
            }
            Maker::Unknown(error) => (
                text,
                format!("cannot see whether anybody has it open ({error}); {by_hand}"),
                false,
            ),
            Maker::Gone if !self.fix => {
                (text + " and is gone", "--fix removes it".to_owned(), false)
            }
            Maker::Gone => match remains.remove() {
                Ok(true) => (text + " and is gone", "it was removed".to_owned(), true),
                Ok(false) => (text, "somebody has it open by now".to_owned(), false),
                Err(error) => (text, format!("it cannot be removed: {error}"), false),
            },
        };
        findings.add(Finding {
            queue: remains.name.clone(),
            kind: "half made",
            text,
            remedy,
            fixed,
        });
    }

    /// A queue. The error says that there is none.
    pub(super) fn examine(&self, name: &str, findings: &mut Findings) -> Done {
        let mut found = |kind, text: String, (remedy, fixed): (String, bool)| {
            findings.add(Finding { queue: name.to_owned(), kind, text, remedy, fixed });
        };
        let segment = match inspect::open(&place(name)) {
            Ok(segment) => segment,
            Err(error @ OpenError::NotFound { .. }) => return Err(failed(error)),
            Err(error) => {
                let path = place(name).path().unwrap_or_default();
                if path.symlink_metadata().is_err() {
                    return Err(failed(error)); // not even a name
                }
                let (kind, text, remedy) = unopened::finding(&error, name, &path);
                found(kind, text, (remedy, false));
                return Ok(());
            }
        };
        if inspect::is_marked(&segment) && inspect::has_name(&segment) {
            let text = "nobody can open it, and its name was not removed".to_owned();
            found("marked as removed", text, self.restore(&segment));
        }
        let anew =
            || ("take out what can be got, then remove it and make it anew".to_owned(), false);
        let (dead, nobody) = dead_participants(&segment);
        if !nobody.is_empty() {
            found(
                "damage",
                format!("participants that no process can be: {}", pids(&nobody)),
                anew(),
            );
        }
        let orphaned = inspect::accounts(&segment).orphaned;
        if !dead.is_empty() || !nobody.is_empty() || orphaned != 0 {
            let done = self.recover(name, &segment);
            if !dead.is_empty() {
                found("dead participants", pids(&dead), done.clone());
            }
            if orphaned != 0 {
                found("orphaned blocks", format!("{} of nobody", count(orphaned, "block")), done);
            }
        }
        let damaged = inspect::accounts(&segment).damaged;
        if damaged != 0 {
            found(
                "damage",
                format!("{} with a state that nobody writes", count(damaged, "block")),
                anew(),
            );
        }
        match inspect::snapshot(&segment) {
            Err(SegmentError::Corrupt(word)) => {
                let text = word.to_string();
                found("damage", text.strip_prefix("damaged: ").unwrap_or(&text).to_owned(), anew());
            }
            Err(fault) => found("damage", fault.to_string(), anew()),
            Ok(snapshot) if !snapshot.holders.iter().any(|holder| holder.participant.alive) => {
                let (text, empty) = contents(&snapshot);
                found("abandoned", text, self.remove(name, &segment, snapshot.shut_down && empty));
            }
            Ok(snapshot) => {
                for (text, remedy) in living::stopped(&snapshot) {
                    found("stopped", text, (remedy, false));
                }
                for text in living::hoarders(&segment, &snapshot) {
                    let remedy = "if puts find no free block, it has to let go of some, or to end"
                        .to_owned();
                    found("hoard", text, (remedy, false));
                }
            }
        }
        Ok(())
    }

    /// Opening and recovering is what anybody who uses the queue does as well.
    fn recover(&self, name: &str, segment: &Segment) -> (String, bool) {
        if !self.fix {
            return (
                "whoever uses the queue next takes back what they held, or --fix does".to_owned(),
                false,
            );
        }
        let recovered = match Bytes::options().open_any(place(name)) {
            Ok(queue) => queue.recover().map(drop).map_err(|fault| fault.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let is_left = || {
            inspect::attendees(segment).iter().any(|attendee| !attendee.alive)
                || inspect::accounts(segment).orphaned != 0
        };
        match recovered {
            Err(error) => (format!("what they held could not be taken back: {error}"), false),
            Ok(()) if is_left() => {
                ("some of it is still there, or there again; look once more".to_owned(), false)
            }
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
            let how = if is_done {
                "--fix removes it"
            } else {
                "open it, or --fix --remove-abandoned removes it"
            };
            return (format!("{how}, as does ringway rm {}", quoted(name)), false);
        }
        match inspect::remove(segment) {
            Ok(true) => ("its name was removed".to_owned(), true),
            Ok(false) => ("its name is gone, or stands for another queue by now".to_owned(), true),
            Err(error) => (error.to_string(), false),
        }
    }
}

/// The dead, and entries of the table that name no process that could ever be.
fn dead_participants(segment: &Segment) -> (Vec<u32>, Vec<u32>) {
    const PID_MAX: u32 = 1 << 22; // of the kernel
    let attendees = inspect::attendees(segment).into_iter();
    let dead = attendees.filter(|attendee| !attendee.alive).map(|attendee| attendee.pid);
    dead.partition(|pid| (1..=PID_MAX).contains(pid))
}

/// The first of them.
fn pids(pids: &[u32]) -> String {
    const MOST: usize = 8;
    let first: Vec<String> = pids.iter().take(MOST).map(u32::to_string).collect();
    let end =
        if pids.len() > MOST { format!(" and {} more", pids.len() - MOST) } else { String::new() };
    format!("pid {}{end}", first.join(", "))
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
