//! C7, C8 and C12: descriptors that others close, use again, or hand on.

use std::fs::{self, File};
use std::os::fd::AsRawFd;

use ringway::{Place, Queue, QueueOptions};
use ringway_tests::audit::capacity_is_exact;
use ringway_tests::{Folder, Name, Watchdog, worker};

use crate::contained;

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(4).max_message(64).participants(4).loans(4)
}

/// Its lock byte is free, and its process cannot be seen from there. Neither proves a death.
#[test]
fn c07_one_whose_descriptors_were_closed_lives_for_other_pid_namespaces() {
    let name = Name::new("closed");
    for place in [name.place(), Place::Portable(name.to_string())] {
        let way = if matches!(place, Place::Portable(_)) { "portable:" } else { "" };
        let text = format!("{way}{name}");
        let queue = options().create(place).unwrap();
        let _dog = Watchdog::of(&queue);
        queue.put("kept").unwrap();
        let mut closed = worker!("without-lock", text);
        assert_eq!(closed.hear(), "open");
        assert_eq!(closed.ask("hold"), "kept");

        let Some(mut inside) = contained(&["open", &text]) else { return };
        assert_eq!(inside.hear(), "open");
        let nothing = format!("{:?}", ringway::Recovered::default());
        assert_eq!(inside.ask("recover"), nothing, "{text}");
        let seen = queue.snapshot().unwrap();
        assert_eq!((seen.recovered, seen.lost), (0, 0), "it lives: {text}");
        assert_eq!(closed.ask("drop"), "dropped");
        assert_eq!(closed.ask("put on"), "put");
        assert_eq!(inside.ask("get"), "on");

        closed.kill();
        assert!(inside.finish().success());
        queue.reclaim().unwrap();
        assert_eq!(queue.snapshot().unwrap().holders.len(), 1, "its death is seen: {text}");
        capacity_is_exact(&queue);
        queue.remove().unwrap();
    }
}

/// The first lock of others that stands in the way of locking all bytes: where it begins, and how
/// long it is.
fn lock_on(file: &File) -> Option<(i64, i64)> {
    // SAFETY: all fields are numbers.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::F_WRLCK as i16;
    // SAFETY: asks only, and writes to a local.
    assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &mut lock) }, 0);
    (lock.l_type != libc::F_UNLCK as i16).then_some((lock.l_start, lock.l_len))
}

#[test]
fn c08_a_file_that_got_the_number_of_a_closed_descriptor_is_left_alone() {
    let name = Name::new("reused");
    let folder = Folder::new("reused");
    let ledger = folder.join("ledger");
    for place in [name.place(), Place::Portable(name.to_string())] {
        let way = if matches!(place, Place::Portable(_)) { "portable:" } else { "" };
        fs::write(&ledger, []).unwrap();
        let queue = options().max_message(8192).create(place).unwrap();
        let mut writer = worker!("ledger", format!("{way}{name}"), ledger.display());
        let said: Vec<String> = std::iter::repeat_with(|| writer.hear())
            .take_while(|line| line != "done" && !line.is_empty())
            .collect();
        assert_eq!(said.len(), 3, "{said:?}");
        let bytes = fs::metadata(&ledger).unwrap().len();
        assert_eq!(bytes, b"one line".len() as u64, "the ledger, after {said:?}");
        let ledger = File::options().write(true).open(&ledger).unwrap();
        assert_eq!(lock_on(&ledger), Some((0, 0)), "its lock is of all bytes, after {said:?}");
        writer.kill();
        let _ = queue.remove();
    }
}

/// A child that was given the descriptor did not come by the name, and needs none.
#[test]
fn c12_a_removed_queue_opens_by_its_descriptor() {
    let name = Name::new("handed-on");
    let queue = options().create(&*name).unwrap();
    let descriptor = queue.inheritable_fd().unwrap();
    queue.remove().unwrap();
    assert!(options().open(&*name).is_err(), "its name is gone");
    let child = match options().open_fd(&descriptor) {
        Ok(child) => child,
        Err(error) => panic!("{error}"),
    };
    queue.put("to the child").unwrap();
    assert_eq!(&*child.get().unwrap(), b"to the child");
}
