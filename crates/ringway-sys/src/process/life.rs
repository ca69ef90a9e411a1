//! Whether a process is dead, proved by the kernel and never by the time that passes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use super::identity::{Identity, own_namespaces};
use super::{pidfd, procfs};

/// What the kernel says of a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// Nothing proves that it is dead. Stopped, frozen, or without its first thread, it is alive.
    Alive,
    /// It is gone for ever: all its threads have ended, though its parent may not have waited for it.
    Dead,
    /// Its number means nothing here: it is from another PID namespace, or it is no number of a process.
    Unknown,
}

/// Whether the process lives. Never [`Life::Dead`] without proof: what cannot be read leaves it alive.
pub fn life_of(process: &Identity) -> Life {
    let Ok((pid_namespace, time_namespace)) = own_namespaces() else { return Life::Unknown };
    let is_number = process.pid != 0 && i32::try_from(process.pid).is_ok();
    if !is_number || process.pid_namespace != pid_namespace {
        return Life::Unknown;
    }
    // The clock of another time namespace starts elsewhere.
    let start_time = (process.time_namespace == time_namespace).then_some(process.start_time);
    let dead = match pidfd::open(process.pid) {
        Ok(pidfd) => has_ended(process.pid, start_time, pidfd.as_fd()),
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => true,
        // The number is that of a thread; or pidfds are forbidden, unknown to the kernel, or used up.
        Err(_) => has_ended_without_pidfd(process.pid, start_time),
    };
    if dead { Life::Dead } else { Life::Alive }
}

/// The start time is read while the pidfd holds on to one process, and only then that process is asked whether it has
/// ended. If it has not, nobody else can have had the number in between.
fn has_ended(pid: u32, start_time: Option<u64>, pidfd: BorrowedFd<'_>) -> bool {
    let stat =
        procfs::directory_of(pid, Some(pidfd)).and_then(|directory| procfs::Stat::read(&directory));
    let is_another =
        matches!((stat, start_time), (Ok(stat), Some(expected)) if stat.start_time != expected);
    is_another || pidfd::has_ended(pidfd).unwrap_or(false)
}

#[cold]
fn has_ended_without_pidfd(pid: u32, start_time: Option<u64>) -> bool {
    // SAFETY: signal 0 is not sent; the call only asks. `pid` is above 0, so it is one process.
    let asked = unsafe { libc::kill(pid as libc::pid_t, 0) };
    if asked == -1 && io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH) {
        return true;
    }
    // Where /proc hides the processes of others this fails, which proves nothing.
    let Ok(directory) = procfs::directory_of(pid, None) else { return false };
    let is_thread = procfs::is_thread(&directory).unwrap_or(false);
    let has_ended = procfs::Stat::read(&directory).is_ok_and(|stat| {
        stat.has_ended() || start_time.is_some_and(|expected| stat.start_time != expected)
    });
    is_thread || has_ended
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;
    use std::sync::mpsc;
    use std::thread;

    use super::*;
    use crate::process::thread_id;
    use crate::testing::{Child, alone};

    fn identity_of(child: &Child) -> Identity {
        let directory = procfs::directory_of(child.pid, None).unwrap();
        let start_time = procfs::Stat::read(&directory).unwrap().start_time;
        Identity { pid: child.pid, start_time, ..Identity::current().unwrap() }
    }

    /// Asks both ways, which have to agree.
    fn life(process: &Identity) -> Life {
        let without = has_ended_without_pidfd(process.pid, Some(process.start_time));
        let with = life_of(process);
        assert_eq!(with == Life::Dead, without);
        with
    }

    #[test]
    fn a_child_lives_until_it_is_killed_and_a_zombie_is_dead() {
        let _alone = alone();
        let mut child = Child::idle();
        let identity = identity_of(&child);
        assert_eq!(life(&identity), Life::Alive);
        child.signal(libc::SIGKILL);
        child.wait_for_state('Z');
        assert_eq!(life(&identity), Life::Dead);
        child.wait();
        assert_eq!(life(&identity), Life::Dead);
    }

    #[test]
    fn a_stopped_process_is_alive() {
        let _alone = alone();
        let child = Child::idle();
        child.signal(libc::SIGSTOP);
        child.wait_for_state('T');
        assert_eq!(life(&identity_of(&child)), Life::Alive);
    }

    #[test]
    fn a_process_that_lost_its_first_thread_is_alive_until_it_is_killed() {
        let _alone = alone();
        let mut child = Child::headless();
        let identity = identity_of(&child);
        assert_eq!(life(&identity), Life::Alive);
        child.signal(libc::SIGKILL);
        child.wait();
        assert_eq!(life(&identity), Life::Dead);
    }

    #[test]
    fn a_number_that_was_used_again_is_another_process() {
        let mut identity = Identity::current().unwrap();
        assert_eq!(life(&identity), Life::Alive);
        identity.start_time -= 1;
        assert_eq!(life(&identity), Life::Dead);
    }

    #[test]
    fn start_times_of_another_time_namespace_are_not_compared() {
        let mut identity = Identity::current().unwrap();
        identity.start_time += 1;
        identity.time_namespace += 1;
        assert_eq!(life_of(&identity), Life::Alive);
    }

    #[test]
    fn another_pid_namespace_is_unknown() {
        let mut identity = Identity::current().unwrap();
        identity.pid_namespace += 1;
        assert_eq!(life_of(&identity), Life::Unknown);
    }

    #[test]
    fn a_number_that_no_process_can_have_is_unknown() {
        for pid in [0, 1 << 31, u32::MAX] {
            assert_eq!(life_of(&Identity { pid, ..Identity::current().unwrap() }), Life::Unknown);
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
                Life::Dead
            );
            drop(end);
        });
    }

    /// Runs the test below in a PID namespace of its own, under a `/proc` that belongs to ours.
    #[test]
    fn life_is_told_right_under_the_proc_of_another_namespace() {
        let _alone = alone();
        let status = |arguments: &[&str]| {
            let mut command = Command::new("unshare");
            command.args(["--pid", "--fork", "--kill-child"]).args(arguments).status()
        };
        match status(&["true"]) {
            Ok(permitted) if permitted.success() => {}
            failed => return eprintln!("SKIPPED: cannot make a PID namespace here: {failed:?}"),
        }
        let program = std::env::current_exe().unwrap();
        let body = "process::life::tests::under_the_proc_of_another_namespace";
        assert!(
            status(&[program.to_str().unwrap(), "--exact", body, "--ignored"]).unwrap().success()
        );
    }

    #[test]
    #[ignore = "run by the test above"]
    fn under_the_proc_of_another_namespace() {
        let shown = std::fs::read_link("/proc/self").unwrap();
        assert_ne!(shown.as_os_str(), std::process::id().to_string().as_str());
        let identity = Identity::current().unwrap();
        assert_eq!(life(&identity), Life::Alive);
        assert_eq!(life(&Identity { start_time: identity.start_time - 1, ..identity }), Life::Dead);
        let mut child = Child::idle();
        let childs = identity_of(&child);
        assert_eq!(life(&childs), Life::Alive);
        child.signal(libc::SIGKILL);
        child.wait();
        assert_eq!(life(&childs), Life::Dead);
    }
}
