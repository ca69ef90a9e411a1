//! What Ringway wants to reach, as ratios within one run.

use crate::measure::Table;

/// A median: of which workload, of whom.
type Figure = (&'static str, &'static str);

/// One thing to be reached.
#[derive(Debug)]
pub struct Target {
    /// In words.
    pub what: &'static str,
    ours: Figure,
    /// Without it the figure itself is the measure.
    against: Option<Figure>,
    /// Less is better.
    pub cost: bool,
    /// Soon.
    pub first: f64,
    /// In the end.
    pub goal: f64,
}

const fn more(what: &'static str, ours: Figure, against: Figure, first: f64, goal: f64) -> Target {
    Target { what, ours, against: Some(against), cost: false, first, goal }
}

const fn less(what: &'static str, ours: Figure, against: Figure, first: f64, goal: f64) -> Target {
    Target { what, ours, against: Some(against), cost: true, first, goal }
}

const RINGWAY: &str = "ringway";
const SPINNING: &str = "ringway, spinning";
const LOANS: &str = "ringway, loans";
const ARRAY: &str = "crossbeam ArrayQueue, forked";
const THINGBUF: &str = "thingbuf, forked";
const CROSSBEAM: &str = "crossbeam-channel";

#[rustfmt::skip]
const TARGETS: [Target; 23] = [
    more("1:1, against cloudtoid", ("1:1", RINGWAY), ("1:1", "cloudtoid"), 3.0, 5.0),
    more("1:1, against crossbeam-channel", ("1:1", RINGWAY), ("1:1", CROSSBEAM), 1.2, 3.0),
    more("1:1, spinning, against ArrayQueue laid in shared memory", ("1:1", SPINNING), ("1:1", ARRAY), 0.8, 1.25),
    more("1:1, batches of 32, against the same", ("1:1", "ringway, batches of 32"), ("1:1", ARRAY), 1.5, 2.5),
    more("2:2, spinning, against ArrayQueue laid in shared memory", ("2:2", SPINNING), ("2:2", ARRAY), 0.8, 1.5),
    more("4:4, spinning, against ArrayQueue laid in shared memory", ("4:4", SPINNING), ("4:4", ARRAY), 0.8, 1.5),
    more("2:2, spinning, against thingbuf laid in shared memory", ("2:2", SPINNING), ("2:2", THINGBUF), 0.5, 1.0),
    more("4:4, spinning, against thingbuf laid in shared memory", ("4:4", SPINNING), ("4:4", THINGBUF), 0.5, 1.0),
    more("4:4, against crossbeam-channel", ("4:4", RINGWAY), ("4:4", CROSSBEAM), 1.0, 2.0),
    more("1:1, against iceoryx2", ("1:1", RINGWAY), ("1:1", "iceoryx2"), 8.0, 12.0),
    more("1:1, against boost", ("1:1", RINGWAY), ("1:1", "boost"), 3.0, 6.0),
    more("1:1, against ipc-channel", ("1:1", RINGWAY), ("1:1", "ipc-channel"), 12.0, 30.0),
    more("1:1, against multiprocessing.Queue", ("1:1", RINGWAY), ("1:1", "multiprocessing.Queue"), 100.0, 200.0),
    less("round trip, spinning, against ArrayQueue laid in shared memory", ("round-trip", SPINNING), ("round-trip", ARRAY), 1.2, 0.8),
    less("round trip, against crossbeam-channel", ("round-trip", RINGWAY), ("round-trip", CROSSBEAM), 1.5, 1.0),
    less("round trip, both asleep, against a bare futex", ("round-trip", "ringway, sleeping"), ("round-trip", "futex ping-pong"), 1.2, 1.05),
    more("64 KiB by copy, against shmem-ipc", ("64KiB", RINGWAY), ("64KiB", "shmem-ipc"), 1.0, 1.2),
    more("64 KiB by copy, against iceoryx2", ("64KiB", RINGWAY), ("64KiB", "iceoryx2"), 1.0, 1.2),
    more("1 MiB by copy, against shmem-ipc", ("1MiB", RINGWAY), ("1MiB", "shmem-ipc"), 1.0, 1.2),
    more("1 MiB by copy, against iceoryx2", ("1MiB", RINGWAY), ("1MiB", "iceoryx2"), 1.0, 1.2),
    // Messages a second of the small ones by those of the large ones: time of the large ones by
    // that of the small ones.
    less("1 MiB loaned and read in place, untouched: time against 64 bytes", ("64B-untouched", LOANS), ("1MiB-untouched", LOANS), 2.0, 1.1),
    more("typed record of 1.7 KB, against ipc-channel", ("record", "ringway, typed"), ("record", "ipc-channel, typed"), 10.0, 20.0),
    // A tick of the kernel's clock in five seconds, below which nothing could be seen by ordinary
    // means.
    Target { what: "idle reader, ms of CPU a second", ours: ("idle", RINGWAY), against: None, cost: true, first: 2.0, goal: 2.0 },
];

impl Target {
    /// How far it is met.
    pub fn verdict(&self, measured: f64) -> &'static str {
        let reaches = |bound: f64| if self.cost { measured <= bound } else { measured >= bound };
        match (reaches(self.goal), reaches(self.first)) {
            (true, _) => "goal met",
            (false, true) => "first step met",
            (false, false) => "missed",
        }
    }
}

fn median(tables: &[Table], (workload, name): (&str, &str)) -> Option<f64> {
    let table = tables.iter().find(|table| table.workload.name == workload)?;
    let row = table.rows.iter().find(|row| row.about.name == name)?;
    row.figure.as_ref().ok().map(|figure| figure.median)
}

/// Of a rival's two ways to wait, the one that suits it best.
fn best(tables: &[Table], (workload, name): Figure) -> Option<f64> {
    let usual = median(tables, (workload, name))?;
    let pausing = median(tables, (workload, &format!("{name}, pausing")));
    Some(pausing.map_or(usual, |pausing| usual.max(pausing)))
}

/// The targets of which both sides were measured, and what was measured.
pub fn reached(tables: &[Table]) -> Vec<(&'static Target, f64)> {
    let measured = |target: &Target| {
        let ours = median(tables, target.ours)?;
        target.against.map_or(Some(ours), |against| Some(ours / best(tables, against)?))
    };
    TARGETS.iter().filter_map(|target| Some((target, measured(target)?))).collect()
}
