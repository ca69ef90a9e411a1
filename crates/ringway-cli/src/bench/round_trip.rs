//! How long a message takes there and back.

use std::time::Instant;

use clap::Args;
use hdrhistogram::Histogram;
use ringway::{GetError, GetErrorKind};
use serde_json::json;

use super::report::{conditions, print};
use super::{Bench, payload};
use crate::args::{Bytes, Wait};
use crate::crew::Crew;
use crate::outcome::{Done, Failure, failed, not_put};
use crate::worker::ready;

pub(super) fn run(bench: &Bench) -> Done {
    let rounds = bench.messages.unwrap_or(100_000);
    let (there, back) = (bench.queue("there")?, bench.queue("back")?);
    let job = ["bench-echo", &there.name, &back.name, bench.wait.name()].map(str::to_owned);
    let mut crew = Crew::new();
    // Otherwise our wait for an answer would not end.
    let answers = back.queue.clone();
    let echo = crew.start_and_at_end("the echo", &job, move || {
        let _ = answers.shutdown();
    })?;
    there.queue.remove().map_err(failed)?;
    back.queue.remove().map_err(failed)?;
    crew.go(echo)?;
    let measured = measure(bench, rounds, &there.queue, &back.queue);
    there.queue.shutdown().map_err(failed)?;
    crew.end(echo)?; // if it has died, that is what went wrong
    let times = measured?;
    let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|quantile| times.value_at_quantile(quantile));
    let sheet = format!(
        "{rounds} round trips\np50 {p50} ns, p99 {p99} ns, p99.9 {p999} ns, least {} ns",
        times.min()
    );
    let object = json!({
        "round_trips": rounds,
        "verified": true,
        "p50_ns": p50,
        "p99_ns": p99,
        "p999_ns": p999,
        "min_ns": times.min(),
        "max_ns": times.max(),
        "conditions": conditions(bench),
    });
    print(bench, &sheet, object)
}

fn measure(
    bench: &Bench,
    rounds: u64,
    there: &Bytes,
    back: &Bytes,
) -> Result<Histogram<u64>, Failure> {
    let mut times = Histogram::new(3).map_err(failed)?;
    let mut message = vec![0; bench.size];
    let warm_up = rounds / 10;
    for number in 0..warm_up + rounds {
        payload::write(&mut message, number);
        let begin = Instant::now();
        there.put(&message).map_err(not_put)?;
        let answer = back.get().map_err(failed)?;
        let took = begin.elapsed();
        if payload::sum(&answer) != payload::sum(&message) {
            return Err(Failure::Failed(format!(
                "round trip {number} brought back something else"
            )));
        }
        if number >= warm_up {
            times.record(took.as_nanos() as u64).map_err(failed)?;
        }
    }
    Ok(times)
}

/// A worker that sends back what it gets.
#[derive(Args)]
pub(crate) struct EchoJob {
    there: String,
    back: String,
    #[arg(value_enum)]
    wait: Wait,
}

impl EchoJob {
    pub(crate) fn run(self) -> Done {
        let options = Bytes::options().wait(self.wait.strategy());
        let there = options.open(&self.there).map_err(failed)?;
        let back = options.open(&self.back).map_err(failed)?;
        ready()?;
        loop {
            match there.get() {
                Ok(message) => back.put(&*message).map_err(not_put)?,
                Err(GetError { kind: GetErrorKind::ShutDown, .. }) => return Ok(()),
                Err(error) => return Err(failed(error)),
            }
        }
    }
}
