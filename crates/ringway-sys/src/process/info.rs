//! What `/proc` shows of a process, for listings.

use std::fs;

use super::procfs::{self, Stat};

/// What `/proc` shows of a process. Nothing here is proof of anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProcessInfo {
    /// The program and its arguments, with blanks between them; the short name in brackets if there
    /// are none.
    pub command: String,
    /// What the process does: "running", "sleeping", "stopped" and the like.
    pub state: &'static str,
    /// How many threads the process has.
    pub threads: u64,
}

/// Returns what `/proc` shows of the process that our PID namespace calls `pid`; `None` if it is
/// gone or hidden.
pub fn info_of(pid: u32) -> Option<ProcessInfo> {
    let directory = procfs::directory_of(pid, None).ok()?;
    let stat = Stat::read(&directory).ok()?;
    let arguments = fs::read(directory.join("cmdline")).ok()?;
    let words: Vec<_> = arguments.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    let mut command = words.join(" ").trim_end().to_owned();
    if command.is_empty() {
        let name = fs::read(directory.join("comm")).ok()?;
        command = format!("[{}]", String::from_utf8_lossy(&name).trim_end_matches('\n'));
    }
    Some(ProcessInfo { command, state: state_of(&stat), threads: stat.threads })
}

fn state_of(stat: &Stat) -> &'static str {
    match stat.state {
        b'R' => "running",
        b'S' | b'I' => "sleeping",
        b'D' => "waiting",
        b'T' => "stopped",
        b't' => "traced",
        _ if stat.has_ended() => "dead",
        b'Z' => "headless", // its first thread has ended, others have not
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Child, alone};

    #[test]
    fn our_own_process_is_shown_and_a_missing_one_is_not() {
        let info = info_of(std::process::id()).unwrap();
        let program = std::env::args().next().unwrap();
        assert!(info.command.starts_with(&program), "{info:?}");
        assert!(info.threads >= 1);
        assert_eq!(info_of(u32::MAX), None);
    }

    #[test]
    fn a_child_is_seen_asleep_stopped_and_dead() {
        let _alone = alone();
        let mut child = Child::idle();
        child.wait_for_state('S');
        assert_eq!(info_of(child.pid).unwrap().state, "sleeping");
        child.signal(libc::SIGSTOP);
        child.wait_for_state('T');
        assert_eq!(info_of(child.pid).unwrap().state, "stopped");
        child.signal(libc::SIGKILL);
        child.wait_for_state('Z');
        let dead = info_of(child.pid).unwrap();
        assert_eq!(dead.state, "dead");
        assert!(dead.command.starts_with('[') && dead.command.ends_with(']'), "{dead:?}");
        child.wait();
    }

    #[test]
    fn a_process_without_its_first_thread_is_not_dead() {
        let _alone = alone();
        let mut child = Child::headless();
        assert_eq!(info_of(child.pid).unwrap().state, "headless");
        child.signal(libc::SIGKILL);
        child.wait();
    }
}
