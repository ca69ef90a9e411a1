//! What only a process that has not called anything yet can show.

use std::sync::Barrier;
use std::thread;

use ringway_sys::fork;

#[test]
fn all_threads_that_enter_first_get_one_epoch() {
    const THREADS: usize = 16;
    assert_eq!(fork::epoch(), 0);
    let start = Barrier::new(THREADS);
    let enter = || {
        start.wait();
        fork::enter().unwrap()
    };
    let epochs: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(enter)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_ne!(epochs[0], 0);
    assert!(epochs.iter().all(|epoch| *epoch == epochs[0]));
    assert_eq!(fork::epoch(), epochs[0]);
}
