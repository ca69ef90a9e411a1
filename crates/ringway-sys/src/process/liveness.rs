//! Whether a process is dead, proved by the kernel and never by the time that passes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::identity::{Identity, Namespaces};
use super::{pidfd, procfs};

/// What the kernel says of a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Liveness {
    /// The process runs. Stopped, frozen, or without its first thread, it is alive.
    Alive,
    /// The process is gone for ever: all its threads have ended, though its parent may not have
    /// waited for it.
    Dead,
    /// The kernel does not tell, so the caller needs other evidence. The process is of another PID
    /// namespace; or some process with its number runs, but `/proc` (hidden, not mounted, no
    /// descriptor left to read it) or another time namespace hides when that one started; or the
    /// number is none of a process.
    Unknown,
}

/// Asks the kernel whether `process` is alive. The result is [`Liveness::Dead`] only with proof.
///
/// Needs pidfd_open(2) and poll(2) on its result (Linux 5.3). Where that is missing or forbidden,
/// kill(2) and `/proc` are asked instead.
pub fn liveness_of(process: &Identity) -> Liveness {
    look(process).0
}

/// As [`liveness_of`], and a pidfd of the process if it is alive and one could be had.
pub(super) fn look(process: &Identity) -> (Liveness, Option<OwnedFd>) {
    let is_number = process.pid != 0 && i32::try_from(process.pid).is_ok();
    if !is_number || !process.is_local() {
        return (Liveness::Unknown, None);
    }
    match pidfd::open(process.pid) {
        Ok(pidfd) => match look_through(process, pidfd.as_fd()) {
            Liveness::Alive => (Liveness::Alive, Some(pidfd)),
            other => (other, None),
        },
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => (Liveness::Dead, None),
        // The number is that of a thread; or pidfds are forbidden, unknown to the kernel, or used
        // up.
        Err(_) => (look_without_pidfd(process), None),
    }
}

/// The start time is read while the pidfd holds on to one process, and only then that process is
/// asked whether it has ended. If it has not, no other process can have had the number in between.
/// If it has, so has ours, even if another process had the number since.
fn look_through(process: &Identity, pidfd: BorrowedFd<'_>) -> Liveness {
    let stat = procfs::directory_of(process.pid, Some(pidfd))
        .and_then(|directory| procfs::Stat::read(&directory));
    if pidfd::has_ended(pidfd).unwrap_or(false) {
        return Liveness::Dead;
    }
    stat.map_or(Liveness::Unknown, |stat| by_start_time(process, stat.start_time))
}

#[cold]
fn look_without_pidfd(process: &Identity) -> Liveness {
    // SAFETY: signal 0 is not sent; the call only asks. The id is above 0, so it is one process.
    let asked = unsafe { libc::kill(process.pid as libc::pid_t, 0) };
    if asked == -1 && io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH) {
        return Liveness::Dead;
    }
    let Ok(directory) = procfs::directory_of(process.pid, None) else { return Liveness::Unknown };
    match (procfs::is_thread(&directory), procfs::Stat::read(&directory)) {
        (Ok(true), _) => Liveness::Dead,
        (_, Ok(stat)) if stat.has_ended() => Liveness::Dead,
        (_, Ok(stat)) => by_start_time(process, stat.start_time),
        _ => Liveness::Unknown,
    }
}

