//! What the dead have left in a segment. A recovery takes it back.

use ringway::inspect::{self, ParticipantInfo, Segment, Step, Unsettled};
use ringway::{Kind, ObjectInfo};

use crate::text::count;

/// What the dead have left in a segment.
pub(super) struct Trouble {
    /// Participants that are dead.
    pub(super) dead: Vec<u32>,
    /// Participants with a number that no process can have: damage, which no recovery takes back.
    pub(super) impossible: Vec<u32>,
    /// Queues with blocks that no participant owns, and how many.
    pub(super) orphaned: Vec<(ObjectInfo, u64)>,
    /// Locks held by participants that are dead or gone, and the holder.
    pub(super) held: Vec<(ObjectInfo, Option<u32>)>,
    /// Directory entries whose owner is dead or gone.
    pub(super) stuck: Vec<Unsettled>,
}

impl Trouble {
    pub(super) fn of(segment: &Segment, objects: &[ObjectInfo]) -> Self {
        const PID_MAX: u32 = 1 << 22; // of the kernel
        let participants = inspect::participants(segment).into_iter();
        let dead = participants.filter(|participant| !participant.alive).map(|dead| dead.pid);
        let (dead, impossible) = dead.partition(|pid| (1..=PID_MAX).contains(pid));
        let of_kind = |kind| objects.iter().filter(move |object| object.kind == kind);
        let orphaned = of_kind(Kind::Queue).filter_map(|queue| {
            let accounts = inspect::accounts(segment, queue).ok()?;
            (accounts.orphaned != 0).then(|| (queue.clone(), accounts.orphaned))
        });
        let held = of_kind(Kind::Lock).filter_map(|lock| {
            let seen = inspect::lock_snapshot(segment, lock).ok()?;
            let is_gone = seen.held && is_gone(seen.holder.as_ref());
            is_gone.then(|| (lock.clone(), seen.holder.map(|holder| holder.pid)))
        });
        let unsettled = inspect::unsettled(segment).into_iter();
        Self {
            dead,
            impossible,
            orphaned: orphaned.collect(),
            held: held.collect(),
            stuck: unsettled.filter(|entry| is_gone(entry.owner.as_ref())).collect(),
        }
    }

    /// Whether there is anything to be taken back.
    pub(super) fn can_be_mended(&self) -> bool {
        !(self.dead.is_empty()
            && self.orphaned.is_empty()
            && self.held.is_empty()
            && self.stuck.is_empty())
    }
}

fn is_gone(owner: Option<&ParticipantInfo>) -> bool {
    owner.is_none_or(|owner| !owner.alive)
}

/// What a lock of the dead is found as.
pub(super) fn dead_holder(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("held by pid {pid}, which is dead"),
        None => "held by a participant that is gone".to_owned(),
    }
}

/// What a directory entry without a living owner is found as.
pub(super) fn stuck(entry: &Unsettled) -> String {
    let kind = entry.kind.map_or("object", Kind::name);
    let what = match entry.step {
        Step::Making => "was being made",
        Step::Closing => "was being closed",
        Step::Clearing => "was being cleared",
    };
    let owner = match &entry.owner {
        Some(owner) => format!("pid {}, which is dead", owner.pid),
        None => "a participant that is gone".to_owned(),
    };
    format!("a {kind} (entry {}) {what} by {owner}", entry.entry)
}

/// The first of these numbers.
pub(super) fn pids(pids: &[u32]) -> String {
    const MOST: usize = 8;
    let first: Vec<String> = pids.iter().take(MOST).map(u32::to_string).collect();
    let end =
        if pids.len() > MOST { format!(" and {} more", pids.len() - MOST) } else { String::new() };
    format!("pid {}{end}", first.join(", "))
}

/// How many blocks have no owner.
pub(super) fn ownerless(blocks: u64) -> String {
    format!("{} with no living owner", count(blocks, "block"))
}
