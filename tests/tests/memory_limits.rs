//! Fault 14 beside a full file system: limits that the system sets to one process are told by
//! create and open, and what is open already works on.

use ringway::{Place, Queue, QueueOptions};
use ringway_tests::audit::capacity_is_exact;
use ringway_tests::{Name, Watchdog, Worker, worker};

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(4).max_message(1 << 20).participants(4).loans(4)
}

fn limited(name: &Name, what: &str, limit: impl ToString) -> Worker {
    let mut worker = worker!("limited", name, what, limit.to_string());
    assert_eq!(worker.hear(), "open");
    worker
}

/// Puts and gets, with blocks that were never used before.
fn works_on(name: &Name, queue: &Queue<[u8]>, worker: &mut Worker) {
    assert_eq!(worker.ask("put small"), "put");
    assert_eq!(&*queue.get().unwrap(), b"small");
    assert_eq!(worker.ask("loan 1000000"), "sent");
    assert_eq!(queue.get().unwrap().len(), 1_000_000);
    queue.put("back").unwrap();
    assert_eq!(worker.ask("get"), "back");
    let mut dead = worker!("open", name);
    assert_eq!(dead.hear(), "open");
    dead.kill();
    assert_eq!(worker.ask("recover"), "1");
    capacity_is_exact(queue);
}

#[test]
fn without_locked_memory_everything_works() {
    let name = Name::new("locked");
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut worker = limited(&name, "locked", 0);
    works_on(&name, &queue, &mut worker);
    assert_eq!(worker.ask("open"), "open");
    assert_eq!(worker.ask("create"), "created");
}

#[test]
fn without_addresses_open_and_create_say_so() {
    let name = Name::new("addresses");
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut worker = limited(&name, "addresses", 1 << 20);
    let other = Name::new("other");
    for (call, what) in
        [("open", &*name), ("create", "unnamed"), (&format!("create {other}"), &*other)]
    {
        let answer = worker.ask(call);
        assert!(
            answer.contains(what) && answer.contains("Cannot allocate memory"),
            "{call}: {answer}"
        );
    }
    assert!(!other.path().exists());
    works_on(&name, &queue, &mut worker);
}

#[test]
fn without_addresses_a_heap_queue_says_what_to_lower() {
    let name = Name::new("heap");
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut worker = limited(&name, "addresses", 1 << 20);
    let answer = worker.ask("create heap:");
    let parts =
        ["heap queue", "Cannot allocate memory", " bytes of address space", "`maxsize`", "ulimit"];
    assert!(parts.iter().all(|part| answer.contains(part)), "{answer}");
}

/// The defaults span gigabytes, and most examples use them.
#[test]
fn a_heap_queue_takes_memory_as_it_is_used() {
    const MOST: u64 = 64 << 20;
    let before = resident();
    let queue = Queue::<[u8]>::options().create(Place::Heap).unwrap();
    queue.put("one").unwrap();
    let taken = resident().saturating_sub(before);
    assert!(taken < MOST, "a queue of one message took {taken} bytes");
}

/// Bytes of private memory that this process has touched.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB"))
        .unwrap();
    kib.parse::<u64>().unwrap() << 10
}

/// The kernel would kill it by a signal.
#[test]
fn where_files_must_be_small_create_says_so() {
    let name = Name::new("file");
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut worker = limited(&name, "file", 4096);
    let other = Name::new("other");
    for (call, what) in [
        ("create".to_owned(), "unnamed"),
        (format!("create {other}"), &*other),
        (format!("create portable:{other}"), &*other),
    ] {
        let answer = worker.ask(&call);
        assert!(answer.contains(what) && answer.contains("files of 4096"), "{call}: {answer}");
        assert!(
            !other.path().exists() && !Place::Portable(other.to_string()).path().unwrap().exists()
        );
    }
    assert_eq!(worker.ask("open"), "open", "nothing is made");
    works_on(&name, &queue, &mut worker);
}

/// The kernel kills who goes over the limit of a control group, in the middle of a put as it seems.
/// A group with a limit of less than 64 MiB is made by hand, since it belongs to whoever runs this
/// machine; `RINGWAY_MEMORY_GROUP` names its folder.
#[test]
fn one_whose_group_has_no_memory_left_harms_only_itself() {
    const LOAN: u64 = 1 << 20;
    let Ok(group) = std::env::var("RINGWAY_MEMORY_GROUP") else {
        return eprintln!(
            "SKIPPED: RINGWAY_MEMORY_GROUP names no control group with little memory"
        );
    };
    let name = Name::new("group");
    let queue = options().maxsize(64).loans(1).create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut poor = limited(&name, "group", group);
    let mut sent = 0;
    while poor.ask(&format!("loan {LOAN}")) == "sent" {
        sent += 1;
        assert!(sent < 64, "the group has more than 64 MiB");
    }
    assert!(sent > 0);
    poor.kill(); // unless the kernel did
    assert_eq!(queue.reclaim().unwrap().participants, 1);
    assert_eq!(queue.snapshot().unwrap().lost, 0);
    assert_eq!(queue.len().unwrap(), sent);
    for _ in 0..sent {
        assert!(queue.get().unwrap().iter().all(|&byte| byte == 7));
    }
    capacity_is_exact(&queue);
}
