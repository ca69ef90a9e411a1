//! C2, C14 and C15: memory that comes though nobody asked for it, that is touched though it is not
//! there, and that is written to though it is in use.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use ringway::{Place, Queue, QueueOptions};
#[cfg(target_arch = "x86_64")]
use ringway_tests::campaign::stepper::{Stepper, Stop};
use ringway_tests::words::Words;
use ringway_tests::{Folder, Name, Watchdog, Worker, mounts, worker};

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

/// A queue, and the worker's word for it. The descriptor is what the worker inherits.
fn made(kind: &str, name: &Name) -> (Queue<[u8]>, String, OwnedFd) {
    let place = match kind {
        "unnamed" => Place::Unnamed,
        "portable" => Place::Portable(name.to_string()),
        _ => name.place(),
    };
    let queue = options().create(place).unwrap();
    let descriptor = queue.inheritable_fd().unwrap();
    let text = match kind {
        "unnamed" => format!("fd:{}", descriptor.as_raw_fd()),
        "portable" => format!("portable:{name}"),
        _ => name.to_string(),
    };
    (queue, text, descriptor)
}

/// The kernel goes through what has no name, also if it had one.
#[test]
fn c02_a_core_dump_does_not_fill_the_segment() {
    let folder = Folder::new("core");
    for kind in ["unnamed", "named", "removed", "portable"] {
        let name = Name::new("core");
        let (queue, text, _descriptor) = made(kind, &name);
        let _dog = Watchdog::of(&queue);
        let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
        let mut dumped = Worker::start(command.args(["dumped", &text]).current_dir(&*folder));
        assert_eq!(dumped.hear(), "open");
        if matches!(kind, "removed" | "portable") {
            queue.remove().unwrap();
        }
        let before = resident(&queue);
        dumped.tell("crash");
        let status = dumped.finish();
        assert_eq!(status.signal(), Some(libc::SIGABRT));
        if !status.core_dumped() {
            return eprintln!("SKIPPED: no core files are written here");
        }
        stays_sparse(&queue, before, kind);
    }
}

/// Either it works, or it says what is in the way.
fn works_or_tells(queue: &Queue<[u8]>, locked: &mut Worker, said: &str) {
    if said == "open" {
        assert_eq!(locked.ask("put locked"), "put");
        assert_eq!(&*queue.get().unwrap(), b"locked");
    } else {
        assert!(said.contains("mlock"), "{said}");
    }
}

#[test]
fn c02_a_process_that_locks_its_memory_does_not_fill_what_it_opens() {
    for kind in ["unnamed", "named", "portable"] {
        let name = Name::new("locked");
        let (queue, text, _descriptor) = made(kind, &name);
        let _dog = Watchdog::of(&queue);
        let before = resident(&queue);
        let mut locked = worker!("locked", text, "open");
        let said = locked.hear();
        if said.starts_with("SKIPPED") {
            return eprintln!("{said}");
        }
        stays_sparse(&queue, before, kind);
        works_or_tells(&queue, &mut locked, &said);
    }
}

#[test]
fn c02_a_process_that_locks_its_memory_does_not_fill_what_it_creates() {
    for way in ["", "portable:"] {
        let name = Name::new("locked");
        let mut locked = worker!("locked", format!("{way}{name}"), "create");
        let said = locked.hear();
        if said.starts_with("SKIPPED") {
            return eprintln!("{said}");
        }
        let place = if way.is_empty() { name.place() } else { Place::Portable(name.to_string()) };
        match options().open(place) {
            Ok(queue) => {
                stays_sparse(&queue, 0, "a new queue");
                works_or_tells(&queue, &mut locked, &said);
            }
            Err(_) => assert!(said.contains("mlock"), "{said}"),
        }
    }
}

