//! Whether a process still has a file in its memory.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::procfs;
use crate::shm::FileId;

/// What a list of mappings shows.
enum Seen {
    /// The very file.
    File,
    /// A file of the same number on another device.
    Inode,
    /// Mappings, but none of these.
    Other,
    /// No mapping at all: the thread has ended.
    Nothing,
}

/// Whether process `pid` has a mapping of the file `id`.
///
/// Some file systems (btrfs, overlayfs) show another device in the list of mappings than stat(2) does. The caller's own
/// list tells: a file that it maps itself has to be in there. `Ok(false)` for another process is answered only then.
///
/// # Errors
/// `PermissionDenied` if we may not look, `NotFound` if there is no such process or it has no memory any more,
/// `Unsupported` if the file was not found but the caller does not map it either, so that nothing is proved.
pub fn maps_file(pid: u32, id: FileId) -> io::Result<bool> {
    let own = look_at_thread(Path::new("/proc/thread-self"), id)?;
    if pid == std::process::id() {
        return Ok(matches!(own, Seen::File | Seen::Inode));
    }
    let seen = look_at_process(&procfs::directory_of(pid, None)?, id)?;
    match (seen, own) {
        (Seen::File, _) => Ok(true),
        (Seen::Nothing, _) => Err(io::Error::new(io::ErrorKind::NotFound, "the process has no memory")),
        (_, Seen::File) => Ok(false),
        (Seen::Inode, _) => Ok(true),
        (Seen::Other, _) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the list of mappings does not show the file, but it does not show a mapping of our own either",
        )),
    }
}

/// The first thread of a process shows no memory any more when it has ended; any other one will do.
fn look_at_process(directory: &Path, id: FileId) -> io::Result<Seen> {
    let seen = look_at_thread(directory, id)?;
    if !matches!(seen, Seen::Nothing) {
        return Ok(seen);
    }
    for thread in fs::read_dir(directory.join("task"))? {
        match look_at_thread(&thread?.path(), id) {
            // It has ended meanwhile.
            Ok(Seen::Nothing) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => return result,
        }
    }
    Ok(Seen::Nothing)
}

fn look_at_thread(directory: &Path, id: FileId) -> io::Result<Seen> {
    let look = || -> io::Result<Seen> {
        let mut seen = Seen::Nothing;
        let mut lines = BufReader::new(File::open(directory.join("maps"))?);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            match file_in(&line) {
                Some(file) if file == id => return Ok(Seen::File),
                Some(file) if file.inode == id.inode => seen = Seen::Inode,
                _ if matches!(seen, Seen::Nothing) => seen = Seen::Other,
                _ => {}
            }
            line.clear();
        }
        Ok(seen)
    };
    match look() {
        // By kernel version this is what a thread without memory answers.
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(Seen::Nothing),
        result => result,
    }
}

/// The file in a line like `7f00-7f01 rw-s 00000000 00:1a 42 /dev/shm/name`; inode 0 is memory without a file.
fn file_in(line: &[u8]) -> Option<FileId> {
    let mut fields = line.split(|byte| *byte == b' ').skip(3).map(std::str::from_utf8);
    let (major, minor) = fields.next()?.ok()?.split_once(':')?;
    // stat(2) packs the two numbers into one.
    let device = libc::makedev(u32::from_str_radix(major, 16).ok()?, u32::from_str_radix(minor, 16).ok()?);
    let inode = fields.next()?.ok()?.trim_end().parse().ok()?;
    (inode != 0).then_some(FileId { device, inode })
}