/// What it says of `process` that the process with its number runs and started at `start_time`.
fn by_start_time(process: &Identity, start_time: u64) -> Liveness {
    // The clock of another time namespace starts elsewhere.
    let is_our_clock =
        |own: io::Result<Namespaces>| own.is_ok_and(|own| own.time == process.time_namespace);
    if !is_our_clock(Namespaces::known()) {
        Liveness::Unknown
    } else if start_time == process.start_time {
        Liveness::Alive
    } else if is_our_clock(Namespaces::ask()) {
        Liveness::Dead
    } else {
        Liveness::Unknown // we have left the time namespace that we remember
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;
    use std::sync::mpsc;
    use std::thread;

    use super::*;
    use crate::process::thread_id;
    use crate::testing::{Child, alone, run_in_fresh_process};

    /// Asks both ways, which have to agree.
    fn life(process: &Identity) -> Liveness {
        let without = look_without_pidfd(process);
        let with = liveness_of(process);
        assert_eq!(with, without);
        with
    }

    #[test]
    fn a_child_lives_until_it_is_killed_and_a_zombie_is_dead() {
        let _alone = alone();
        let mut child = Child::idle();
        let identity = child.identity();
        assert_eq!(life(&identity), Liveness::Alive);
        child.signal(libc::SIGKILL);
        child.wait_for_state('Z');
        assert_eq!(life(&identity), Liveness::Dead);
        child.wait();
        assert_eq!(life(&identity), Liveness::Dead);
    }

    #[test]
    fn a_stopped_process_is_alive() {
        let _alone = alone();
        let child = Child::idle();
        child.signal(libc::SIGSTOP);
        child.wait_for_state('T');
        assert_eq!(life(&child.identity()), Liveness::Alive);
    }

    #[test]
    fn a_process_that_lost_its_first_thread_is_alive_until_it_is_killed() {
        let _alone = alone();
        let mut child = Child::headless();
        let identity = child.identity();
        assert_eq!(life(&identity), Liveness::Alive);
        child.signal(libc::SIGKILL);
        child.wait();
        assert_eq!(life(&identity), Liveness::Dead);
    }

    #[test]
    fn a_number_that_was_used_again_is_another_process() {
        let mut identity = Identity::current().unwrap();
        assert_eq!(life(&identity), Liveness::Alive);
        identity.start_time -= 1;
        assert_eq!(life(&identity), Liveness::Dead);
    }

    #[test]
    fn start_times_of_another_time_namespace_are_not_compared() {
        let mut identity = Identity::current().unwrap();
        identity.start_time += 1;
        identity.time_namespace += 1;
        assert_eq!(life(&identity), Liveness::Unknown);
    }

    #[test]
    fn another_pid_namespace_is_unknown() {
        let mut identity = Identity::current().unwrap();
        identity.pid_namespace += 1;
        assert_eq!(liveness_of(&identity), Liveness::Unknown);
    }

    #[test]
    fn a_number_that_no_process_can_have_is_unknown() {
        for pid in [0, 1 << 31, u32::MAX] {
            assert_eq!(
                liveness_of(&Identity { pid, ..Identity::current().unwrap() }),
                Liveness::Unknown
            );
        }
    }

    #[test]
    fn the_number_of_a_thread_is_no_living_process() {
        let (tell, told) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                let stat = procfs::Stat::read(&PathBuf::from("/proc/thread-self")).unwrap();
                tell.send((thread_id(), stat.start_time)).unwrap();
                let _ = ended.recv();
            });
            let (pid, start_time) = told.recv().unwrap();
            assert_eq!(
                life(&Identity { pid, start_time, ..Identity::current().unwrap() }),
                Liveness::Dead
            );
            drop(end);
        });
    }

    /// Runs the test below in a PID namespace of its own, under a `/proc` that belongs to ours.
    #[test]
    fn life_is_told_right_under_the_proc_of_another_namespace() {
        let _alone = alone();
        let unshare = ["unshare", "--pid", "--fork", "--kill-child"];
        match Command::new(unshare[0]).args(&unshare[1..]).arg("true").status() {
            Ok(permitted) if permitted.success() => {}
            failed => return eprintln!("SKIPPED: cannot make a PID namespace here: {failed:?}"),
        }
        let body = "process::liveness::tests::under_the_proc_of_another_namespace";
        run_in_fresh_process(&unshare, body).unwrap();
    }

    #[test]
    #[ignore = "run by the test above"]
    fn under_the_proc_of_another_namespace() {
        let shown = std::fs::read_link("/proc/self").unwrap();
        assert_ne!(shown.as_os_str(), std::process::id().to_string().as_str());
        let identity = Identity::current().unwrap();
        assert_eq!(life(&identity), Liveness::Alive);
        assert_eq!(
            life(&Identity { start_time: identity.start_time - 1, ..identity }),
            Liveness::Dead
        );
        let mut child = Child::idle();
        let childs = child.identity();
        assert_eq!(life(&childs), Liveness::Alive);
        child.signal(libc::SIGKILL);
        child.wait();
        assert_eq!(life(&childs), Liveness::Dead);
    }
}
