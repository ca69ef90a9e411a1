//! One look at one segment, and what is done about what it shows.

use ringway::inspect::{self, Segment, Trust};
use ringway::{Kind, ObjectInfo, OpenError, Place};

use super::finding::{Finding, Findings, Outcome, Remedy, fixed, left};
use super::trouble::{Trouble, dead_holder, ownerless, pids, stuck};
use super::{living, unopened};
use crate::args::Target;
use crate::outcome::{Done, failed};
use crate::text::{count, quoted};
use crate::view::{ObjectView, Objects, Seen, see, view};

/// What may be done.
pub(super) struct Doctoring {
    pub(super) fix: bool,
    pub(super) remove_abandoned: bool,
}

impl Doctoring {
    /// A segment. The error says that there is none.
    pub(super) fn examine(&self, name: &str, findings: &mut Findings) -> Done {
        let target = Target::of(name);
        let place = target.place();
        let path = place.path().unwrap_or_default();
        let unopened = match see(place) {
            Ok(Seen::Mapped(segment)) => {
                Examination { doctoring: self, name, place, segment: &segment, findings }.run();
                return Ok(());
            }
            Ok(Seen::Unmapped(facts)) => unopened::of_facts(&facts, &path),
            Err(error @ OpenError::NotFound { .. }) => return Err(failed(error)),
            Err(error) if path.symlink_metadata().is_err() => return Err(failed(error)),
            Err(error) => unopened::of_error(&error, name, &path),
        };
        let unopened::Unopened { kind, text, remedy, outcome } = unopened;
        findings.add(Finding { name: name.to_owned(), kind, text, remedy, outcome });
        Ok(())
    }
}

/// A segment that is being examined.
struct Examination<'a> {
    doctoring: &'a Doctoring,
    name: &'a str,
    place: &'a Place,
    segment: &'a Segment,
    findings: &'a mut Findings,
}

