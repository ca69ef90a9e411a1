//! How crates wait that have no waiting of their own: they spin, then yield.

use crossbeam_utils::Backoff;

/// Tries until it works.
#[inline]
pub fn until<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let backoff = Backoff::new();
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        backoff.snooze();
    }
}
