//! Notices by one load that this process is a forked child.
//!
//! A forked child must not use what its parent owns in shared memory, or two processes would own
//! it. One page is mapped with MADV_WIPEONFORK (Linux 4.14): the kernel gives a child that page
//! filled with zeros, whichever way the child was made, so a raw clone(2) is noticed too.
//! `pthread_atfork` handlers run only for the C library's own `fork`, and comparing process ids
//! costs a system call and is fooled when ids are used again.
//!
//! A child that shares the memory of its parent (`vfork`, or clone with CLONE_VM) is not noticed:
//! it is the same memory with the same owner. All that such a child may do is exec or `_exit`.

use std::io;
use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64};

use crate::memory::page_size;
use crate::status::check;

/// What belongs to one process and not to its forked children: in a child every field is zero
/// again.
#[repr(C)]
struct Wiped {
    epoch: AtomicU64,
    /// Facts that [`once`] keeps: whether they are there, and the facts.
    known: AtomicBool,
    facts: [AtomicU64; 2],
}

/// What [`epoch`] reads before the first [`enter`]. Never written.
static NEVER: Wiped = Wiped {
    epoch: AtomicU64::new(0),
    known: AtomicBool::new(false),
    facts: [AtomicU64::new(0), AtomicU64::new(0)],
};

/// The page that fork wipes; [`NEVER`] until it is mapped, and the same from then on.
static WIPED: AtomicPtr<Wiped> = AtomicPtr::new((&raw const NEVER).cast_mut());

/// The last epoch that was given out in this process or in one it descends from: ordinary memory,
/// which fork copies.
static LAST: AtomicU64 = AtomicU64::new(0);

/// Returns the epoch of this process: 0 before the first [`enter`] and, which is the point, in a
/// child that was forked since. A caller that remembers what [`enter`] returned and finds another
/// number here is in a child of the process that it entered.
#[inline]
pub fn epoch() -> u64 {
    // SAFETY: it points to a static or to a page that is never unmapped; both hold atomics, and a
    // page fresh from the kernel is valid for them. Relaxed does: the word tells of this process
    // only, and a thread that missed the change of the pointer reads 0, as before.
    unsafe { &*WIPED.load(Relaxed) }.epoch.load(Relaxed)
}

/// Gives this process its epoch if it has none, and returns it: never 0, and never one that a
/// process which this one descends from ever had. Any number of threads may call it at once, and
/// call it again. It takes no lock, which a child could find held for ever.
///
/// # Errors
/// Those of mmap(2) and madvise(2): `InvalidInput` on kernels before 4.14.
pub fn enter() -> io::Result<u64> {
    let word = &wiped()?.epoch;
    let seen = word.load(Relaxed);
    if seen != 0 {
        return Ok(seen);
    }
    let fresh = LAST.fetch_add(1, Relaxed) + 1;
    // Another thread may have been first; then its number is the epoch and ours is never used.
    match word.compare_exchange(0, fresh, Relaxed, Relaxed) {
        Ok(_) => Ok(fresh),
        Err(theirs) => Ok(theirs),
    }
}

/// Asks for two facts that do not change during the life of a process, once in each process. A
/// forked child asks anew. Where no page can be had that fork wipes, each call asks.
pub(crate) fn once(ask: impl FnOnce() -> io::Result<[u64; 2]>) -> io::Result<[u64; 2]> {
    let Ok(page) = wiped() else { return ask() };
    // Acquire pairs with the Release below: the facts are there.
    if !page.known.load(Acquire) {
        // Threads that get here together store the same numbers.
        for (word, fact) in page.facts.iter().zip(ask()?) {
            word.store(fact, Relaxed);
        }
        page.known.store(true, Release);
    }
    Ok([page.facts[0].load(Relaxed), page.facts[1].load(Relaxed)])
}

#[cold]
fn map_wiped_page() -> io::Result<*mut Wiped> {
    let len = page_size() as usize;
    // SAFETY: a new anonymous mapping at an address that the kernel chooses disturbs nothing.
    let page = unsafe {
        libc::mmap(
            ptr::null_mut(),
            len,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if page == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the page was mapped just now and is ours alone.
    if let Err(error) = check(unsafe { libc::madvise(page, len, libc::MADV_WIPEONFORK) }) {
        // SAFETY: no other thread has seen the page.
        unsafe { libc::munmap(page, len) };
        return Err(error);
    }
    Ok(page.cast())
}

fn wiped() -> io::Result<&'static Wiped> {
    let never = (&raw const NEVER).cast_mut();
    let mut page_now = WIPED.load(Acquire);
    if page_now == never {
        let page = map_wiped_page()?;
        page_now = match WIPED.compare_exchange(never, page, AcqRel, Acquire) {
            Ok(_) => page,
            Err(theirs) => {
                // SAFETY: another thread was first, so no other thread has seen our page.
                unsafe { libc::munmap(page.cast(), page_size() as usize) };
                theirs
            }
        };
    }
    // SAFETY: it is not NEVER, so it is a page that was mapped for this struct, which it holds, and
    // is never unmapped.
    Ok(unsafe { &*page_now })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Child, alone};

    #[test]
    fn an_epoch_stays() {
        let first = enter().unwrap();
        assert_ne!(first, 0);
        assert_eq!((enter().unwrap(), epoch()), (first, first));
        assert_eq!(NEVER.epoch.load(Relaxed), 0);
    }

    #[test]
    fn each_generation_of_children_reads_zero_and_gets_a_new_epoch() {
        let _alone = alone();
        let parents = enter().unwrap();
        let mut child = Child::fork(|| {
            if epoch() != 0 {
                return 1;
            }
            let Ok(childs) = enter() else { return 2 };
            if childs <= parents || epoch() != childs {
                return 3;
            }
            let mut grandchild = Child::fork(|| match (epoch(), enter()) {
                (0, Ok(own)) if own > childs && epoch() == own => 0,
                _ => 4,
            });
            let status = grandchild.wait();
            if epoch() != childs { 5 } else { status }
        });
        assert_eq!(child.wait(), 0);
        assert_eq!(epoch(), parents);
    }

    #[test]
    fn a_raw_clone_is_noticed() {
        let _alone = alone();
        let parents = enter().unwrap();
        // SAFETY: all fields are numbers.
        let mut how: libc::clone_args = unsafe { std::mem::zeroed() };
        how.exit_signal = libc::SIGCHLD as u64;
        // SAFETY: the child is a copy of this process, with a copy of this stack, and does nothing
        // but read and end.
        let pid =
            unsafe { libc::syscall(libc::SYS_clone3, &raw mut how, size_of::<libc::clone_args>()) };
        if pid == 0 {
            let status = i32::from(epoch() != 0);
            // SAFETY: `_exit` ends the process at once.
            unsafe { libc::_exit(status) };
        }
        if pid == -1 {
            eprintln!("SKIPPED: clone3 is not permitted here: {}", io::Error::last_os_error());
            return;
        }
        let mut status = -1;
        // SAFETY: waits for our own child and writes to a local.
        assert_eq!(i64::from(unsafe { libc::waitpid(pid as i32, &mut status, 0) }), pid);
        assert_eq!((status, epoch()), (0, parents));
    }
}
