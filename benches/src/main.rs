//! Ringway measured against others: `cargo run --release -p ringway-benches`.
//!
//! Every rival carries the same payload and proves first that each byte arrives. Runs are interleaved (A B C A B C),
//! and what counts is the ratio of medians within one run: absolute figures drift with the machine.

mod payload;
mod rivals;
mod worker;

use clap::{Parser, Subcommand};
use ringway::WaitStrategy::{Adaptive, Park, Spin};
use rivals::{Rival, array_queue, pipe, ringway as ours};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Counted rounds.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Messages a run.
    #[arg(long, default_value_t = 2_000_000)]
    messages: u64,
    /// Only rivals whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

#[derive(Subcommand)]
enum Command {
    /// Used by the harness itself.
    #[command(hide = true)]
    Worker {
        /// What to do.
        arguments: Vec<String>,
    },
}

fn main() {
    let arguments = Arguments::parse();
    if let Some(Command::Worker { arguments }) = &arguments.command {
        work(arguments);
        return;
    }
    let rivals: Vec<Box<dyn Rival>> = vec![
        Box::new(ours::Processes { capacity: 1024, wait: Adaptive, batch: 1 }),
        Box::new(ours::Processes { capacity: 1024, wait: Spin, batch: 1 }),
        Box::new(ours::Processes { capacity: 1024, wait: Park, batch: 1 }),
        Box::new(ours::Processes { capacity: 1024, wait: Adaptive, batch: 32 }),
        Box::new(array_queue::Threads(1024)),
        Box::new(pipe::Pipe),
    ];
    let rivals: Vec<_> = rivals.into_iter().filter(|rival| rival.name().contains(&arguments.only)).collect();
    for rival in &rivals {
        let proof = rival.run(100_000);
        assert_eq!(proof.sum, payload::expected(100_000), "{} did not deliver every byte", rival.name());
    }
    let mut figures = vec![Vec::new(); rivals.len()];
    for _ in 0..arguments.rounds {
        for (rival, figures) in rivals.iter().zip(&mut figures) {
            let outcome = rival.run(arguments.messages);
            assert_eq!(outcome.sum, payload::expected(arguments.messages), "{} lost bytes", rival.name());
            figures.push(arguments.messages as f64 / outcome.took.as_secs_f64() / 1e6);
        }
    }
    report(&arguments, &rivals, &mut figures);
}

fn report(arguments: &Arguments, rivals: &[Box<dyn Rival>], figures: &mut [Vec<f64>]) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "one sender, one receiver, {} bytes, {} messages, {} rounds, {cores} cores, not pinned",
        payload::SIZE,
        arguments.messages,
        arguments.rounds
    );
    println!("{:>10} {:>8} {:>8}  {:>7}  M messages/s", "median", "min", "max", "ratio");
    let median = |runs: &mut Vec<f64>| {
        runs.sort_by(f64::total_cmp);
        runs[runs.len() / 2]
    };
    let Some(first) = figures.first_mut().map(median) else { return };
    for (rival, runs) in rivals.iter().zip(figures) {
        let middle = median(runs);
        let (least, most) = (runs[0], runs[runs.len() - 1]);
        println!("{middle:>10.2} {least:>8.2} {most:>8.2}  {:>7.2}  {}", first / middle, rival.name());
    }
}

fn work(arguments: &[String]) {
    let number = |index: usize| arguments[index].parse::<u64>().expect("a number");
    let result = match arguments[0].as_str() {
        "pipe-put" => pipe::put(number(1) as i32, number(2)),
        "pipe-get" => pipe::get(number(1) as i32, number(2)),
        "ringway-put" => ours::put(&arguments[1], number(2), number(3) as usize, &arguments[4]),
        "ringway-get" => ours::get(&arguments[1], number(2), number(3) as usize, &arguments[4]),
        other => panic!("no worker {other}"),
    };
    println!("{result}");
}
