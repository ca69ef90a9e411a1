//! Measuring: proof first, then interleaved rounds.

use indicatif::{ProgressBar, ProgressStyle};

use crate::conditions;
use crate::link::{Load, Outcome, Rival};
use crate::payload;
use crate::run::ROUND_TRIPS_MAX;
use crate::workload::{Kind, Workload};

/// How long a run of a rival is meant to take, in seconds.
const RUN_SECONDS: f64 = 0.4;

/// Median, least and most of some rounds. For throughput in million messages a second; for round trips the medians of
/// the rounds in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The median.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
    /// Of round trips, the median of the 99th percentiles.
    pub p99: Option<f64>,
}

/// What a rival did in a workload.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Between what.
    pub between: &'static str,
    /// How it waits.
    pub waits: &'static str,
    /// Its figures, or why there are none.
    pub figure: Result<Figure, String>,
}

/// A workload measured.
#[derive(Clone, Debug)]
pub struct Table {
    /// The workload.
    pub workload: Workload,
    /// How long a cache line took from core to core, median over the rounds, in nanoseconds.
    pub hop_nanos: f64,
    /// One row for each rival, in their own order.
    pub rows: Vec<Row>,
}

/// Measures one workload with all rivals that can carry it.
pub fn measure(rivals: &[Box<dyn Rival>], workload: &Workload, rounds: usize) -> Table {
    let bar = ProgressBar::new((rounds + 1) as u64 * rivals.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{prefix:12} {bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(workload.name.clone());
    let mut prepared: Vec<Result<u64, String>> = Vec::new();
    for rival in rivals {
        bar.set_message(rival.name());
        prepared.push(prepare(rival.as_ref(), workload));
        bar.inc(1);
    }
    let mut runs: Vec<Vec<(f64, f64)>> = vec![Vec::new(); rivals.len()];
    let mut hops = Vec::new();
    for _ in 0..rounds {
        hops.push(conditions::hop_nanos());
        for (index, rival) in rivals.iter().enumerate() {
            bar.set_message(rival.name());
            if let Ok(messages) = prepared[index] {
                match once(rival.as_ref(), workload, messages) {
                    Ok(run) => runs[index].push(run),
                    Err(why) => prepared[index] = Err(why),
                }
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let rows = rivals.iter().zip(prepared).zip(runs).map(|((rival, prepared), runs)| Row {
        name: rival.name(),
        between: rival.between().name(),
        waits: rival.waits(),
        figure: prepared.map(|_| figure(workload, &runs)),
    });
    Table { workload: workload.clone(), hop_nanos: median(&mut hops), rows: rows.collect() }
}

/// Proves that every byte arrives, and finds how many messages a run takes.
fn prepare(rival: &dyn Rival, workload: &Workload) -> Result<u64, String> {
    if let Some(why) = rival.missing() {
        return Err(why);
    }
    if !rival.carries(&workload.load) {
        return Err("does not carry this".to_owned());
    }
    if workload.kind == Kind::RoundTrip {
        let load = Load { messages: 1000, ..workload.load };
        return match rival.round_trips(&load) {
            None => Err("does not carry this".to_owned()),
            Some(result) => result.map(|times| {
                let typical = f64::from(times[times.len() / 2]) / 1e9;
                ((RUN_SECONDS / typical) as u64).clamp(2000, ROUND_TRIPS_MAX as u64)
            }),
        };
    }
    let mut messages = 500;
    loop {
        let outcome = proven(rival, &Load { messages, ..workload.load })?;
        if outcome.seconds > RUN_SECONDS / 8.0 {
            return Ok(((messages as f64 * RUN_SECONDS / outcome.seconds) as u64).max(500));
        }
        messages *= 4;
    }
}

fn proven(rival: &dyn Rival, load: &Load) -> Result<Outcome, String> {
    let outcome = rival.run(load)?;
    let expected = (load.messages, payload::expected(load.messages, load.size));
    if (outcome.messages, outcome.sum) != expected {
        return Err(format!("of {} messages {} arrived whole", load.messages, outcome.messages));
    }
    if !outcome.in_order && load.senders == 1 {
        return Err("messages came out of order".to_owned());
    }
    Ok(outcome)
}

fn once(rival: &dyn Rival, workload: &Workload, messages: u64) -> Result<(f64, f64), String> {
    let load = Load { messages, ..workload.load };
    match workload.kind {
        Kind::Throughput => proven(rival, &load).map(|outcome| (messages as f64 / outcome.seconds / 1e6, 0.0)),
        Kind::RoundTrip => {
            let times = rival.round_trips(&load).unwrap_or_else(|| Err("does not carry this".to_owned()))?;
            let micros = |share: usize| f64::from(times[(times.len() * share / 100).min(times.len() - 1)]) / 1e3;
            Ok((micros(50), micros(99)))
        }
    }
}

fn figure(workload: &Workload, runs: &[(f64, f64)]) -> Figure {
    let mut middle: Vec<f64> = runs.iter().map(|run| run.0).collect();
    let median_of = median(&mut middle);
    let p99 = (workload.kind == Kind::RoundTrip).then(|| median(&mut runs.iter().map(|run| run.1).collect::<Vec<_>>()));
    let (min, max) = (middle.first().copied().unwrap_or(f64::NAN), middle.last().copied().unwrap_or(f64::NAN));
    Figure { median: median_of, min, max, p99 }
}

/// Sorts, and answers what is in the middle.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
