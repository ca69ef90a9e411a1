//! Carrying a load: senders and receivers around a link, as processes or as threads.

use std::io::{Read, Write, pipe};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use crate::link::{Link, Load, Outcome, Receiver, Sender};
use crate::page::{Page, Receipt, Shared, WORKERS, nanos};
use crate::payload::{self, END};

/// A worker that takes longer, in seconds, is ended by the system.
const PATIENCE: u32 = 300;

/// Carries a load between processes that are forked from this one, which has no other thread.
///
/// # Errors
/// When a worker failed.
pub fn processes(link: &impl Link, load: &Load) -> Result<Outcome, String> {
    // SAFETY: made of atomics.
    let page: Shared<Page> = unsafe { Shared::zeroed() };
    let mut children = Children::default();
    let (mut gate, mut opener) = pipe().map_err(|error| error.to_string())?;
    for index in 0..load.receivers {
        children.fork(|| {
            pin(index + 1);
            receive(link.receiver(index), &page, index, load, || wait_at(&mut gate));
        })?;
    }
    for index in 0..load.senders {
        children.fork(|| {
            pin(index);
            send(link.sender(index), &page, index, load, || wait_at(&mut gate));
        })?;
    }
    while page.ready.load(SeqCst) < (load.senders + load.receivers) as u64 {
        children.check()?;
        thread::sleep(std::time::Duration::from_micros(200));
    }
    let begin = nanos();
    opener.write_all(&vec![0; load.senders + load.receivers]).map_err(|error| error.to_string())?;
    children.wait()?;
    Ok(outcome(&page, load, begin))
}

/// Carries a load between threads.
///
/// # Errors
/// When a worker failed.
pub fn threads(link: &impl Link, load: &Load) -> Result<Outcome, String> {
    // SAFETY: made of atomics.
    let page: Shared<Page> = unsafe { Shared::zeroed() };
    let gate = std::sync::Barrier::new(load.senders + load.receivers + 1);
    let begin = thread::scope(|scope| {
        let (page, gate) = (&*page, &gate);
        for index in 0..load.receivers {
            scope.spawn(move || {
                pin(index + 1);
                receive(link.receiver(index), page, index, load, || _ = gate.wait());
            });
        }
        for index in 0..load.senders {
            scope.spawn(move || {
                pin(index);
                send(link.sender(index), page, index, load, || _ = gate.wait());
            });
        }
        gate.wait();
        nanos()
    });
    Ok(outcome(&page, load, begin))
}

/// Sends messages there and back between two processes, one at a time; answers how long each took, in nanoseconds.
///
/// # Errors
/// When a worker failed.
pub fn round_trips(there: &impl Link, back: &impl Link, load: &Load) -> Result<Vec<u32>, String> {
    // SAFETY: made of atomics.
    let times: Shared<[AtomicU64; ROUND_TRIPS_MAX]> = unsafe { Shared::zeroed() };
    let count = (load.messages as usize).min(ROUND_TRIPS_MAX);
    let mut children = Children::default();
    children.fork(|| echo(there.receiver(0), back.sender(0), load.size, count))?;
    children.fork(|| ask(there.sender(0), back.receiver(0), load.size, &times[..count]))?;
    children.wait()?;
    Ok(settled(&times[..count]))
}

/// The same between threads.
pub fn round_trips_of_threads(there: &impl Link, back: &impl Link, load: &Load) -> Vec<u32> {
    let times: Vec<AtomicU64> = (0..load.messages).map(|_| AtomicU64::new(0)).collect();
    thread::scope(|scope| {
        scope.spawn(|| echo(there.receiver(0), back.sender(0), load.size, times.len()));
        scope.spawn(|| ask(there.sender(0), back.receiver(0), load.size, &times));
    });
    settled(&times)
}

/// Keeps this thread on one core, so that partners do not move together and apart between runs. Sender `i` is on core
/// `i`, receiver `i` on core `i + 1`, counted round.
pub fn pin(index: usize) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    // SAFETY: a set is plain bits, of which one is set; concerns this thread only.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(index % cores, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &raw const set);
    }
}

fn echo(mut from: impl Receiver, mut to: impl Sender, size: usize, count: usize) {
    pin(1);
    for _ in 0..count {
        let mut number = 0;
        from.receive(|message| number = payload::number(message));
        to.send(size, |message| payload::write(message, number));
        to.flush();
    }
}

fn ask(mut to: impl Sender, mut from: impl Receiver, size: usize, times: &[AtomicU64]) {
    pin(0);
    for (number, place) in times.iter().enumerate() {
        let begin = nanos();
        to.send(size, |message| payload::write(message, number as u64));
        to.flush();
        from.receive(|message| assert_eq!(payload::number(message), number as u64, "another message came back"));
        place.store(nanos() - begin, SeqCst);
    }
}

