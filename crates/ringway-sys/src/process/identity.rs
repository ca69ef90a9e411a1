//! A name for a process that is not given to another one later.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::procfs;

/// One process. Its number alone is used again after its death; the number with the start time is not, within one boot
/// of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The process id, as the process itself sees it.
    pub pid: u32,
    /// When it started, in clock ticks since boot (field 22 of `/proc/pid/stat`), as its own time namespace counts.
    pub start_time: u64,
    /// The inode of its PID namespace, within which alone the id means anything; 0 where the kernel has none.
    pub pid_namespace: u64,
    /// The inode of its time namespace, within which alone the start time can be compared; 0 where the kernel has none.
    pub time_namespace: u64,
}

impl Identity {
    /// The calling process.
    ///
    /// # Errors
    /// If `/proc` is not mounted or does not show this process; the text says so.
    pub fn current() -> io::Result<Self> {
        let unreadable = |error: io::Error| {
            io::Error::new(
                error.kind(),
                format!("/proc does not show this process (is it mounted?): {error}"),
            )
        };
        let (pid_namespace, time_namespace) = own_namespaces().map_err(unreadable)?;
        // Of the first thread, not of the calling one: /proc/self it must be.
        let stat = procfs::Stat::read(Path::new("/proc/self")).map_err(unreadable)?;
        Ok(Self {
            pid: std::process::id(),
            start_time: stat.start_time,
            pid_namespace,
            time_namespace,
        })
    }
}

/// The inodes of our PID and our time namespace.
pub(super) fn own_namespaces() -> io::Result<(u64, u64)> {
    Ok((own_namespace("pid")?, own_namespace("time")?))
}

fn own_namespace(kind: &str) -> io::Result<u64> {
    // Not through /proc/self, which has no namespaces any more after the first thread has ended.
    match fs::metadata(format!("/proc/thread-self/ns/{kind}")) {
        Ok(facts) => Ok(facts.ino()),
        Err(error)
            if error.kind() == io::ErrorKind::NotFound
                && Path::new("/proc/thread-self").exists() =>
        {
            Ok(0)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn it_is_the_same_from_every_thread() {
        let here = Identity::current().unwrap();
        assert_eq!(here.pid, std::process::id());
        assert!(here.start_time > 0);
        assert_eq!(std::thread::spawn(|| Identity::current().unwrap()).join().unwrap(), here);
    }

    #[test]
    fn the_namespaces_are_those_that_proc_shows() {
        let here = Identity::current().unwrap();
        let link = fs::read_link("/proc/self/ns/pid").unwrap();
        assert_eq!(link.as_os_str().as_bytes(), format!("pid:[{}]", here.pid_namespace).as_bytes());
        assert_eq!(own_namespace("no-such-kind").unwrap(), 0);
    }
}
