//! How many messages a second.

use std::time::Instant;

use clap::Args;
use ringway::{GetError, GetErrorKind};
use serde_json::json;

use super::report::{conditions, print};
use super::{Bench, WorkerQueue, payload};
use crate::crew::Crew;
use crate::outcome::{Done, Failure, failed, not_put};
use crate::text::count;
use crate::worker::{ready, say};

pub(super) fn run(bench: &Bench) -> Done {
    let messages = bench.messages.unwrap_or(2_000_000);
    let named = bench.queue("throughput")?;
    let wait = bench.wait.name().to_owned();
    let job = |kind: &str, rest: &[u64]| -> Vec<String> {
        let numbers = rest.iter().map(u64::to_string);
        [kind.to_owned(), named.name.clone(), wait.clone()].into_iter().chain(numbers).collect()
    };
    let mut crew = Crew::new();
    for getter in 0..bench.consumers {
        crew.start(&format!("consumer {getter}"), &job("bench-get", &[bench.batch]))?;
    }
    let share = |worker: u32| messages * u64::from(worker) / u64::from(bench.producers);
    for putter in 0..bench.producers {
        let numbers = [share(putter), share(putter + 1), bench.size as u64, bench.batch];
        crew.start(&format!("producer {putter}"), &job("bench-put", &numbers))?;
    }
    named.queue.remove().map_err(failed)?; // all have it open; whatever happens, no name is left
    let getters = bench.consumers as usize;
    let begin = Instant::now();
    (0..getters + bench.producers as usize).try_for_each(|worker| crew.go(worker))?;
    let mut putting = bench.producers;
    let (mut sum, mut shares) = (0_u64, vec![0_u64; getters]);
    while crew.is_running() {
        let (worker, said) = crew.hear()?;
        match said {
            Some(line) => {
                let (its_count, its_sum) = counted(&line).ok_or_else(|| {
                    Failure::Failed(format!("consumer {worker} said {line:?} for its sum"))
                })?;
                shares[worker] = its_count;
                sum = sum.wrapping_add(its_sum);
            }
            None => {
                crew.end(worker)?;
                if worker >= getters {
                    putting -= 1;
                    if putting == 0 {
                        named.queue.shutdown().map_err(failed)?;
                    }
                }
            }
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    let arrived: u64 = shares.iter().sum();
    if (arrived, sum) != (messages, payload::expected(messages, bench.size)) {
        return Err(Failure::Failed(format!(
            "{messages} messages were put, {arrived} came, with the sum {sum:#x}"
        )));
    }
    let rate = messages as f64 / seconds;
    let sheet = format!(
        "{}, {}, {}, count and sum verified\n{:.0} messages/s, {:.3} GB/s, {:.3} s",
        count(bench.producers.into(), "producer"),
        count(bench.consumers.into(), "consumer"),
        count(messages, "message"),
        rate,
        rate * bench.size as f64 / 1e9,
        seconds
    );
    let object = json!({
        "producers": bench.producers,
        "consumers": bench.consumers,
        "batch": bench.batch,
        "messages": messages,
        "verified": true,
        "seconds": seconds,
        "messages_per_second": rate,
        "bytes_per_second": rate * bench.size as f64,
        "messages_of_each_consumer": shares,
        "conditions": conditions(bench),
    });
    print(bench, &sheet, object)
}

fn counted(line: &str) -> Option<(u64, u64)> {
    let (count, sum) = line.split_once(' ')?;
    Some((count.parse().ok()?, sum.parse().ok()?))
}

/// A worker that puts messages `first` to `end`.
#[derive(Args)]
pub(crate) struct PutJob {
    #[command(flatten)]
    queue: WorkerQueue,
    first: u64,
    end: u64,
    size: usize,
    batch: usize,
}

impl PutJob {
    pub(crate) fn run(self) -> Done {
        let queue = self.queue.open()?;
        let mut messages = vec![vec![0; self.size]; self.batch];
        ready()?;
        let mut number = self.first;
        while number < self.end {
            let count = (self.end - number).min(self.batch as u64) as usize;
            for message in &mut messages[..count] {
                payload::write(message, number);
                number += 1;
            }
            match count {
                1 => queue.put(&messages[0]).map_err(not_put)?,
                _ => queue.put_many(&messages[..count]).map_err(failed)?,
            }
        }
        Ok(())
    }
}

/// A worker that gets until the queue is shut down.
#[derive(Args)]
pub(crate) struct GetJob {
    #[command(flatten)]
    queue: WorkerQueue,
    batch: usize,
}

impl GetJob {
    pub(crate) fn run(self) -> Done {
        let queue = self.queue.open()?;
        ready()?;
        let (mut count, mut sum) = (0_u64, 0_u64);
        let mut add = |message: &[u8]| {
            count += 1;
            sum = sum.wrapping_add(payload::sum(message));
        };
        loop {
            let taken = match self.batch {
                1 => queue.get().map(|message| add(&message)),
                batch => {
                    queue.get_many(batch).map(|messages| messages.for_each(|message| add(&message)))
                }
            };
            match taken {
                Ok(()) => {}
                Err(GetError { kind: GetErrorKind::ShutDown, .. }) => {
                    return say(format_args!("{count} {sum}"));
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }
}
