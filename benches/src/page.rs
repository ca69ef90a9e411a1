//! A page that the harness and its workers share.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

/// Workers that there may be.
pub const WORKERS: usize = 256;

/// What workers tell.
#[repr(C)]
pub struct Page {
    /// Workers that have made their ends.
    pub ready: Meeting,
    /// Senders that have sent all.
    pub finished: AtomicU64,
    /// Receivers that have had their last message.
    pub served: Meeting,
    /// What each receiver got.
    pub receivers: [Receipt; WORKERS],
}

/// What a receiver got.
#[repr(C)]
pub struct Receipt {
    /// Messages.
    pub messages: AtomicU64,
    /// Their sum.
    pub sum: AtomicU64,
    /// How many came before an earlier one of the same sender.
    pub disorder: AtomicU64,
    /// When it got the last, in nanoseconds of the monotonic clock.
    pub end_nanos: AtomicU64,
}

/// Where workers wait for each other.
#[repr(transparent)]
#[derive(Default)]
pub struct Meeting(AtomicU64);

impl Meeting {
    /// One more is here.
    pub fn arrive(&self) {
        self.0.fetch_add(1, SeqCst);
    }
    /// Whether that many are here.
    pub fn has(&self, many: usize) -> bool {
        self.0.load(SeqCst) >= many as u64
    }
    /// Is here, and goes on when there are two.
    pub fn of_two(&self) {
        self.arrive();
        while !self.has(2) {
            thread::yield_now();
        }
    }
}

/// A mapping that forked processes share with us.
pub struct Shared<T: 'static>(&'static T);

impl<T> Shared<T> {
    /// A new one, all zeros; `T` is made of atomics.
    ///
    /// # Panics
    /// When the system has no memory.
    ///
    /// # Safety
    /// Zeros are a valid `T`, which is changed by atomic instructions only.
    pub unsafe fn zeroed() -> Self {
        // SAFETY: a new mapping, wherever the system likes.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                size_of::<T>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(base, libc::MAP_FAILED, "a shared mapping");
        // SAFETY: page-aligned, large enough, zeroed; it is unmapped when nobody has the reference
        // any more.
        Self(unsafe { &*base.cast::<T>() })
    }
}

impl<T> std::ops::Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: mapped above, with this size; what was borrowed from us has ended.
        unsafe { libc::munmap(std::ptr::from_ref(self.0).cast_mut().cast(), size_of::<T>()) };
    }
}

/// Nanoseconds of the monotonic clock, which all processes share.
pub fn nanos() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to a local.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
