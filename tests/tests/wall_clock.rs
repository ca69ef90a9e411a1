//! Fault 20: the wall clock is set while somebody waits for a time. Only this program sees it: its
//! own `clock_gettime` stands before that of the C library.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use ringway::{Place, Queue, WaitStrategy};
use ringway_tests::Watchdog;

const HOUR: i64 = 3600;
const WAIT: Duration = Duration::from_millis(400);

/// Seconds by which the wall clock was set.
static SET_BY: AtomicI64 = AtomicI64::new(0);
static ASKED: AtomicU64 = AtomicU64::new(0);

/// What Rust asks for the time, instead of the C library.
///
/// # Safety
/// `time` has room for the time.
// SAFETY: the same name, arguments and results as in the C library; only the wall clock is another.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(
    clock: libc::clockid_t,
    time: *mut libc::timespec,
) -> libc::c_int {
    // SAFETY: the arguments are passed on as they came.
    let result = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) };
    if result == 0 && matches!(clock, libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE) {
        ASKED.fetch_add(1, Relaxed);
        // SAFETY: the call has filled it in.
        unsafe { (*time).tv_sec += SET_BY.load(Relaxed) };
    }
    result as libc::c_int
}

fn set_while_it_waits(by: i64, wait: impl FnOnce() + Send) {
    SET_BY.store(0, Relaxed);
    thread::scope(|scope| {
        let begin = Instant::now();
        let waiting = scope.spawn(wait);
        thread::sleep(WAIT / 2);
        SET_BY.store(by, Relaxed);
        waiting.join().unwrap();
        assert!(begin.elapsed() >= WAIT, "set by {by} s: after {:?} already", begin.elapsed());
    });
}

#[test]
fn a_wall_clock_that_is_set_makes_no_wait_longer_or_shorter() {
    let begin = SystemTime::now();
    SET_BY.store(HOUR, Relaxed);
    assert!(
        begin.elapsed().unwrap().as_secs() >= HOUR as u64 && ASKED.load(Relaxed) > 0,
        "the clock can be set"
    );

    for strategy in [WaitStrategy::Spin, WaitStrategy::Adaptive, WaitStrategy::Park] {
        let options =
            Queue::<[u8]>::options().maxsize(1).max_message(64).participants(2).wait(strategy);
        let queue = options.create(Place::Unnamed).unwrap();
        let _dog = Watchdog::of(&queue);
        for by in [-HOUR, HOUR] {
            set_while_it_waits(by, || assert!(queue.get_timeout(WAIT).unwrap_err().is_empty()));
            set_while_it_waits(by, || {
                assert!(queue.get_deadline(Instant::now() + WAIT).unwrap_err().is_empty());
            });
            queue.put("full").unwrap();
            set_while_it_waits(by, || assert!(queue.put_timeout("x", WAIT).unwrap_err().is_full()));
            drop(queue.get().unwrap());
        }
    }
}
