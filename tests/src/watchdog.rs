//! A test that hangs says what its queue looked like, and ends.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ringway::inspect::{self, Snapshot};
use ringway::{Kind, Payload, Place, Queue};

use crate::names;

/// How long it rests between two looks.
const REST: Duration = Duration::from_secs(1);
/// Nothing is slow enough to stand still for this number of looks. They are counted, as time goes on
/// while all processes of a test are stopped.
const PATIENCE: u32 = 180;

/// Looks at a queue until it is dropped. When nothing moved for several minutes, it prints what it
/// sees and aborts.
#[derive(Debug)]
pub struct Watchdog {
    asleep: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Over a queue that has a name.
    pub fn over(place: &Place) -> Self {
        let place = place.clone();
        Self::with(move || {
            let segment = inspect::open(&place, inspect::Trust::default()).ok()?;
            let queue = inspect::first(&segment, Kind::Queue)?;
            inspect::snapshot(&segment, &queue).ok()
        })
    }

    /// Over a queue by a handle of it.
    pub fn of<T: Payload + ?Sized + 'static>(queue: &Queue<T>) -> Self {
        let queue = queue.clone();
        Self::with(move || queue.snapshot().ok())
    }

    /// Over a test that takes far less than the patience of a watchdog, whatever it tests.
    pub fn over_a_test() -> Self {
        Self::with(|| None)
    }

    fn with(look: impl Fn() -> Option<Snapshot> + Send + 'static) -> Self {
        let asleep = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&asleep);
        let test = thread::current().name().unwrap_or("a test").to_owned();
        let thread = thread::spawn(move || watch(&test, &stop, look));
        Self { asleep, thread: Some(thread) }
    }
}

fn watch(test: &str, stop: &AtomicBool, look: impl Fn() -> Option<Snapshot>) {
    let (mut last, mut in_vain) = (None, 0);
    while !stop.load(Relaxed) {
        let seen = look();
        let progress = seen.as_ref().map(|seen| (seen.puts, seen.gets, seen.lost, seen.recovered));
        if progress != last {
            (last, in_vain) = (progress, 0);
        } else if in_vain < PATIENCE {
            in_vain += 1;
        } else {
            // Not `eprintln`: what the test harness has captured is lost with the process.
            let _ = writeln!(
                io::stderr(),
                "{test}: nothing has moved in {PATIENCE} looks, one a second; the queue: {seen:#?}"
            );
            names::remove_all();
            std::process::abort();
        }
        thread::park_timeout(REST);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.asleep.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}
