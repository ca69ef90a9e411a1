//! What it costs to wait: CPU time of a receiver that gets nothing.

use std::io::{Read, Write, pipe};
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Children;
use crate::cores::pin;
use crate::link::{Link, Load, Receiver, Sender};
use crate::page::{Meeting, Shared};
use crate::payload::{self, USUAL};

/// Until it has come to rest.
const SETTLE: Duration = Duration::from_millis(200);
/// How long it is watched.
const WATCH: Duration = Duration::from_secs(1);

/// Of a receiving process; answers milliseconds of CPU in a second.
///
/// # Errors
/// When a worker failed.
pub fn processes(link: &impl Link, load: &Load) -> Result<f64, String> {
    // SAFETY: made of an atomic.
    let meeting: Shared<Meeting> = unsafe { Shared::zeroed() };
    let (mut gate, mut opener) = pipe().map_err(|error| error.to_string())?;
    let mut children = Children::default();
    let receiver = children.fork(|| {
        pin(1);
        let mut receiver = link.receiver(0);
        meeting.arrive();
        receiver.receive(|message| assert_eq!(payload::number(message), 7, "another message came"));
    })?;
    children.fork(|| {
        pin(0);
        let mut sender = link.sender(0);
        meeting.arrive();
        let _ = gate.read(&mut [0]); // sleeps in the kernel until the watch is over
        sender.send(load.size, |message| payload::write::<USUAL>(message, 7));
        sender.flush();
    })?;
    while !meeting.has(2) {
        children.check()?;
        thread::sleep(Duration::from_micros(200));
    }
    thread::sleep(SETTLE);
    let (begin, before) = (Instant::now(), cpu_time(receiver)?);
    thread::sleep(WATCH);
    let used = cpu_time(receiver)?.saturating_sub(before);
    let cost = used.as_secs_f64() * 1e3 / begin.elapsed().as_secs_f64();
    opener.write_all(&[0]).map_err(|error| error.to_string())?;
    children.wait()?;
    Ok(cost)
}

fn cpu_time(process: libc::pid_t) -> Result<Duration, String> {
    let mut clock = 0;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: both write to locals; the process is our child, not waited for yet, so that the number is its own.
    let failed = unsafe {
        libc::clock_getcpuclockid(process, &raw mut clock) != 0
            || libc::clock_gettime(clock, &raw mut time) != 0
    };
    if failed {
        Err("the receiver ended before it got anything".to_owned())
    } else {
        Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }
}
