//! Times of there and back: one message at a time through two links.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use crate::children::Children;
use crate::cores::pin;
use crate::link::{Link, Load, Receiver, Sender};
use crate::page::{Meeting, Shared, nanos};
use crate::payload::{self, USUAL};

/// Round trips of one run at most.
pub const MAX: usize = 200_000;

struct Page {
    meeting: Meeting,
    times: [AtomicU64; MAX],
}

/// Between two processes; answers how long each round trip took, in nanoseconds, sorted, without
/// the first tenth.
///
/// # Errors
/// When a worker failed.
pub fn processes(there: &impl Link, back: &impl Link, load: &Load) -> Result<Vec<u32>, String> {
    // SAFETY: made of atomics.
    let page: Shared<Page> = unsafe { Shared::zeroed() };
    let (meeting, times) = (&page.meeting, &page.times[..(load.messages as usize).min(MAX)]);
    let mut children = Children::default();
    children.fork(|| echo(there.receiver(0), back.sender(0), load.size, meeting, times.len()))?;
    children.fork(|| ask(there.sender(0), back.receiver(0), load.size, meeting, times))?;
    children.wait()?;
    Ok(settled(times))
}

/// The same between two threads.
pub fn threads(there: &impl Link, back: &impl Link, load: &Load) -> Vec<u32> {
    let times: Vec<AtomicU64> = (0..load.messages).map(|_| AtomicU64::new(0)).collect();
    let meeting = Meeting::default();
    thread::scope(|scope| {
        scope.spawn(|| echo(there.receiver(0), back.sender(0), load.size, &meeting, times.len()));
        scope.spawn(|| ask(there.sender(0), back.receiver(0), load.size, &meeting, &times));
    });
    settled(&times)
}

fn echo(
    mut from: impl Receiver,
    mut to: impl Sender,
    size: usize,
    meeting: &Meeting,
    count: usize,
) {
    pin(1);
    meeting.of_two();
    for _ in 0..count {
        let mut number = 0;
        from.receive(|message| number = payload::number(message));
        to.send(size, |message| payload::write::<USUAL>(message, number));
        to.flush();
    }
}

fn ask(
    mut to: impl Sender,
    mut from: impl Receiver,
    size: usize,
    meeting: &Meeting,
    times: &[AtomicU64],
) {
    pin(0);
    meeting.of_two();
    for (number, place) in times.iter().enumerate() {
        let begin = nanos();
        to.send(size, |message| payload::write::<USUAL>(message, number as u64));
        to.flush();
        from.receive(|message| {
            assert_eq!(payload::number(message), number as u64, "another message came back")
        });
        place.store(nanos() - begin, SeqCst);
    }
}

fn settled(times: &[AtomicU64]) -> Vec<u32> {
    let mut times: Vec<u32> =
        times[times.len() / 10..].iter().map(|time| time.load(SeqCst) as u32).collect();
    times.sort_unstable();
    times
}
