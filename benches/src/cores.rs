//! The cores: staying on one, and how far they are apart.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// Keeps this thread on one core, so that partners do not move together and apart between runs.
/// Sender `i` is on core `i`, receiver `i` on core `i + 1`, counted round.
pub fn pin(index: usize) {
    let cores = allowed();
    let Some(&core) = cores.get(index % cores.len().max(1)) else { return };
    // SAFETY: a set is plain bits; the call concerns this thread only.
    unsafe {
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut one);
        libc::sched_setaffinity(0, size_of_val(&one), &raw const one);
    }
}

/// The cores that this program may use.
fn allowed() -> Vec<usize> {
    // SAFETY: a set is plain bits, which the call writes to.
    let set = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(libc::getpid(), size_of_val(&set), &raw mut set) != 0 {
            return Vec::new();
        }
        set
    };
    // SAFETY: reads the set only.
    (0..libc::CPU_SETSIZE as usize).filter(|&core| unsafe { libc::CPU_ISSET(core, &set) }).collect()
}

/// How long a cache line takes from one core to another and back, halved, in nanoseconds. The
/// median of several tries; not a number where there is one core only.
pub fn hop_nanos() -> f64 {
    const TURNS: u64 = 20_000;
    if allowed().len() < 2 {
        return f64::NAN;
    }
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
                thread::yield_now(); // others may have the core
            }
            std::hint::spin_loop();
        }
        line.store(2 * turn + odd + 1, Ordering::Release);
    }
}