/// Ahead of a message that is whole, nothing is read from where the next slot points to.
#[test]
fn c14_a_slot_that_names_a_block_without_memory_is_not_followed() {
    let options = Queue::<[u8]>::options().maxsize(8).max_message(256);
    let folder = Folder::new("unbacked");
    mounts::privately(|| {
        if let Err(error) = mounts::tmpfs(&folder, 3 << 20) {
            return eprintln!("SKIPPED: a tmpfs cannot be mounted here: {error}");
        }
        for full in [false, true] {
            let path = folder.join("q");
            let queue = options.create(path.clone()).unwrap();
            let _dog = Watchdog::of(&queue);
            let message = "x".repeat(200); // not in the class of the smallest ones
            for _ in 0..3 {
                queue.put(&message).unwrap();
            }
            let mut getter = worker!("open", format!("file:{}", path.display()));
            assert_eq!(getter.hear(), "open");
            assert_eq!(getter.ask("get"), message); // it knows the putter from here on
            let words = Words::of(&queue);
            let third = words.slot(2);
            words.write(third, words.naming_the_last_block(words.read(third)));
            if full {
                let mut filler = File::create(folder.join("filler")).unwrap();
                while filler.write_all(&[0; 4096]).is_ok() {}
            }
            let allocated = || fs::metadata(&path).unwrap().blocks();
            let before = allocated();
            let how = if full { "in a full file system" } else { "where there is space" };
            assert_eq!(getter.ask("get"), message, "the second message is whole; {how}");
            assert_eq!(allocated(), before, "the memory of the queue, {how}");
            let said = getter.ask("get");
            assert!(said.contains("slot"), "{said}");
            assert_eq!(allocated(), before, "the memory of the queue, {how}");
            fs::remove_file(&path).unwrap();
        }
    });
}

/// Moves a worker to the return of its system call of this number that reads one byte at an offset,
/// as the C library does before it writes a zero there. `false` if there are fewer.
#[cfg(target_arch = "x86_64")]
fn stop_after_looking_at_a_byte(worker: &mut Stepper, number: u32) -> bool {
    let mut left = number;
    while left != 0 {
        match worker.to_system_call().unwrap() {
            Stop::Step => {
                let registers = worker.registers().unwrap();
                let returns = registers.rax as i64 != -i64::from(libc::ENOSYS);
                let looks = registers.orig_rax == libc::SYS_pread64 as u64 && registers.rdx == 1;
                left -= u32::from(returns && looks);
            }
            Stop::Marker => return false,
            Stop::Ended(status) => panic!("the worker ended with {status:#x}"),
        }
    }
    true
}

/// Memory is reserved by a process that is stopped meanwhile, and others use it.
#[test]
#[cfg(target_arch = "x86_64")]
fn c15_a_file_system_without_fallocate_damages_no_message() {
    const MESSAGES: usize = 100;
    let options = Queue::<[u8]>::options().maxsize(200).max_message(64).participants(4);
    let folder = Folder::new("ramfs");
    mounts::privately(|| {
        if let Err(error) = mounts::ramfs(&folder) {
            return eprintln!("SKIPPED: a ramfs cannot be mounted here: {error}");
        }
        for stop in 1.. {
            let path = folder.join("q");
            let queue = match options.create(path.clone()) {
                Ok(queue) => queue,
                Err(error) => return eprintln!("such a file system is refused: {error}"),
            };
            let _dog = Watchdog::of(&queue);
            let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
            command.args(["stepped", &format!("file:{}", path.display()), "loan"]);
            let mut slow = Stepper::start(&mut command).unwrap();
            if !stop_after_looking_at_a_byte(&mut slow, stop) {
                return;
            }
            for _ in 0..MESSAGES {
                queue.try_put([0xff; 64]).unwrap();
            }
            while slow.run().unwrap() == Stop::Marker {}
            for message in 0..MESSAGES {
                let bytes = queue.try_get().unwrap();
                let damage = bytes.iter().position(|&byte| byte != 0xff);
                assert_eq!(damage, None, "message {message}, stopped after look {stop}");
            }
            fs::remove_file(path).unwrap();
        }
    });
}
