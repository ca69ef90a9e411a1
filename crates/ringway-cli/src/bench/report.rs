//! Saying what was measured, and under which conditions.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Bench;
use crate::outcome::{Done, unwritten};

/// What belongs to every figure.
pub(super) fn conditions(bench: &Bench) -> Value {
    json!({
        "message_bytes": bench.size,
        "maxsize": bench.maxsize,
        "wait": bench.wait.name(),
        "cores": cores(),
        "pinned": false,
        "between": "processes",
        "version": env!("CARGO_PKG_VERSION"),
    })
}

/// Prints the one or the other.
pub(super) fn print(bench: &Bench, sheet: &str, object: Value) -> Done {
    let text = if bench.json {
        format!("{object}\n")
    } else {
        format!(
            "{sheet}\n{} bytes a message, maxsize {}, waiting: {}, {} cores, not pinned, between processes\n",
            bench.size,
            bench.maxsize,
            bench.wait.name(),
            cores()
        )
    };
    io::stdout().write_all(text.as_bytes()).map_err(unwritten)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}
