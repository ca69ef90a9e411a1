//! This process, as its parent has started it.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;

use ringway_sys::children as sys;

use super::order::Order;

/// What its parent told this process.
#[derive(Debug)]
struct Told {
    name: String,
    is_daemon: bool,
    parent: Parent,
}

static TOLD: OnceLock<Told> = OnceLock::new();

/// This process.
#[derive(Debug, Clone, Copy)]
pub struct Current(());

/// The process that has started this one.
#[derive(Debug)]
pub struct Parent {
    pid: u32,
    name: String,
    /// `None` if it had ended before this process could look.
    sentinel: Option<sys::Watched>,
}

/// Notes what the order says of this process.
pub(super) fn begin(order: &Order) {
    let Order { name, parent: pid, parent_name, is_daemon, .. } = order;
    let watched = sys::Watched::new(*pid).ok();
    // A pidfd that was opened while it still was our parent is its own.
    let is_ours = std::os::unix::process::parent_id() == *pid;
    let sentinel = watched.filter(|_| is_ours);
    let parent = Parent { pid: *pid, name: parent_name.clone(), sentinel };
    let _ = TOLD.set(Told { name: name.clone(), is_daemon: *is_daemon, parent }); // done once
}

/// Returns this process: its name, and whether it is a daemon.
///
/// ```
/// assert_eq!(ringway::process::current_process().name(), "MainProcess");
/// ```
#[must_use]
pub fn current_process() -> Current {
    Current(())
}

/// Returns the process that has started this one by [`Process::spawn`](super::Process::spawn), if
/// one has.
///
/// ```
/// assert!(ringway::process::parent_process().is_none());
/// ```
#[must_use]
pub fn parent_process() -> Option<&'static Parent> {
    Some(&TOLD.get()?.parent)
}

impl Current {
    /// Its name; `MainProcess` if no other process of the program has started it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        TOLD.get().map_or("MainProcess", |told| &told.name)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        std::process::id()
    }

    /// Whether it ends with its parent.
    #[must_use]
    pub fn is_daemon(&self) -> bool {
        TOLD.get().is_some_and(|told| told.is_daemon)
    }
}

impl Parent {
    /// Its process id. It may have ended, and the number may be that of another process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let Some(sentinel) = self.sentinel() else { return false };
        let ended = sys::poll(&[sentinel], Some(core::time::Duration::ZERO));
        ended.is_ok_and(|ended| !ended[0])
    }

    /// A descriptor that becomes readable when it ends; `None` if it had ended when this process
    /// began.
    #[must_use]
    pub fn sentinel(&self) -> Option<BorrowedFd<'_>> {
        self.sentinel.as_ref().map(AsFd::as_fd)
    }
}
