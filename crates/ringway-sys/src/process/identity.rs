//! A name for a process that is never given to another one.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::procfs;
use crate::fork;

/// One process. Its number alone is used again after its death; the number together with the start
/// time is not, within one boot of the machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Identity {
    /// The process id, as the process itself sees it.
    pub pid: u32,
    /// When it started, in clock ticks since boot (field 22 of `/proc/pid/stat`), as its own time
    /// namespace counts.
    pub start_time: u64,
    /// The inode of its PID namespace, within which alone the id means anything; 0 where the kernel
    /// has none.
    pub pid_namespace: u64,
    /// The inode of its time namespace, within which alone the start time can be compared; 0 where
    /// the kernel has none.
    pub time_namespace: u64,
}

impl Identity {
    /// Returns the identity of the calling process.
    ///
    /// # Errors
    /// Fails if `/proc` is not mounted or does not show this process; the text says so.
    pub fn current() -> io::Result<Self> {
        let unreadable = |error: io::Error| {
            io::Error::new(
                error.kind(),
                format!("/proc does not show this process (is it mounted?): {error}"),
            )
        };
        let namespaces = Namespaces::ask().map_err(unreadable)?;
        // Of the first thread, not of the calling one: /proc/self it must be.
        let stat = procfs::Stat::read(Path::new("/proc/self")).map_err(unreadable)?;
        Ok(Self {
            pid: std::process::id(),
            start_time: stat.start_time,
            pid_namespace: namespaces.pid,
            time_namespace: namespaces.time,
        })
    }

    /// That of a process of our namespaces.
    #[cfg(test)]
    pub(crate) fn of(pid: u32) -> Self {
        let directory = procfs::directory_of(pid, None).unwrap();
        let start_time = procfs::Stat::read(&directory).unwrap().start_time;
        Self { pid, start_time, ..Self::current().unwrap() }
    }

    /// Whether the process id means anything here: it is that of a process of our own PID
    /// namespace. `false` also if `/proc` does not tell which namespace is ours.
    pub fn is_local(&self) -> bool {
        Namespaces::known().is_ok_and(|own| own.pid == self.pid_namespace)
    }
}

/// The namespaces of this process, by their inodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Namespaces {
    pub(super) pid: u64,
    pub(super) time: u64,
}

impl Namespaces {
    /// Asks `/proc`.
    pub(super) fn ask() -> io::Result<Self> {
        Ok(Self { pid: own_namespace("pid")?, time: own_namespace("time")? })
    }

    /// What was found at the first call in this process. The PID namespace of a process never
    /// changes; its time namespace changes if it calls setns(2), which hardly any process does.
    pub(super) fn known() -> io::Result<Self> {
        let [pid, time] = fork::once(|| Self::ask().map(|own| [own.pid, own.time]))?;
        Ok(Self { pid, time })
    }
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
    use crate::testing::{Child, alone};

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

    #[test]
    fn a_forked_child_does_not_believe_what_its_parent_found() {
        let _alone = alone();
        let word = || fork::once(|| Ok([u64::from(std::process::id()), 1]));
        // In a process of its own, for the cache has one slot.
        let mut child = Child::fork(|| {
            let [parents, _] = word().unwrap();
            if parents != u64::from(std::process::id()) || word().unwrap()[0] != parents {
                return 1;
            }
            let mut grandchild =
                Child::fork(|| i32::from(word().unwrap()[0] != u64::from(std::process::id())));
            grandchild.wait()
        });
        assert_eq!(child.wait(), 0);
    }

    #[test]
    fn what_is_remembered_is_what_proc_shows() {
        assert_eq!(Namespaces::known().unwrap(), Namespaces::ask().unwrap());
        assert_eq!(Namespaces::known().unwrap(), Namespaces::ask().unwrap());
        let here = Identity::current().unwrap();
        assert!(here.is_local());
        assert!(!Identity { pid_namespace: here.pid_namespace + 1, ..here }.is_local());
    }
}
