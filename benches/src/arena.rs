//! Memory that a fork shares: an allocator that, while asked to, takes all memory from a shared
//! mapping. So a crate made for threads can be laid in shared memory without touching it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

const BYTES: usize = 1 << 30;

static OPEN: AtomicBool = AtomicBool::new(false);
static BASE: AtomicUsize = AtomicUsize::new(0);
static USED: AtomicUsize = AtomicUsize::new(0);

/// The allocator of programs that measure.
pub struct Arena;

// SAFETY: memory is the system's, or a part of the mapping that nobody had before; parts are never
// given back.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !OPEN.load(SeqCst) {
            // SAFETY: as our caller vouches.
            return unsafe { System.alloc(layout) };
        }
        let start = USED.load(SeqCst).next_multiple_of(layout.align().max(128));
        USED.store(start + layout.size(), SeqCst);
        assert!(start + layout.size() <= BYTES, "the shared arena is used up");
        (BASE.load(SeqCst) + start) as *mut u8
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        let base = BASE.load(SeqCst);
        if base == 0 || !(base..base + BYTES).contains(&(at as usize)) {
            // SAFETY: it came from the system.
            unsafe { System.dealloc(at, layout) }
        }
    }
}

/// Makes some things whose memory is shared with processes that are forked later. The process has
/// no other thread. What was made before is gone with the next call.
pub fn shared<T>(count: usize, make: impl Fn() -> T) -> Vec<Box<T>> {
    let mut all = Vec::with_capacity(count); // the list itself is our own
    if BASE.load(SeqCst) == 0 {
        // SAFETY: a new mapping, wherever the system likes.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                BYTES,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        assert_ne!(base, libc::MAP_FAILED, "a shared mapping");
        BASE.store(base as usize, SeqCst);
    }
    USED.store(0, SeqCst);
    OPEN.store(true, SeqCst);
    all.extend((0..count).map(|_| Box::new(make())));
    OPEN.store(false, SeqCst);
    all
}
