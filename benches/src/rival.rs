//! What a rival has to tell of itself, and how it is measured.

use crate::carry::{self, Outcome};
use crate::link::{Link, Load};
use crate::workload::Kind;
use crate::{idle, trips, wakes};

/// Between what the ends are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Processes.
    Processes,
    /// Processes, by a crate for threads that was laid in shared memory before a fork: a ceiling,
    /// which stops when a process dies.
    Forked,
    /// Threads of one process.
    Threads,
}

impl Between {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Forked => "forked",
            Self::Threads => "threads",
        }
    }
    /// What rivals between such are measured in if they say nothing else.
    pub fn joins(self, kind: Kind) -> bool {
        match kind {
            Kind::Throughput | Kind::RoundTrip => true,
            Kind::Wake | Kind::Idle => self != Self::Threads,
            Kind::InPlace | Kind::Typed(_) | Kind::IdleProcesses | Kind::IdleThreads => false,
        }
    }
}

/// Which release of a rival is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// That of the crate of this name which is locked.
    Crate(&'static str),
    /// In words.
    Words(String),
}

/// What is said about a rival.
#[derive(Clone, Debug)]
pub struct About {
    /// What it is called.
    pub name: &'static str,
    /// Its release.
    pub release: Release,
    /// Between what.
    pub between: Between,
    /// How its ends wait.
    pub waits: &'static str,
}

impl About {
    /// A crate.
    pub fn of_crate(
        name: &'static str,
        release: &'static str,
        between: Between,
        waits: &'static str,
    ) -> Self {
        Self { name, release: Release::Crate(release), between, waits }
    }
    /// Something of the kernel, between processes that sleep in it.
    pub fn of_kernel(name: &'static str) -> Self {
        Self {
            name,
            release: Release::Words("kernel".to_owned()),
            between: Between::Processes,
            waits: "sleeps",
        }
    }
}

/// A rival that makes links, or Ringway itself.
pub trait Rival {
    /// What it makes.
    type Link: Link;
    /// What it is.
    fn about(&self) -> About;
    /// Why it cannot be measured here, if it cannot.
    fn missing(&self) -> Option<String> {
        None
    }
    /// What it is measured in, as far as it carries the load.
    fn joins(&self, kind: Kind) -> bool {
        self.about().between.joins(kind)
    }
    /// Whether it carries such a load.
    fn carries(&self, load: &Load) -> bool;
    /// Makes so many links, before anybody is started.
    ///
    /// # Errors
    /// When the system does not give what they need.
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Self::Link>, String>;
}

/// What one run brought.
#[derive(Clone, Debug)]
pub enum Run {
    /// A load was carried.
    Carried(Outcome),
    /// How long each of some equal things took, in nanoseconds, sorted.
    Nanos(Vec<u32>),
    /// Milliseconds of CPU in a second.
    Cpu(f64),
    /// A figure that was made and proven elsewhere, and its 99th percentile.
    Told(f64, f64),
}

/// Whoever is measured.
pub trait Contestant {
    /// What it is.
    fn about(&self) -> About;
    /// Why it cannot be measured here, if it cannot.
    fn missing(&self) -> Option<String>;
    /// What it is measured in, as far as it carries the load.
    fn joins(&self, kind: Kind) -> bool;
    /// Whether it carries such a load.
    fn carries(&self, load: &Load) -> bool;
    /// Measures it once.
    ///
    /// # Errors
    /// When a worker failed.
    fn run(&self, kind: Kind, load: &Load) -> Result<Run, String>;
}

impl<R: Rival> Contestant for R {
    fn about(&self) -> About {
        Rival::about(self)
    }
    fn missing(&self) -> Option<String> {
        Rival::missing(self)
    }
    fn joins(&self, kind: Kind) -> bool {
        Rival::joins(self, kind)
    }
    fn carries(&self, load: &Load) -> bool {
        Rival::carries(self, load)
    }
    fn run(&self, kind: Kind, load: &Load) -> Result<Run, String> {
        let threads = Rival::about(self).between == Between::Threads;
        let links = match kind {
            Kind::RoundTrip => self.links(load, 2),
            Kind::IdleThreads => self.links(&Load { receivers: 1, ..*load }, load.receivers),
            _ => self.links(load, 1),
        }?;
        match (kind, &links[..]) {
            (Kind::RoundTrip, [there, back]) if threads => {
                Ok(Run::Nanos(trips::threads(there, back, load)))
            }
            (Kind::RoundTrip, [there, back]) => trips::processes(there, back, load).map(Run::Nanos),
            (Kind::Wake, [link]) => wakes::processes(link, load).map(Run::Nanos),
            (Kind::Idle | Kind::IdleProcesses, [link]) => idle::processes(link, load).map(Run::Cpu),
            (Kind::IdleThreads, links) => idle::threads(links, load).map(Run::Cpu),
            (_, [link]) if threads => Ok(Run::Carried(carry::threads(link, load))),
            (_, [link]) => carry::processes(link, load).map(Run::Carried),
            _ => Err(format!("{} made {} links", Rival::about(self).name, links.len())),
        }
    }
}
