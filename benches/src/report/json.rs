//! Everything as JSON.

use serde_json::{Value, json};

use super::Report;
use crate::conditions::Conditions;
use crate::measure::{Row, Table};
use crate::targets;

/// A report.
pub fn object(report: &Report) -> Value {
    let Conditions { kernel, processor, cores, commit, rustc } = &report.conditions;
    let workloads: Vec<Value> = report.tables.iter().map(|table| workload(report, table)).collect();
    let targets: Vec<Value> = targets::reached(&report.tables)
        .iter()
        .map(|(target, measured)| {
            json!({
                "what": target.what, "less_is_better": target.cost, "first_step": target.first, "goal": target.goal,
                "measured": measured, "verdict": target.verdict(*measured),
            })
        })
        .collect();
    json!({
        "commit": commit, "kernel": kernel, "processor": processor, "cores": cores, "rustc": rustc,
        "rounds": report.rounds, "pinned": true, "workloads": workloads, "targets": targets,
    })
}

fn workload(report: &Report, table: &Table) -> Value {
    let rows: Vec<Value> = table.rows.iter().map(|row| rival(report, row)).collect();
    let load = &table.workload.load;
    json!({
        "name": table.workload.name, "title": table.workload.title, "unit": table.workload.kind.unit(),
        "senders": load.senders, "receivers": load.receivers, "message_bytes": load.size,
        "touched_bytes": load.touched, "capacity": load.capacity, "hop_nanos": table.hop_nanos, "rivals": rows,
    })
}

fn rival(report: &Report, row: &Row) -> Value {
    let about = &row.about;
    let mut object = json!({
        "name": about.name, "release": report.conditions.release(&about.release, report.lock),
        "between": about.between.name(), "waits": about.waits,
    });
    match &row.figure {
        Ok(figure) => {
            object["messages_per_run"] = row.messages.into();
            object["median"] = figure.median.into();
            object["min"] = figure.min.into();
            object["max"] = figure.max.into();
            object["p99"] = figure.p99.into();
        }
        Err(why) => object["left_out"] = why.as_str().into(),
    }
    object
}