impl Examination<'_> {
    fn found(&mut self, kind: &'static str, text: String, remedy: Remedy) {
        self.found_of(self.name.to_owned(), kind, text, remedy);
    }

    fn found_of(&mut self, name: String, kind: &'static str, text: String, remedy: Remedy) {
        let (remedy, outcome) = remedy;
        self.findings.add(Finding { name, kind, text, remedy, outcome });
    }

    fn run(mut self) {
        if inspect::is_marked(self.segment) && inspect::has_name(self.segment) {
            let text = "it cannot be opened, and its name was not removed".to_owned();
            let remedy = self.restore();
            self.found("marked as removed", text, remedy);
        }
        let objects = Objects::of(self.segment);
        if let Some(damage) = objects.damage() {
            self.found("damage", format!("in the directory, {damage}"), anew());
        }
        self.of_the_dead(&objects);
        let sound: Vec<(&ObjectInfo, ObjectView)> =
            objects.list.iter().filter_map(|object| self.of_words(&objects, object)).collect();
        if inspect::participants(self.segment).iter().any(|participant| participant.alive) {
            self.of_the_living(&objects, &sound);
        } else if sound.len() == objects.list.len() && objects.damaged.is_empty() {
            let (text, is_done) = contents(&objects, &sound);
            let remedy = self.remove(is_done);
            self.found("abandoned", text, remedy);
        }
    }

    /// What the dead have left.
    fn of_the_dead(&mut self, objects: &Objects) {
        let trouble = Trouble::of(self.segment, &objects.list);
        if !trouble.impossible.is_empty() {
            let pids = pids(&trouble.impossible);
            self.found("damage", format!("participants that no process can be: {pids}"), anew());
        }
        if !trouble.can_be_mended() && trouble.impossible.is_empty() {
            return;
        }
        let done = self.recover();
        if !trouble.dead.is_empty() {
            self.found("dead participants", pids(&trouble.dead), done.clone());
        }
        for (queue, blocks) in &trouble.orphaned {
            let name = objects.name_of(self.name, queue);
            self.found_of(name, "orphaned blocks", ownerless(*blocks), done.clone());
        }
        for (lock, holder) in &trouble.held {
            let name = objects.name_of(self.name, lock);
            self.found_of(name, "dead holder", dead_holder(*holder), done.clone());
        }
        for entry in &trouble.stuck {
            self.found("unsettled object", stuck(entry), done.clone());
        }
    }

    /// Whether the words of an object are possible.
    fn of_words<'o>(
        &mut self,
        objects: &Objects,
        object: &'o ObjectInfo,
    ) -> Option<(&'o ObjectInfo, ObjectView)> {
        let name = objects.name_of(self.name, object);
        let damaged = match object.kind {
            Kind::Queue => inspect::accounts(self.segment, object).map_or(0, |found| found.damaged),
            _ => 0,
        };
        if damaged != 0 {
            let text = format!("{} with an impossible state", count(damaged, "block"));
            self.found_of(name.clone(), "damage", text, anew());
        }
        match view(self.segment, object) {
            Ok(seen) => Some((object, seen)),
            Err(text) => {
                let text = text.strip_prefix("damaged: ").unwrap_or(&text).to_owned();
                self.found_of(name, "damage", text, anew());
                None
            }
        }
    }

    /// What the living do that keeps others from going on.
    fn of_the_living(&mut self, objects: &Objects, sound: &[(&ObjectInfo, ObjectView)]) {
        let (stopped, hidden) = living::standing(self.segment);
        for found in stopped.values() {
            self.found("stopped", found.text.clone(), left(found.remedy.clone()));
        }
        if !hidden.is_empty() {
            let text = format!("/proc does not show whether it is stopped: {}", pids(&hidden));
            let remedy = "look as root, or mount /proc without hidepid".to_owned();
            self.found("hidden", text, (remedy, Outcome::Note));
        }
        for (lock, holder) in living::stopped_holders(self.segment, &objects.list, &stopped) {
            let name = objects.name_of(self.name, lock);
            let text = format!("it is held, and {}", holder.text);
            self.found_of(name, "stopped holder", text, left(holder.remedy.clone()));
        }
        for (object, seen) in sound {
            let ObjectView::Queue(snapshot) = seen else { continue };
            let name = objects.name_of(self.name, object);
            for text in living::hoarders(self.segment, object, snapshot).unwrap_or_default() {
                let remedy =
                    left("if puts find no free block, it has to drop some of them, or to end");
                self.found_of(name.clone(), "hoard", text, remedy);
            }
        }
    }

    /// Any process that uses the segment recovers as well.
    fn recover(&self) -> Remedy {
        if !self.doctoring.fix {
            let text = "the next process that opens it or waits there takes back what they held, \
                        or --fix does";
            return left(text);
        }
        match inspect::recover(self.place, Trust::default()) {
            Err(error) => left(format!("what they held could not be taken back: {error}")),
            Ok(_) if Trouble::of(self.segment, &Objects::of(self.segment).list).can_be_mended() => {
                left("some of it is still there, or there again; look once more")
            }
            Ok(_) => fixed("what they held was taken back"),
        }
    }

    /// Whether it is to be removed is found by the rest of the examination.
    fn restore(&self) -> Remedy {
        if !self.doctoring.fix {
            return left("--fix takes the mark back");
        }
        match inspect::restore(self.segment) {
            Ok(true) => fixed("the mark was taken back"),
            Ok(false) => fixed("its name is gone by now"),
            Err(error) => left(format!("the mark stays: {error}")),
        }
    }

    /// A segment that no living process has open.
    fn remove(&self, is_done: bool) -> Remedy {
        let Doctoring { fix, remove_abandoned } = *self.doctoring;
        if !(remove_abandoned || fix && is_done) {
            let how = match is_done {
                true => "--fix removes it",
                false => "open it, or --fix --remove-abandoned removes it",
            };
            return left(format!("{how}, as does ringway rm {}", quoted(self.name)));
        }
        match inspect::remove(self.segment) {
            Ok(true) => fixed("its name was removed"),
            Ok(false) => fixed("its name is gone, or stands for another by now"),
            Err(error) => left(error.to_string()),
        }
    }
}

fn anew() -> Remedy {
    left("drain what you can, then remove and recreate it")
}

/// What is in a segment that no process has open, and whether it is done with: it holds queues, and
/// each was shut down and drained.
fn contents(objects: &Objects, sound: &[(&ObjectInfo, ObjectView)]) -> (String, bool) {
    let queues: Vec<_> = sound
        .iter()
        .filter_map(|(_, seen)| match seen {
            ObjectView::Queue(queue) => Some(queue),
            ObjectView::Lock(_) => None,
        })
        .collect();
    let messages: u64 = queues.iter().map(|queue| queue.size).sum();
    let is_shut_down = !queues.is_empty() && queues.iter().all(|queue| queue.shut_down);
    let mut text = String::new();
    if is_shut_down {
        text += "shut down, ";
    }
    if !queues.is_empty() && messages == 0 {
        text += "empty, ";
    }
    text += "open nowhere";
    if messages != 0 {
        text += &format!(", with {} in it", count(messages, "message"));
    }
    if objects.is_context {
        text += &format!(", a context of {}", count(sound.len() as u64, "object"));
    }
    (text, is_shut_down && messages == 0)
}
