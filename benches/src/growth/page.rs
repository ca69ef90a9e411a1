//! Curves as tables and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Line, Measured};
use crate::conditions::Conditions;

/// All curves.
pub fn page(conditions: &Conditions, rounds: usize, lines: &[Line]) -> String {
    let Conditions { kernel, processor, cores, commit, rustc } = conditions;
    let mut text = format!(
        "# Growth\n\nHow speed and memory of Ringway change with one thing while the rest stays. Taken by \
         `benches/run growth`, commit {commit}, on {processor}, {cores} cores, {kernel}, {rustc}. Medians of {rounds} \
         interleaved rounds with least and most, default waiting, processes pinned to cores in turn. Memory is that of \
         the segment after a run: what was used once stays.\n"
    );
    for line in lines {
        let _ = write!(
            text,
            "\n{}\n![{}](growth-{}.svg)\n",
            section(line),
            line.curve.axis,
            line.curve.name
        );
    }
    text
}

/// One curve.
pub fn section(line: &Line) -> String {
    let mut text = format!(
        "## By {}\n\n{}; a cache line took {:.0} ns from core to core.\n\n\
         | {} | M msg/s | least | most | address space | memory |\n|---|---|---|---|---|---|\n",
        line.curve.name, line.curve.rest, line.hop_nanos, line.curve.axis
    );
    for Measured { point, speed, virtual_bytes, resident_bytes } in &line.points {
        let [all, resident] = [virtual_bytes, resident_bytes].map(|bytes| readable(*bytes));
        let _ = writeln!(
            text,
            "| {} | {:.4} | {:.4} | {:.4} | {all} | {resident} |",
            point.at, speed.median, speed.min, speed.max
        );
    }
    text
}

fn readable(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes >> 10),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
        _ => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
    }
}

/// All curves.
pub fn object(conditions: &Conditions, rounds: usize, lines: &[Line]) -> Value {
    let Conditions { kernel, processor, cores, commit, rustc } = conditions;
    let point = |measured: &Measured| {
        json!({
            "at": measured.point.at, "senders": measured.point.load.senders, "receivers": measured.point.load.receivers,
            "message_bytes": measured.point.load.size, "maxsize": measured.point.load.capacity,
            "queues": measured.point.queues, "median": measured.speed.median, "min": measured.speed.min,
            "max": measured.speed.max, "virtual_bytes": measured.virtual_bytes,
            "resident_bytes": measured.resident_bytes,
        })
    };
    let curve = |line: &Line| {
        json!({
            "name": line.curve.name, "axis": line.curve.axis, "rest": line.curve.rest, "unit": "M msg/s",
            "hop_nanos": line.hop_nanos, "points": line.points.iter().map(point).collect::<Vec<_>>(),
        })
    };
    json!({
        "commit": commit, "kernel": kernel, "processor": processor, "cores": cores, "rustc": rustc, "rounds": rounds,
        "pinned": true, "curves": lines.iter().map(curve).collect::<Vec<_>>(),
    })
}
