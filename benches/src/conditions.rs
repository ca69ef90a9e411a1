//! What the figures were taken on.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use crate::run::pin;

/// The machine and the program.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// Kernel release.
    pub kernel: String,
    /// Name of the processor.
    pub processor: String,
    /// Cores that this program may use.
    pub cores: usize,
    /// Commit that was measured.
    pub commit: String,
    /// The compiler.
    pub rustc: String,
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Conditions {
    /// As they are.
    pub fn now() -> Self {
        let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = about.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        let dirty = if said("git", &["status", "--porcelain", "-uno"]).is_empty() { "" } else { " with changes" };
        Self {
            kernel: said("uname", &["-sr"]),
            processor: model.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned()),
            cores: thread::available_parallelism().map_or(1, usize::from),
            commit: said("git", &["rev-parse", "--short", "HEAD"]) + dirty,
            rustc: said("rustc", &["--version"]),
        }
    }
}

/// How long a cache line takes from one core to another and back, halved, in nanoseconds. The median of several tries.
pub fn hop_nanos() -> f64 {
    const TURNS: u64 = 20_000;
    let mut tries: Vec<f64> = (0..5)
        .map(|_| {
            let line = AtomicU64::new(0);
            thread::scope(|scope| {
                scope.spawn(|| answer(&line, 1, TURNS));
                let asking = scope.spawn(|| {
                    let begin = Instant::now();
                    answer(&line, 0, TURNS);
                    begin.elapsed().as_nanos() as f64 / (2 * TURNS) as f64
                });
                asking.join().unwrap_or(f64::NAN)
            })
        })
        .collect();
    tries.sort_by(f64::total_cmp);
    tries[tries.len() / 2]
}

fn answer(line: &AtomicU64, odd: u64, turns: u64) {
    pin(odd as usize);
    for turn in 0..turns {
        let mut tries = 0_u32;
        while line.load(Ordering::Acquire) != 2 * turn + odd {
            tries += 1;
            if tries.is_multiple_of(1 << 14) {
                thread::yield_now(); // both may be on one core
            }
            std::hint::spin_loop();
        }
        line.store(2 * turn + odd + 1, Ordering::Release);
    }
}
