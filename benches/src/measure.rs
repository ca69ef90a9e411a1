//! Measuring: proof first, then interleaved rounds.

use indicatif::{ProgressBar, ProgressStyle};

use crate::carry::Outcome;
use crate::cores;
use crate::link::Load;
use crate::payload;
use crate::rival::{About, Contestant, Run};
use crate::trips;
use crate::workload::{Kind, Workload};

/// How long a run of a rival is meant to take, in seconds.
pub const RUN_SECONDS: f64 = 0.4;
/// Wakes in a run.
const WAKES: u64 = 200;

/// Median, least and most of the rounds, in the unit of the workload's kind.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The median.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
    /// Of timed things, the median of the 99th percentiles.
    pub p99: Option<f64>,
}

/// What a rival did in a workload.
#[derive(Clone, Debug)]
pub struct Row {
    /// Who it is.
    pub about: About,
    /// Messages in each of its runs.
    pub messages: u64,
    /// Its figures, or why there are none.
    pub figure: Result<Figure, String>,
    /// The figures that it is made of, round by round.
    pub runs: Vec<f64>,
}

/// A workload measured.
#[derive(Clone, Debug)]
pub struct Table {
    /// The workload.
    pub workload: Workload,
    /// How long a cache line took from core to core, median over the rounds, in nanoseconds.
    pub hop_nanos: f64,
    /// One row for each rival that joins in this kind, in their own order.
    pub rows: Vec<Row>,
}

/// A rival on its way through the rounds.
struct Lane<'r> {
    rival: &'r dyn Contestant,
    about: About,
    messages: Result<u64, String>,
    figures: Vec<(f64, f64)>,
}

/// Measures one workload with all rivals that can carry it.
pub fn measure(rivals: &[Box<dyn Contestant + '_>], workload: &Workload, rounds: usize) -> Table {
    let Workload { kind, load, .. } = workload;
    let rivals: Vec<_> =
        rivals.iter().map(AsRef::as_ref).filter(|rival| rival.joins(*kind)).collect();
    let bar = ProgressBar::new((rounds + 1) as u64 * rivals.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{prefix:14} {bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(workload.name);
    let mut lanes: Vec<Lane> = Vec::new();
    for rival in rivals {
        let about = rival.about();
        bar.set_message(about.name);
        // Two builds of the same carry the same.
        let twin = lanes.iter().find(|lane| lane.about.name == about.name);
        let messages =
            twin.map_or_else(|| prepare(rival, *kind, load), |twin| twin.messages.clone());
        lanes.push(Lane { rival, about, messages, figures: Vec::new() });
        bar.inc(1);
    }
    let mut hops = Vec::new();
    for _ in 0..rounds {
        for lane in &mut lanes {
            bar.set_message(lane.about.name);
            if let Ok(messages) = lane.messages {
                hops.push(cores::hop_nanos());
                match figures(lane.rival, *kind, &Load { messages, ..*load }) {
                    Ok(figures) => lane.figures.push(figures),
                    Err(why) => lane.messages = Err(why),
                }
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let row = |lane: Lane| Row {
        about: lane.about,
        messages: *lane.messages.as_ref().unwrap_or(&0),
        figure: lane.messages.map(|_| figure(*kind, &lane.figures)),
        runs: lane.figures.iter().map(|run| run.0).collect(),
    };
    Table {
        workload: workload.clone(),
        hop_nanos: median(&mut hops),
        rows: lanes.into_iter().map(row).collect(),
    }
}

/// Proves that every byte arrives, and finds how many messages make a run.
fn prepare(rival: &dyn Contestant, kind: Kind, load: &Load) -> Result<u64, String> {
    if let Some(why) = rival.missing() {
        return Err(why);
    }
    if !rival.carries(load) {
        return Err("does not carry this".to_owned());
    }
    match kind {
        Kind::Idle | Kind::IdleProcesses | Kind::IdleThreads => Ok(1),
        Kind::Wake => Ok(WAKES),
        Kind::RoundTrip => {
            let (typical, _) = figures(rival, kind, &Load { messages: 1000, ..*load })?;
            Ok(((RUN_SECONDS / typical * 1e6) as u64).clamp(2000, trips::MAX as u64))
        }
        Kind::Throughput | Kind::InPlace | Kind::Typed(_) => {
            let mut messages = 500;
            loop {
                let (speed, _) = figures(rival, kind, &Load { messages, ..*load })?;
                if messages as f64 / speed / 1e6 > RUN_SECONDS / 8.0 {
                    return Ok(((speed * 1e6 * RUN_SECONDS) as u64).max(500));
                }
                messages *= 4;
            }
        }
    }
}

/// What one run says, and its 99th percentile where it has one.
///
/// # Errors
/// When a worker failed, or messages did not arrive as they were sent.
pub fn figures(rival: &dyn Contestant, kind: Kind, load: &Load) -> Result<(f64, f64), String> {
    match rival.run(kind, load)? {
        Run::Cpu(cost) => Ok((cost, 0.0)),
        Run::Told(figure, p99) => Ok((figure, p99)),
        Run::Nanos(times) => {
            let micros = |share: usize| {
                times.get(times.len() * share / 100).map(|&nanos| f64::from(nanos) / 1e3)
            };
            micros(50).zip(micros(99)).ok_or_else(|| "nothing was timed".to_owned())
        }
        Run::Carried(outcome) => {
            proven(&outcome, load)?;
            Ok((load.messages as f64 / outcome.seconds / 1e6, 0.0))
        }
    }
}

/// Whether every byte arrived, and in order where there is one.
///
/// # Errors
/// What went wrong, in words.
pub fn proven(outcome: &Outcome, load: &Load) -> Result<(), String> {
    if outcome.messages != load.messages {
        return Err(format!("FAILED: of {} messages {} arrived", load.messages, outcome.messages));
    }
    if outcome.sum != payload::expected(load.messages, load.touched) {
        return Err("FAILED: messages arrived with other bytes than were sent".to_owned());
    }
    if !outcome.in_order && load.senders == 1 {
        return Err("FAILED: messages came out of order".to_owned());
    }
    Ok(())
}

fn figure(kind: Kind, runs: &[(f64, f64)]) -> Figure {
    let mut middle: Vec<f64> = runs.iter().map(|run| run.0).collect();
    let median_of = median(&mut middle);
    let p99 =
        kind.is_timed().then(|| median(&mut runs.iter().map(|run| run.1).collect::<Vec<_>>()));
    let (min, max) =
        (middle.first().copied().unwrap_or(f64::NAN), middle.last().copied().unwrap_or(f64::NAN));
    Figure { median: median_of, min, max, p99 }
}

/// Sorts, and answers what is in the middle.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
