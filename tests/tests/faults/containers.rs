//! P1, and its neighbour of the field report: a container sees another boot id than its host, or
//! none. The queue that they share is sound all the same.

use std::path::Path;
use std::sync::mpsc;
use std::{fs, io, thread};

use ringway::{Queue, QueueOptions};
use ringway_tests::{Folder, Name, Watchdog, mounts, worker};

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(4).max_message(64).participants(4)
}

/// A worker in such a container opens a queue of ours, and we open one of its.
fn shares(contain: impl FnOnce() -> io::Result<()> + Send) {
    let (name, theirs) = (Name::new("host"), Name::new("container"));
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let (contained, workers) = mpsc::channel();
    let (test, test_ends) = mpsc::channel::<()>();
    let start = || [worker!("open", name), worker!("create", theirs, "600", "0")];
    thread::scope(|scope| {
        let test = test; // dropped at the end of the test, also if that is a panic
        let inside = move || match contain() {
            Ok(()) => {
                contained.send(start()).expect("the test waits for them");
                let _ = test_ends.recv(); // the workers end with the thread that started them
            }
            Err(error) => eprintln!("SKIPPED: no such container can be made here: {error}"),
        };
        scope.spawn(|| mounts::privately(inside));
        let Ok([mut opener, mut maker]) = workers.recv() else { return };
        assert_eq!(opener.hear(), "open");
        assert_eq!(opener.ask("put from inside"), "put");
        assert_eq!(&*queue.get().unwrap(), b"from inside");

        assert_eq!(maker.hear(), "ready");
        assert_eq!(maker.ask(""), "created");
        let opened = match Queue::<[u8]>::open(&*theirs) {
            Ok(opened) => opened,
            Err(error) => panic!("{error}"),
        };
        opened.put("from outside").unwrap();
        assert_eq!(maker.ask("get"), "from outside");
        drop(test);
    });
}

/// As systemd-nspawn gives it to each container.
#[test]
fn p01_a_container_with_a_boot_id_of_its_own_shares_queues_with_its_host() {
    let folder = Folder::new("boot");
    let own = folder.join("boot_id");
    fs::write(&own, "12345678-9abc-def0-1234-56789abcdef0\n").unwrap();
    shares(|| mounts::bind(&own, Path::new(BOOT_ID)));
}

/// As the option `ProcSubset=pid` of systemd leaves it.
#[test]
fn p01_a_service_that_sees_no_boot_id_shares_queues_with_others() {
    shares(|| mounts::proc_of_processes(Path::new("/proc")));
}
