//! C2: what fills a sparse segment though nobody uses it.

use std::os::fd::AsRawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;

use ringway::{Place, Queue, QueueOptions};
use ringway_tests::{Folder, Name, Watchdog, Worker};

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(100).participants(2).loans(4)
}

/// Bytes of memory of a queue, and far fewer than it has addresses.
fn resident(queue: &Queue<[u8]>) -> u64 {
    queue.snapshot().unwrap().resident_bytes
}

fn stays_sparse(queue: &Queue<[u8]>, before: u64, what: &str) {
    let (after, all) = (resident(queue), queue.snapshot().unwrap().virtual_bytes);
    assert!(before < all / 8, "{before} of {all} bytes are no sparse segment");
    assert!(after < before + all / 8, "{what}: {before} of {all} bytes before, {after} after");
}

/// A worker in `folder`, where its core file comes to lie.
fn worker(folder: &Folder, place: &str, how: &str) -> Worker {
    let program = env!("CARGO_BIN_EXE_worker");
    Worker::start(
        Command::new(program).args(["crash", place, how]).current_dir(&**folder).arg0("w"),
    )
}

#[test]
#[ignore = "open: C2"]
fn c02_a_core_dump_takes_no_memory_from_a_segment_without_a_name() {
    let folder = Folder::new("core");
    for what in ["unnamed", "named", "removed"] {
        let name = Name::new("core");
        let queue = match what {
            "unnamed" => options().create(Place::Unnamed),
            _ => options().create(&*name),
        }
        .unwrap();
        let _dog = Watchdog::of(&queue);
        let descriptor = queue.inheritable_fd().unwrap();
        let place = match what {
            "unnamed" => format!("fd:{}", descriptor.as_raw_fd()),
            _ => name.to_string(),
        };
        let mut dumped = worker(&folder, &place, "dumped");
        assert_eq!(dumped.hear(), "open");
        if what == "removed" {
            queue.remove().unwrap();
        }
        let before = resident(&queue);
        dumped.tell("crash");
        let status = dumped.finish();
        assert_eq!(status.signal(), Some(libc::SIGABRT));
        if !status.core_dumped() {
            return eprintln!("SKIPPED: no core files are written here");
        }
        stays_sparse(&queue, before, what);
    }
}

#[test]
#[ignore = "open: C2"]
fn c02_a_process_that_locks_its_memory_does_not_fill_the_segment() {
    let folder = Folder::new("locked");
    for what in ["unnamed", "named"] {
        let name = Name::new("locked");
        let queue = match what {
            "unnamed" => options().create(Place::Unnamed),
            _ => options().create(&*name),
        }
        .unwrap();
        let _dog = Watchdog::of(&queue);
        let descriptor = queue.inheritable_fd().unwrap();
        let place = match what {
            "unnamed" => format!("fd:{}", descriptor.as_raw_fd()),
            _ => name.to_string(),
        };
        let before = resident(&queue);
        let mut locked = worker(&folder, &place, "locked");
        let said = locked.hear();
        if said.is_empty() {
            return eprintln!("SKIPPED: a process cannot lock its memory here");
        }
        stays_sparse(&queue, before, &format!("a {what} queue, {said}"));
        // Either it works, or it says what is in the way.
        if said == "open" {
            assert_eq!(locked.ask("put locked"), "put");
            assert_eq!(&*queue.get_bytes().unwrap(), b"locked");
        } else {
            assert!(said.contains("mlock"), "{said}");
        }
    }
}
