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
/// Some file systems (btrfs, overlayfs) show another device in the list of mappings than stat(2)
/// does. The caller's own list tells: a file that it maps itself has to be in there. `Ok(false)`
/// for another process is answered only then.
///
/// # Errors
/// `PermissionDenied` if we may not look, `NotFound` if there is no such process or it has no
/// memory any more, `Unsupported` if the file was not found but the caller does not map it either,
/// so that nothing is proved.
pub fn maps_file(pid: u32, id: FileId) -> io::Result<bool> {
    let own = look_at_thread(Path::new("/proc/thread-self"), id)?;
    if pid == std::process::id() {
        return Ok(matches!(own, Seen::File | Seen::Inode));
    }
    let seen = look_at_process(&procfs::directory_of(pid, None)?, id)?;
    match (seen, own) {
        (Seen::File, _) => Ok(true),
        (Seen::Nothing, _) => {
            Err(io::Error::new(io::ErrorKind::NotFound, "the process has no memory"))
        }
        (_, Seen::File) => Ok(false),
        (Seen::Inode, _) => Ok(true),
        (Seen::Other, _) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the list of mappings does not show the file, but not a mapping of our own either",
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
        // On some kernels a thread without memory gives this error.
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(Seen::Nothing),
        result => result,
    }
}

/// The file in a line like `7f00-7f01 rw-s 00000000 00:1a 42 /dev/shm/name`; inode 0 is memory
/// without a file.
fn file_in(line: &[u8]) -> Option<FileId> {
    let mut fields = line.split(|byte| *byte == b' ').skip(3).map(std::str::from_utf8);
    let (major, minor) = fields.next()?.ok()?.split_once(':')?;
    // stat(2) packs the two numbers into one.
    let device =
        libc::makedev(u32::from_str_radix(major, 16).ok()?, u32::from_str_radix(minor, 16).ok()?);
    let inode = fields.next()?.ok()?.trim_end().parse().ok()?;
    (inode != 0).then_some(FileId { device, inode })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::SeqCst;

    use super::*;
    use crate::shm::{create_unlinked, file_id, memfd};
    use crate::testing::{Child, Directory, Mapping, alone, idle};

    fn file_of_one_page() -> File {
        let file = create_unlinked(Directory::new().path(), 0o600).unwrap();
        file.set_len(4096).unwrap();
        file
    }

    #[test]
    fn our_own_mapping_is_seen_until_it_is_unmapped() {
        for file in [file_of_one_page(), memfd("maps-test").unwrap()] {
            file.set_len(4096).unwrap();
            let id = file_id(&file).unwrap();
            assert!(!maps_file(std::process::id(), id).unwrap());
            let mapping = Mapping::of(&file);
            assert!(maps_file(std::process::id(), id).unwrap());
            drop(mapping);
            assert!(!maps_file(std::process::id(), id).unwrap());
        }
    }

    #[test]
    fn a_child_is_seen_to_unmap() {
        let _alone = alone();
        let file = file_of_one_page();
        let id = file_id(&file).unwrap();
        let (ours, mut theirs) = (Mapping::of(&memfd_page()), Mapping::of(&file));
        let child = Child::fork(|| {
            while ours.word().load(SeqCst) == 0 {
                std::hint::spin_loop();
            }
            theirs.unmap();
            ours.word().store(2, SeqCst);
            idle()
        });
        assert!(maps_file(child.pid, id).unwrap());
        ours.word().store(1, SeqCst);
        while ours.word().load(SeqCst) != 2 {
            std::thread::yield_now();
        }
        assert!(!maps_file(child.pid, id).unwrap());
        drop(theirs);
        assert_eq!(maps_file(child.pid, id).unwrap_err().kind(), io::ErrorKind::Unsupported);
    }

    fn memfd_page() -> File {
        let file = memfd("maps-test").unwrap();
        file.set_len(4096).unwrap();
        file
    }

    #[test]
    fn a_process_that_lost_its_first_thread_still_maps() {
        let _alone = alone();
        let (file, other) = (file_of_one_page(), file_of_one_page());
        let mapping = Mapping::of(&file);
        let child = Child::headless();
        let others = Mapping::of(&other);
        assert!(maps_file(child.pid, file_id(&file).unwrap()).unwrap());
        assert!(!maps_file(child.pid, file_id(&other).unwrap()).unwrap());
        drop((mapping, others));
    }

    #[test]
    fn a_zombie_has_no_memory_and_a_missing_process_is_an_error() {
        let _alone = alone();
        let file = file_of_one_page();
        let (id, _mapping) = (file_id(&file).unwrap(), Mapping::of(&file));
        let mut child = Child::idle();
        child.signal(libc::SIGKILL);
        child.wait_for_state('Z');
        assert_eq!(maps_file(child.pid, id).unwrap_err().kind(), io::ErrorKind::NotFound);
        child.wait();
        assert_eq!(maps_file(child.pid, id).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn lines_are_read_with_their_hexadecimal_device() {
        let line = b"7f0000000000-7f0000001000 rw-s 00000000 103:1a 42                     /dev/shm/a 00:01 7\n";
        assert_eq!(file_in(line), Some(FileId { device: libc::makedev(0x103, 0x1a), inode: 42 }));
        assert_eq!(file_in(b"7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"), None);
        assert_eq!(
            file_in(b"7f0000000000-7f0000001000 rw-s 00000000 00:01 42\n").unwrap().inode,
            42
        );
        assert_eq!(file_in(b"something else\n"), None);
    }
}