/// Sorted, without the first tenth.
fn settled(times: &[AtomicU64]) -> Vec<u32> {
    let mut times: Vec<u32> = times[times.len() / 10..].iter().map(|time| time.load(SeqCst) as u32).collect();
    times.sort_unstable();
    times
}

/// Round trips of one run at most.
pub const ROUND_TRIPS_MAX: usize = 200_000;

fn wait_at(gate: &mut impl Read) {
    let _ = gate.read(&mut [0]); // a byte for each
}

fn send(mut end: impl Sender, page: &Page, index: usize, load: &Load, wait: impl FnOnce()) {
    page.ready.fetch_add(1, SeqCst);
    wait();
    let share = |index: usize| load.messages * index as u64 / load.senders as u64;
    for number in share(index)..share(index + 1) {
        end.send(load.size, |message| payload::write(message, number));
    }
    end.flush();
    if page.finished.fetch_add(1, SeqCst) + 1 == load.senders as u64 {
        for _ in 0..load.receivers {
            end.send(load.size, |message| payload::write(message, END));
            end.flush();
        }
    }
}

fn receive(mut end: impl Receiver, page: &Page, index: usize, load: &Load, wait: impl FnOnce()) {
    page.ready.fetch_add(1, SeqCst);
    wait();
    let (mut messages, mut sum, mut disorder, mut ended) = (0_u64, 0_u64, 0_u64, false);
    let mut next = [0_u64; WORKERS];
    while !ended {
        end.receive(|message| {
            let number = payload::number(message);
            if number == END {
                ended = true;
                return;
            }
            messages += 1;
            sum = sum.wrapping_add(payload::sum(message));
            let sender = if load.senders == 1 { 0 } else { sender_of(number, load) };
            disorder += u64::from(number < next[sender]);
            next[sender] = number;
        });
    }
    let Receipt { messages: all, sum: total, disorder: strange, end_nanos } = &page.receivers[index];
    all.store(messages, SeqCst);
    total.store(sum, SeqCst);
    strange.store(disorder, SeqCst);
    end_nanos.store(nanos(), SeqCst);
}

fn sender_of(number: u64, load: &Load) -> usize {
    ((number * load.senders as u64 / load.messages.max(1)) as usize).min(WORKERS - 1)
}

fn outcome(page: &Page, load: &Load, begin: u64) -> Outcome {
    let receipts = &page.receivers[..load.receivers];
    let total = |field: fn(&Receipt) -> &AtomicU64| {
        receipts.iter().fold(0_u64, |sum, receipt| sum.wrapping_add(field(receipt).load(SeqCst)))
    };
    let end = receipts.iter().map(|receipt| receipt.end_nanos.load(SeqCst)).max().unwrap_or(begin);
    Outcome {
        seconds: end.saturating_sub(begin) as f64 / 1e9,
        messages: total(|receipt| &receipt.messages),
        sum: total(|receipt| &receipt.sum),
        in_order: total(|receipt| &receipt.disorder) == 0,
    }
}

/// Forked workers. Those that still run are killed when this is dropped.
#[derive(Default)]
struct Children(Vec<libc::pid_t>);

impl Children {
    fn fork(&mut self, work: impl FnOnce()) -> Result<(), String> {
        // SAFETY: this process has one thread, so that the child has whole locks and a whole heap.
        match unsafe { libc::fork() } {
            -1 => Err(std::io::Error::last_os_error().to_string()),
            0 => {
                // SAFETY: concern this process only.
                unsafe {
                    libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                    libc::alarm(PATIENCE);
                }
                let done = catch_unwind(AssertUnwindSafe(work)).is_ok();
                // SAFETY: ends the process at once; what the parent made is the parent's to drop.
                unsafe { libc::_exit(i32::from(!done)) }
            }
            pid => {
                self.0.push(pid);
                Ok(())
            }
        }
    }

    /// Looks whether one has failed already.
    fn check(&mut self) -> Result<(), String> {
        for index in 0..self.0.len() {
            let mut status = 0;
            // SAFETY: asks about our own child and writes to a local.
            if unsafe { libc::waitpid(self.0[index], &mut status, libc::WNOHANG) } != 0 {
                self.0.swap_remove(index);
                return Err(format!("a worker ended with status {status:#x} before it was ready"));
            }
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<(), String> {
        while !self.0.is_empty() {
            let mut status = 0;
            // SAFETY: waits for any child of ours and writes to a local.
            let pid = unsafe { libc::waitpid(-1, &mut status, 0) };
            self.0.retain(|&child| child != pid);
            if status != 0 {
                return Err(format!("a worker ended with status {status:#x}"));
            }
        }
        Ok(())
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for &pid in &self.0 {
            // SAFETY: our own child, which was not waited for.
            unsafe {
                libc::kill(pid, libc::SIGKILL);
                libc::waitpid(pid, std::ptr::null_mut(), 0);
            }
        }
    }
}
