//! What it costs to wait: CPU time of all participants while receivers get nothing.

use std::io::{Read, Write, pipe};
use std::slice;
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Children;
use crate::cores::pin;
use crate::link::{Link, Load, Receiver, Sender};
use crate::page::{Meeting, Shared};
use crate::payload::{self, USUAL};

/// Until all have come to rest.
const SETTLE: Duration = Duration::from_millis(500);
/// How long they are watched.
const WATCH: Duration = Duration::from_secs(1);
/// What ends the wait of a receiver.
const WORD: u64 = 7;

/// Of receiving processes on one link, a sending one that sends nothing, and this one, which made
/// the link; milliseconds of CPU in a second.
///
/// # Errors
/// When a worker failed.
pub fn processes(link: &impl Link, load: &Load) -> Result<f64, String> {
    watch(slice::from_ref(link), load, |children, meeting| {
        (0..load.receivers).map(|index| children.fork(|| rest(link, index, meeting))).collect()
    })
}

/// The same with a link for each receiver, all of which are threads of one process.
///
/// # Errors
/// When a worker failed.
pub fn threads(links: &[impl Link], load: &Load) -> Result<f64, String> {
    watch(links, load, |children, meeting| {
        let process = children.fork(|| {
            thread::scope(|scope| {
                for link in links {
                    scope.spawn(|| rest(link, 0, meeting));
                }
            });
        });
        Ok(vec![process?])
    })
}

/// Waits until the watch is over.
fn rest(link: &impl Link, index: usize, meeting: &Meeting) {
    pin(index + 1);
    let mut receiver = link.receiver(index);
    meeting.arrive();
    receiver.receive(|message| assert_eq!(payload::number(message), WORD, "another message came"));
}

fn watch(
    links: &[impl Link],
    load: &Load,
    start: impl FnOnce(&mut Children, &Meeting) -> Result<Vec<libc::pid_t>, String>,
) -> Result<f64, String> {
    // SAFETY: made of an atomic.
    let meeting: Shared<Meeting> = unsafe { Shared::zeroed() };
    let (mut gate, mut opener) = pipe().map_err(|error| error.to_string())?;
    let mut children = Children::default();
    let mut watched = start(&mut children, &meeting)?;
    watched.push(children.fork(|| {
        pin(0);
        let mut senders: Vec<_> = links.iter().map(|link| link.sender(0)).collect();
        meeting.arrive();
        let _ = gate.read(&mut [0]); // sleeps in the kernel until the watch is over
        for receiver in 0..load.receivers {
            let sender = &mut senders[receiver % links.len()];
            sender.send(load.size, |message| payload::write::<USUAL>(message, WORD));
            sender.flush();
        }
    })?);
    while !meeting.has(load.receivers + 1) {
        children.check()?;
        thread::sleep(Duration::from_micros(200));
    }
    thread::sleep(SETTLE);
    // Reading the clocks of many takes time itself, which our own clock must not tell.
    let (others, own, begin) = (cpu_times(&watched)?, cpu_times(&[0])?, Instant::now());
    thread::sleep(WATCH);
    let (own, seconds) = (cpu_times(&[0])?.saturating_sub(own), begin.elapsed().as_secs_f64());
    let used = cpu_times(&watched)?.saturating_sub(others) + own;
    opener.write_all(&[0]).map_err(|error| error.to_string())?;
    children.wait()?;
    Ok(used.as_secs_f64() * 1e3 / seconds)
}

/// Of these processes together, 0 being this one.
fn cpu_times(processes: &[libc::pid_t]) -> Result<Duration, String> {
    processes.iter().map(|&process| cpu_time(process)).sum()
}

fn cpu_time(process: libc::pid_t) -> Result<Duration, String> {
    let mut clock = 0;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: both write to locals; the process is our child, not waited for yet, so that the
    // number is its own.
    let failed = unsafe {
        libc::clock_getcpuclockid(process, &raw mut clock) != 0
            || libc::clock_gettime(clock, &raw mut time) != 0
    };
    if failed {
        Err("a receiver ended before it got anything".to_owned())
    } else {
        Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }
}
