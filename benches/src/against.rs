//! This build of Ringway against another one, in the same rounds.
//!
//! Both builds are programs of this harness that are started for each run, as `ringway-bench once
//! WORKLOAD RIVAL MESSAGES`. That prints one line, the figure and its 99th percentile, which is all
//! that one build knows of the other.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::link::Load;
use crate::measure::{Row, Table, figures, measure, median};
use crate::rival::{About, Contestant, Release, Run};
use crate::workload::{Kind, Workload};

/// What is compared when no workload is named.
pub const WORKLOADS: [&str; 10] = [
    "1:1",
    "2:2",
    "4:4",
    "64KiB",
    "1MiB",
    "64B-untouched",
    "1MiB-untouched",
    "struct",
    "record",
    "round-trip",
];

/// Measures a rival once, and says in a line what came out.
///
/// # Errors
/// When a worker failed, or messages did not arrive as they were sent.
pub fn once(rival: &dyn Contestant, workload: &Workload, messages: u64) -> Result<String, String> {
    let (figure, p99) = figures(rival, workload.kind, &Load { messages, ..workload.load })?;
    Ok(format!("{figure} {p99}"))
}

/// A rival as a build has it.
struct Build<'r> {
    program: PathBuf,
    workload: &'static str,
    rival: &'r dyn Contestant,
}

impl Contestant for Build<'_> {
    fn about(&self) -> About {
        self.rival.about()
    }
    fn missing(&self) -> Option<String> {
        self.rival.missing()
    }
    fn joins(&self, kind: Kind) -> bool {
        self.rival.joins(kind)
    }
    fn carries(&self, load: &Load) -> bool {
        self.rival.carries(load)
    }
    fn run(&self, _kind: Kind, load: &Load) -> Result<Run, String> {
        let output = Command::new(&self.program)
            .args(["once", self.workload, self.about().name, &load.messages.to_string()])
            .output()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<f64> = said.split_whitespace().flat_map(str::parse).collect();
        match numbers[..] {
            [figure, p99] if output.status.success() => Ok(Run::Told(figure, p99)),
            _ => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    }
}

/// Measures those of the rivals that are Ringway, each as this build and the other have it, and
/// tells how they compare.
///
/// # Errors
/// When this program has no path.
pub fn compare(
    rivals: &[Box<dyn Contestant>],
    workload: &Workload,
    rounds: usize,
    other: &Path,
) -> Result<String, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let ours = Release::Crate("ringway");
    let builds: Vec<Box<dyn Contestant + '_>> = rivals
        .iter()
        .filter(|rival| rival.about().release == ours)
        .flat_map(|rival| [(rival, this.as_path()), (rival, other)])
        .map(|(rival, program)| -> Box<dyn Contestant + '_> {
            let program = program.to_owned();
            Box::new(Build { program, workload: workload.name, rival: rival.as_ref() })
        })
        .collect();
    Ok(sheet(&measure(&builds, workload, rounds)))
}

/// A line for each pair.
fn sheet(table: &Table) -> String {
    let kind = table.workload.kind;
    let better = if kind.is_cost() { "less" } else { "more" };
    let mut text = format!(
        "{}\nA cache line took {:.0} ns from core to core. {}, {better} is better.\n",
        table.workload.title,
        table.hop_nanos,
        kind.unit()
    );
    let _ = writeln!(
        text,
        "{:>10} {:>10} {:>10} {:>10} {:>10}",
        "this", "other", "ratio", "least", "most"
    );
    for pair in table.rows.chunks_exact(2) {
        let name = pair[0].about.name;
        let _ = match compared(&pair[0], &pair[1]) {
            Ok([this, other, ratio, least, most]) => writeln!(
                text,
                "{this:>10.4} {other:>10.4} {ratio:>10.3} {least:>10.3} {most:>10.3}  {name}"
            ),
            Err(why) => writeln!(text, "Left out: {name} ({why})."),
        };
    }
    text
}

/// Both medians, and the median, least and most of the ratios within a round: a machine that changes between rounds
/// changes both.
fn compared(this: &Row, other: &Row) -> Result<[f64; 5], String> {
    let medians = [this, other].map(|row| row.figure.as_ref().map(|figure| figure.median));
    let [Ok(ours), Ok(theirs)] = medians else {
        let why = [this, other].map(|row| row.figure.as_ref().err().cloned().unwrap_or_default());
        return Err(why.join(" ").trim().to_owned());
    };
    let mut ratios: Vec<f64> =
        this.runs.iter().zip(&other.runs).map(|(ours, theirs)| ours / theirs).collect();
    let middle = median(&mut ratios);
    Ok([ours, theirs, middle, ratios[0], ratios[ratios.len() - 1]])
}
