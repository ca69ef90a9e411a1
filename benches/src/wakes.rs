//! Waking: how long after a send a receiver has the message that had gone to sleep.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use crate::children::Children;
use crate::cores::pin;
use crate::link::{Link, Load, Receiver, Sender};
use crate::page::{Meeting, Shared, nanos};
use crate::payload::{self, USUAL};

/// How long the receiver sleeps each time.
const SLEEP: Duration = Duration::from_millis(1);
/// Wakes of one run at most.
const MAX: usize = 4096;

struct Page {
    meeting: Meeting,
    /// When the last message was sent.
    sent_nanos: AtomicU64,
    /// Messages that were received.
    received: AtomicU64,
    times: [AtomicU64; MAX],
}

/// Between two processes; answers how long each took, in nanoseconds, sorted.
///
/// # Errors
/// When a worker failed.
pub fn processes(link: &impl Link, load: &Load) -> Result<Vec<u32>, String> {
    // SAFETY: made of atomics.
    let page: Shared<Page> = unsafe { Shared::zeroed() };
    let count = (load.messages as usize).min(MAX);
    let mut children = Children::default();
    children.fork(|| sleep(link.receiver(0), &page, count))?;
    children.fork(|| wake(link.sender(0), &page, load.size, count))?;
    children.wait()?;
    let mut times: Vec<u32> =
        page.times[..count].iter().map(|time| time.load(SeqCst) as u32).collect();
    times.sort_unstable();
    Ok(times)
}

fn sleep(mut end: impl Receiver, page: &Page, count: usize) {
    pin(1);
    page.meeting.of_two();
    for number in 0..count {
        end.receive(|message| {
            assert_eq!(payload::number(message), number as u64, "another message came")
        });
        page.times[number].store(nanos() - page.sent_nanos.load(SeqCst), SeqCst);
        page.received.fetch_add(1, SeqCst);
    }
}

fn wake(mut end: impl Sender, page: &Page, size: usize, count: usize) {
    pin(0);
    page.meeting.of_two();
    for number in 0..count {
        while page.received.load(SeqCst) != number as u64 {
            thread::yield_now();
        }
        thread::sleep(SLEEP);
        page.sent_nanos.store(nanos(), SeqCst);
        end.send(size, |message| payload::write::<USUAL>(message, number as u64));
        end.flush();
    }
}
