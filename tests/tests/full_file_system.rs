//! A file system without space is an error at create or at put, never a SIGBUS.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::os::fd::AsRawFd;
use std::path::Path;

use ringway::{CreateError, Place, PutError, PutErrorKind, Queue, QueueOptions, SegmentError};
use ringway_tests::{Folder, Name, mounts};

/// Runs a test in a folder that has so many bytes.
fn in_a_tmpfs(bytes: u64, test: impl FnOnce(&Path) + Send) {
    let folder = Folder::new("full"); // outlives the mount on it
    mounts::privately(|| match mounts::tmpfs(&folder, bytes) {
        Ok(()) => test(&folder),
        Err(error) => eprintln!("SKIPPED: a tmpfs cannot be mounted here: {error}"),
    });
}

/// A file that takes all space but so many pages.
fn ballast(folder: &Path, pages_left: i64) -> File {
    let file =
        OpenOptions::new().create_new(true).write(true).open(folder.join("ballast")).unwrap();
    // SAFETY: all fields are numbers.
    let mut about: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: writes to a local.
    assert_eq!(unsafe { libc::fstatfs(file.as_raw_fd(), &mut about) }, 0);
    let bytes = (about.f_bfree as i64 - pages_left) * 4096;
    // SAFETY: takes numbers.
    assert_eq!(unsafe { libc::fallocate(file.as_raw_fd(), 0, 0, bytes) }, 0);
    file
}

fn no_space(options: &QueueOptions<[u8]>, place: Place) {
    match options.create(place) {
        Err(CreateError::NoSpace { source, name }) => {
            let text = CreateError::NoSpace { name, source }.to_string();
            let numbers: Vec<u64> =
                text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
            let [.., needed, available] = numbers[..] else { panic!("{text}") };
            assert!(needed > available, "{text}");
        }
        Err(other) => panic!("{other}"),
        Ok(queue) => panic!("{queue:?} was created"),
    }
}

#[test]
fn create_tells_what_it_needs_and_what_there_is() {
    in_a_tmpfs(16 << 10, |folder| {
        no_space(&Queue::options(), Place::File(folder.join("q")));
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "nothing half-made stays");
    });
    in_a_tmpfs(1 << 20, |folder| {
        no_space(&Queue::options().maxsize(64).prefault(true), Place::File(folder.join("q")));
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
    });
}

#[test]
fn create_under_a_name_leaves_none() {
    in_a_tmpfs(1 << 20, |_| {
        let name = Name::new("full");
        mounts::tmpfs(Path::new("/dev/shm"), 16 << 10).unwrap();
        for place in [name.place(), Place::Portable(name.to_string())] {
            no_space(&Queue::options(), place);
            assert!(!name.path().exists());
        }
        mounts::tmpfs(Path::new("/dev/shm"), 1 << 20).unwrap();
        for place in [name.place(), Place::Portable(name.to_string())] {
            no_space(&Queue::options().maxsize(64).prefault(true), place.clone());
            assert!(!name.path().exists(), "{place:?}");
        }
    });
}

#[test]
fn put_says_that_there_is_no_space_and_works_again_when_there_is() {
    in_a_tmpfs(4 << 20, |folder| {
        let options =
            Queue::<[u8]>::options().maxsize(16).max_message(65_536).participants(2).loans(4);
        let queue = options.create(folder.join("q")).unwrap();
        let large = vec![7; 60_000];
        queue.put("small").unwrap();
        let full = ballast(folder, 4);
        for _ in 0..3 {
            let error = queue.put(large.clone()).unwrap_err();
            let (text, cause) = (error.to_string(), error.source().map(ToString::to_string));
            assert!(
                cause.as_ref().is_some_and(|cause| cause.contains("No space left")),
                "{cause:?}"
            );
            let PutError {
                kind:
                    PutErrorKind::Segment(SegmentError::NoSpace {
                        needed,
                        available: Some(available),
                        ..
                    }),
                value,
                ..
            } = error
            else {
                panic!("{text}")
            };
            assert!(
                needed > available
                    && text.contains(&needed.to_string())
                    && text.contains(&available.to_string())
            );
            assert_eq!(value, large);
            assert!(matches!(
                queue.loan(60_000),
                Err(PutError { kind: PutErrorKind::Segment(SegmentError::NoSpace { .. }), .. })
            ));
            let error = queue.put_many(&[&large]).unwrap_err();
            assert!(
                matches!(
                    error.error,
                    PutError { kind: PutErrorKind::Segment(SegmentError::NoSpace { .. }), .. }
                ) && error.put == 0
            );
        }
        queue.put("small blocks have memory still").unwrap();
        assert_eq!(&*queue.get().unwrap(), b"small");

        drop(full);
        fs::remove_file(folder.join("ballast")).unwrap();
        for _ in 0..15 {
            queue.try_put(&large).unwrap();
        }
        assert!(queue.try_put(&large).unwrap_err().is_full());
        assert_eq!(&*queue.get().unwrap(), b"small blocks have memory still");
        for _ in 0..15 {
            assert_eq!(&*queue.get().unwrap(), large);
        }
    });
}

#[test]
fn memory_that_was_once_used_is_used_again() {
    in_a_tmpfs(4 << 20, |folder| {
        let options =
            Queue::<[u8]>::options().maxsize(4).max_message(65_536).participants(2).loans(4);
        let queue = options.create(folder.join("q")).unwrap();
        let large = vec![7; 60_000];
        queue.put(&large).unwrap();
        let _full = ballast(folder, 0);
        for _ in 0..1000 {
            drop(queue.get().unwrap());
            queue.put(&large).unwrap();
        }
    });
}
