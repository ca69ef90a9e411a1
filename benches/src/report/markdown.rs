//! Everything as a page of tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Report, circumstances, file_name, left_out, number, ours, ranked};
use crate::conditions::Conditions;
use crate::measure::{RUN_SECONDS, Table};
use crate::targets;

/// A report.
pub fn page(report: &Report) -> String {
    let Conditions { kernel, processor, cores, commit, rustc } = &report.conditions;
    let mut text = format!(
        "# Figures\n\nTaken by `benches/run`, commit {commit}, on {processor}, {cores} cores, {kernel}, {rustc}.\n\n\
         {} interleaved rounds (A B C A B C), medians with least and most. Sender *i* is pinned to core *i*, receiver *i* \
         to the next, counted round. Each rival first proved that every byte arrives; the number of messages is chosen for \
         each so that a run takes about {RUN_SECONDS} s. *Forked* marks crates for threads that were laid in shared \
         memory before a fork: ceilings, which stop when a process dies. What each workload is and how rivals wait \
         is told in `benches/README.md`.\n",
        report.rounds
    );
    text += &targets_of(&report.tables);
    for table in &report.tables {
        text += &section(table);
    }
    text += "\n## Releases\n\n";
    let mut releases = BTreeMap::new();
    for row in report.tables.iter().flat_map(|table| &table.rows) {
        releases.insert(row.about.name, report.conditions.release(&row.about.release, report.lock));
    }
    for (name, release) in releases {
        let _ = writeln!(text, "* {name}: {release}");
    }
    text
}

fn section(table: &Table) -> String {
    let kind = table.workload.kind;
    let title = table.workload.title;
    let mut text = format!(
        "\n## {title}\n\n{}\n\n![{title}]({}.svg)\n\n",
        circumstances(table),
        file_name(table)
    );
    let ours = ours(table);
    let (p99, line) = if kind.is_timed() { (" p99 |", "---|") } else { ("", "") };
    let _ = writeln!(text, "| | between | waits | {} | least | most |{p99} ratio |", kind.unit());
    let _ = writeln!(text, "|---|---|---|---|---|---|{line}---|");
    for (row, median) in ranked(table) {
        let Ok(figure) = &row.figure else { continue };
        let ratio = ours.map_or(String::new(), |(_, ours)| {
            number(if kind.is_cost() { median / ours } else { ours / median })
        });
        let [median, min, max] = [median, figure.min, figure.max].map(number);
        let p99 = figure.p99.map_or(String::new(), |p99| format!(" {} |", number(p99)));
        let about = &row.about;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {median} | {min} | {max} |{p99} {ratio} |",
            about.name,
            about.between.name(),
            about.waits
        );
    }
    if let Some((name, _)) = ours {
        let _ = writeln!(text, "\nThe ratio is how many times better {name} is; below 1 it loses.");
    }
    if let Some(told) = left_out(table) {
        let _ = writeln!(text, "\n{told}");
    }
    text
}

fn targets_of(tables: &[Table]) -> String {
    let reached = targets::reached(tables);
    if reached.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n## Targets\n\nRatios of medians within this run.\n\n\
         | what | better is | first step | goal | measured | |\n|---|---|---|---|---|---|\n",
    );
    for (target, measured) in reached {
        let better = if target.cost { "less" } else { "more" };
        let (first, goal, verdict) = (target.first, target.goal, target.verdict(measured));
        let _ = writeln!(
            text,
            "| {} | {better} | {first} | {goal} | {} | {verdict} |",
            target.what,
            number(measured)
        );
    }
    text
}
