//! Reading what `/proc` shows of a process.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::path::{Path, PathBuf};

use super::pidfd;

/// What we need of `/proc/pid/stat`.
pub(super) struct Stat {
    /// One letter.
    pub(super) state: u8,
    /// Threads that have not ended, and the first thread even then.
    pub(super) threads: u64,
    /// Clock ticks since boot.
    pub(super) start_time: u64,
}

impl Stat {
    /// Reads the `stat` of a directory like `/proc/1`.
    pub(super) fn read(directory: &Path) -> io::Result<Self> {
        let line = fs::read(directory.join("stat"))?;
        Self::parse(&line).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "unknown form of /proc/pid/stat")
        })
    }

    /// The name in field 2 may hold anything, blanks and parentheses too; the last parenthesis ends
    /// it.
    fn parse(line: &[u8]) -> Option<Self> {
        let name_end = line.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(&line[name_end + 1..]).ok()?;
        let field = |number: usize| rest.split_ascii_whitespace().nth(number - 3);
        Some(Self {
            state: *field(3)?.as_bytes().first()?,
            threads: field(20)?.parse().ok()?,
            start_time: field(22)?.parse().ok()?,
        })
    }

    /// Whether all threads have ended and only the parent's wait is missing.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state, b'X' | b'x') || (self.state == b'Z' && self.threads <= 1)
    }
}

/// Where `/proc` shows the process that our PID namespace calls `pid`. The mounted `/proc` may be
/// that of another PID namespace, with other numbers; then `pidfd` tells which one it is there.
pub(super) fn directory_of(pid: u32, pidfd: Option<BorrowedFd<'_>>) -> io::Result<PathBuf> {
    let shown = fs::read_link("/proc/self")?;
    if shown.as_os_str() == std::process::id().to_string().as_str() {
        return Ok(PathBuf::from(format!("/proc/{pid}")));
    }
    let number = match pidfd {
        Some(pidfd) => pid_behind(pidfd.as_raw_fd())?,
        None => pid_behind(pidfd::open(pid)?.as_raw_fd())?,
    };
    Ok(PathBuf::from(format!("/proc/{number}")))
}

/// What the mounted `/proc` calls the process behind a pidfd.
fn pid_behind(pidfd: RawFd) -> io::Result<u32> {
    match shown_behind(pidfd)?.and_then(|number| u32::try_from(number).ok()) {
        Some(number) if number > 0 => Ok(number),
        _ => Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the process is not in the PID namespace of /proc",
        )),
    }
}

/// What the mounted `/proc` shows of a descriptor as the number of its process (Linux 5.4): -1 if
/// that is gone, 0 if it is of another PID namespace. `None` if the descriptor is no pidfd.
pub(super) fn shown_behind(descriptor: RawFd) -> io::Result<Option<i32>> {
    let text = fs::read_to_string(format!("/proc/thread-self/fdinfo/{descriptor}"))?;
    Ok(value_of(&text, "Pid:").and_then(|number| number.parse().ok()))
}

/// Whether a directory like `/proc/1` is that of a thread, not of the process that the thread
/// belongs to.
pub(super) fn is_thread(directory: &Path) -> io::Result<bool> {
    let text = fs::read(directory.join("status"))?;
    let text = String::from_utf8_lossy(&text);
    match (value_of(&text, "Tgid:"), value_of(&text, "Pid:")) {
        (Some(group), Some(own)) => Ok(group != own),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "unknown form of /proc/pid/status")),
    }
}

fn value_of<'text>(text: &'text str, key: &str) -> Option<&'text str> {
    text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAIL: &str = "S 1 2 3 0 -1 4194304 5 6 7 8 9 10 11 12 20 0 17 0 4242 100 200";

    #[test]
    fn a_name_with_parentheses_and_blanks_moves_no_field() {
        for name in ["sh", "a) Z 1 2", "((", ") ) )", "\u{e4}\n"] {
            let stat = Stat::parse(format!("77 ({name}) {TAIL}").as_bytes()).unwrap();
            assert_eq!((stat.state, stat.threads, stat.start_time), (b'S', 17, 4242));
        }
        assert_eq!(Stat::parse(format!("77 (\u{ff}) {TAIL}").as_bytes()).unwrap().start_time, 4242);
    }

    #[test]
    fn a_line_of_another_form_is_refused() {
        for line in [
            "",
            "77 sh S",
            "77 (sh)",
            "77 (sh) S 1 2 3",
            "77 (sh) S 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 0 x 0 y",
        ] {
            assert!(Stat::parse(line.as_bytes()).is_none());
        }
    }

    #[test]
    fn our_own_pidfd_tells_our_number() {
        let pidfd = pidfd::open(std::process::id()).unwrap();
        assert_eq!(pid_behind(pidfd.as_raw_fd()).unwrap(), std::process::id());
    }

    #[test]
    fn a_thread_is_told_from_its_process() {
        assert!(!is_thread(Path::new("/proc/self")).unwrap());
        assert!(
            std::thread::spawn(|| is_thread(Path::new("/proc/thread-self")).unwrap())
                .join()
                .unwrap()
        );
    }
}
