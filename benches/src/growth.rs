//! How Ringway's speed and memory change with what is asked of it.

mod curves;
mod many;
mod page;
mod plot;

use std::error::Error;
use std::fs;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use crate::carry;
use crate::conditions::Conditions;
use crate::cores;
use crate::link::Load;
use crate::measure::{Figure, RUN_SECONDS, median, proven};
use curves::{Curve, Point};
use many::Many;

/// A point, measured.
struct Measured {
    point: Point,
    /// Million messages a second.
    speed: Figure,
    /// Bytes of address space of all queues.
    virtual_bytes: u64,
    /// Bytes of memory of all queues, after a run.
    resident_bytes: u64,
}

/// A curve, measured.
struct Line {
    curve: Curve,
    hop_nanos: f64,
    points: Vec<Measured>,
}

/// Measures the curves whose name contains `only`, tells them, and writes them into a folder if
/// there is one.
///
/// # Errors
/// When a worker failed, or the folder cannot be written.
pub fn run(rounds: usize, only: &str, folder: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let conditions = Conditions::now();
    let mut lines = Vec::new();
    for curve in curves::all().into_iter().filter(|curve| curve.name.contains(only)) {
        let line = measure(curve, rounds.max(1))?;
        println!("{}", page::section(&line));
        lines.push(line);
    }
    let Some(folder) = folder else { return Ok(()) };
    fs::create_dir_all(folder)?;
    fs::write(
        folder.join("growth.json"),
        serde_json::to_string_pretty(&page::object(&conditions, rounds, &lines))? + "\n",
    )?;
    fs::write(folder.join("growth.md"), page::page(&conditions, rounds, &lines))?;
    for line in &lines {
        plot::draw(line, &folder.join(format!("growth-{}.svg", line.curve.name)))?;
    }
    Ok(())
}

/// Rounds are interleaved here too: all points once, then all again.
fn measure(curve: Curve, rounds: usize) -> Result<Line, String> {
    let bar = ProgressBar::new((rounds + 1) as u64 * curve.points.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{prefix:14} {bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(curve.name);
    let mut loads = Vec::new();
    for point in &curve.points {
        bar.set_message(point.at.to_string());
        loads.push(calibrated(point)?);
        bar.inc(1);
    }
    let mut runs: Vec<Vec<f64>> = vec![Vec::new(); loads.len()];
    let mut bytes = vec![(0, 0); loads.len()];
    let mut hops = Vec::new();
    for _ in 0..rounds {
        hops.push(cores::hop_nanos());
        for (index, load) in loads.iter().enumerate() {
            bar.set_message(curve.points[index].at.to_string());
            let many = Many::new(curve.points[index].queues, load)?;
            runs[index].push(speed(&many, load)?);
            bytes[index] = many.bytes()?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let measured = |((&point, runs), bytes): ((&Point, &mut Vec<f64>), (u64, u64))| Measured {
        point,
        speed: Figure { median: median(runs), min: runs[0], max: runs[runs.len() - 1], p99: None },
        virtual_bytes: bytes.0,
        resident_bytes: bytes.1,
    };
    let points = curve.points.iter().zip(&mut runs).zip(bytes).map(measured).collect();
    Ok(Line { hop_nanos: median(&mut hops), points, curve })
}

/// The load of a point, with as many messages as make a run. The first messages take fresh memory,
/// so a short try would say little.
fn calibrated(point: &Point) -> Result<Load, String> {
    let mut load = Load { messages: 500, ..point.load };
    loop {
        let speed = speed(&Many::new(point.queues, &load)?, &load)?;
        if load.messages as f64 / speed / 1e6 > RUN_SECONDS / 2.0 {
            load.messages = ((speed * 1e6 * RUN_SECONDS) as u64).max(500);
            return Ok(load);
        }
        load.messages *= 4;
    }
}

fn speed(many: &Many, load: &Load) -> Result<f64, String> {
    let outcome = carry::processes(many, load)?;
    proven(&outcome, load)?;
    Ok(load.messages as f64 / outcome.seconds / 1e6)
}
