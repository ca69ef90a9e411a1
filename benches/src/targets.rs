//! What Ringway wants to reach, as ratios within one run.

use std::fmt::Write as _;

use crate::measure::Table;

struct Target {
    workload: &'static str,
    ours: &'static str,
    against: &'static str,
    /// Less is better.
    time: bool,
    first: f64,
    goal: f64,
}

const fn speed(workload: &'static str, ours: &'static str, against: &'static str, first: f64, goal: f64) -> Target {
    Target { workload, ours, against, time: false, first, goal }
}

const TARGETS: [Target; 20] = [
    speed("1:1", "ringway", "cloudtoid", 3.0, 5.0),
    speed("1:1", "ringway", "crossbeam-channel", 1.2, 3.0),
    speed("1:1", "ringway, spinning", "crossbeam ArrayQueue, forked", 0.8, 1.25),
    speed("1:1", "ringway, batches of 32", "crossbeam ArrayQueue, forked", 1.5, 2.5),
    speed("2:2", "ringway, spinning", "crossbeam ArrayQueue, forked", 0.8, 1.5),
    speed("4:4", "ringway, spinning", "crossbeam ArrayQueue, forked", 0.8, 1.5),
    speed("2:2", "ringway, spinning", "thingbuf, forked", 0.5, 1.0),
    speed("4:4", "ringway, spinning", "thingbuf, forked", 0.5, 1.0),
    speed("4:4", "ringway", "crossbeam-channel", 1.0, 2.0),
    speed("1:1", "ringway", "iceoryx2", 8.0, 12.0),
    speed("1:1", "ringway", "boost", 3.0, 6.0),
    speed("1:1", "ringway", "ipc-channel", 12.0, 30.0),
    speed("1:1", "ringway", "multiprocessing.Queue", 100.0, 200.0),
    speed("64KiB", "ringway", "shmem-ipc", 1.0, 1.2),
    speed("64KiB", "ringway", "iceoryx2", 1.0, 1.2),
    speed("1MiB", "ringway", "shmem-ipc", 1.0, 1.2),
    speed("1MiB", "ringway", "iceoryx2", 1.0, 1.2),
    Target {
        workload: "round-trip",
        ours: "ringway, spinning",
        against: "crossbeam ArrayQueue, forked",
        time: true,
        first: 1.2,
        goal: 0.8,
    },
    Target { workload: "round-trip", ours: "ringway", against: "crossbeam-channel", time: true, first: 1.5, goal: 1.0 },
    Target {
        workload: "round-trip",
        ours: "ringway, sleeping",
        against: "futex ping-pong",
        time: true,
        first: 1.2,
        goal: 1.05,
    },
];

/// The median of a rival in a workload.
pub fn median(table: &Table, name: &str) -> Option<f64> {
    let row = table.rows.iter().find(|row| row.name == name)?;
    row.figure.as_ref().ok().map(|figure| figure.median)
}

/// The targets of which both sides were measured.
pub fn markdown(tables: &[Table]) -> String {
    let mut text = String::from(
        "\n## Targets\n\nRatios of medians within the run; of round trips, less is better.\n\n\
         | what | against | first step | goal | measured | |\n|---|---|---|---|---|---|\n",
    );
    for Target { workload, ours, against, time, first, goal } in &TARGETS {
        let Some(table) = tables.iter().find(|table| table.workload.name == *workload) else { continue };
        let Some((ours_is, theirs)) = median(table, ours).zip(median(table, against)) else { continue };
        let ratio = ours_is / theirs;
        let reaches = |bound: f64| if *time { ratio <= bound } else { ratio >= bound };
        let verdict = match (reaches(*goal), reaches(*first)) {
            (true, _) => "goal met",
            (false, true) => "first step met",
            (false, false) => "missed",
        };
        let _ = writeln!(text, "| {workload}, {ours} | {against} | {first} | {goal} | {ratio:.2} | {verdict} |");
    }
    text
}
