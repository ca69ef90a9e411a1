//! `ringway stat`.

mod context;
mod lock;
mod person;
mod queue;
mod sheet;
mod unmapped;

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use clap::Args;
use ringway::inspect::{self, Segment};
use ringway::{Kind, ObjectInfo};
use serde_json::Value;

use crate::args::{Target, seconds};
use crate::outcome::{Done, Failure, failed, unwritten};
use crate::view::{Objects, Seen, find, see};

/// Shows a queue, a lock or a context: its state, its totals, and which processes have it open
///
/// Of a queue, it shows what each process holds, and for how long; of a lock, the holder. It looks
/// twice: what a process holds at both looks, it has held for at least the time between them; with
/// --watch, since the first look that found it.
///
/// `ringway stat CONTEXT` lists the objects of a context, `ringway stat CONTEXT/OBJECT` shows one.
/// If there is no segment named CONTEXT, a name with a slash in it is a path. Of a segment that
/// other users can reach it shows only what can be read without mapping it.
///
/// Example: ringway stat jobs --over 5
#[derive(Args)]
pub(crate) struct Stat {
    /// The name of an object or a context, CONTEXT/OBJECT, or a path with a slash in it
    name: String,
    /// Time between two looks
    #[arg(long, value_name = "SECONDS", default_value = "0.2", value_parser = seconds, allow_negative_numbers = true)]
    over: Duration,
    /// Go on looking, until it is interrupted or the name is removed
    #[arg(long)]
    watch: bool,
    /// Print a JSON object, with --watch one a line
    #[arg(long)]
    json: bool,
}

/// What was seen, for people and for programs.
trait Report {
    fn sheet(&self) -> String;
    fn object(&self) -> Value;
}

/// What is looked at, with what earlier looks have found.
enum Subject {
    Queue(queue::Watched),
    Lock(lock::Watched),
    Context(String),
}

/// An object, and what the command calls it.
struct Named {
    name: String,
    /// The name of its context, if it is not alone in its segment.
    context: Option<String>,
    label: String,
    info: ObjectInfo,
}

impl Stat {
    pub(crate) fn run(self) -> Done {
        let target = Target::of(&self.name);
        let segment = match see(target.place()).map_err(failed)? {
            Seen::Mapped(segment) => segment,
            Seen::Unmapped(facts) => {
                return self.print(&unmapped::View { name: self.name.clone(), facts });
            }
        };
        let mut subject = self.subject(&segment, &target)?;
        loop {
            thread::sleep(self.over);
            if self.watch {
                subject.check_name(&segment)?;
            }
            self.print(&*subject.look(&segment)?)?;
            if !self.watch {
                return Ok(());
            }
        }
    }

    fn subject(&self, segment: &Segment, target: &Target) -> Result<Subject, Failure> {
        let name = self.name.clone();
        let named = match target {
            Target::Object { context, name: object } => {
                let (info, label) = find(segment, context, object)?;
                let context = name.split_once('/').map(|(context, _)| context.to_owned());
                Named { name, context, label, info }
            }
            Target::Segment(place) => {
                let objects = Objects::of(segment);
                if objects.is_context {
                    return Ok(Subject::Context(name));
                }
                let damage = objects.damage().unwrap_or_default();
                let Some(info) = objects.list.into_iter().next() else {
                    return Err(Failure::Failed(format!("{}: damaged: {damage}", segment.label())));
                };
                Named { name, context: None, label: place.label(info.kind.name()), info }
            }
        };
        match named.info.kind {
            Kind::Queue => queue::Watched::begin(segment, named).map(Subject::Queue),
            Kind::Lock => lock::Watched::begin(segment, named).map(Subject::Lock),
            kind => Err(Failure::Failed(format!("this command cannot look at a {}", kind.name()))),
        }
    }

    fn print(&self, report: &dyn Report) -> Done {
        let text = match self.json {
            true => report.object().to_string() + "\n",
            false if self.watch => report.sheet() + "\n",
            false => report.sheet(),
        };
        let mut output = io::stdout().lock();
        output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(unwritten)
    }
}

impl Subject {
    fn look(&mut self, segment: &Segment) -> Result<Box<dyn Report>, Failure> {
        Ok(match self {
            Self::Queue(queue) => Box::new(queue.look(segment)?),
            Self::Lock(lock) => Box::new(lock.look(segment)?),
            Self::Context(name) => Box::new(context::View::of(name, segment)),
        })
    }

    /// Fails when the name does not stand for it any more: other processes have no part in it then.
    fn check_name(&self, segment: &Segment) -> Done {
        let (label, named) = match self {
            Self::Queue(queue) => (queue.named.label.as_str(), Some(&queue.named)),
            Self::Lock(lock) => (lock.named.label.as_str(), Some(&lock.named)),
            Self::Context(_) => (segment.label(), None),
        };
        let is_there = |named: &Named| {
            let same = |info: &ObjectInfo| {
                (info.entry, info.generation) == (named.info.entry, named.info.generation)
            };
            Objects::of(segment).list.iter().any(|info| same(info) && !info.is_going)
        };
        let what = if !inspect::has_name(segment) {
            let is_taken = segment.path().is_some_and(|path| path.symlink_metadata().is_ok());
            if is_taken { "its name stands for another by now" } else { "its name was removed" }
        } else if named.is_none_or(|named| named.context.is_none() || is_there(named)) {
            return Ok(());
        } else {
            "its name was removed"
        };
        Err(Failure::Failed(format!("{label}: {what}")))
    }
}
