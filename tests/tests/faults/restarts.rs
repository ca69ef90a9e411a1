//! C3: a process that starts its own program again, and opens the queue again, is not who it was.

use ringway::{Place, Queue, QueueOptions};
use ringway_tests::{Name, Watchdog, worker};

const ENTRIES: u32 = 8;

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(20).max_message(64).participants(ENTRIES).loans(2)
}

/// A queue in each kind of place whose file a process can find again, with the worker's word for
/// it.
fn in_each_place(test: impl Fn(&Queue<[u8]>, &str)) {
    let name = Name::new("restarts");
    for (place, text) in [
        (name.place(), name.to_string()),
        (Place::Portable(name.to_string()), format!("portable:{name}")),
    ] {
        let queue = options().create(place).unwrap();
        let _dog = Watchdog::of(&queue);
        test(&queue, &text);
        queue.remove().unwrap();
    }
}

#[test]
fn c03_a_process_that_execs_itself_gives_back_what_it_had() {
    in_each_place(|queue, place| {
        for message in ["first", "second", "third", "fourth"] {
            queue.put(message).unwrap();
        }
        let mut service = worker!("restart", place, 3);
        assert_eq!(service.hear(), "open", "{place}");
        queue.reclaim().unwrap();
        let seen = queue.snapshot().unwrap();
        assert_eq!(seen.lost, 3, "each of its former lives had a message: {place}");
        assert_eq!(seen.holders.len(), 2, "and an entry: {place}");
        assert_eq!(service.ask("get"), "fourth", "{place}");
    });
}

#[test]
fn c03_a_process_that_execs_itself_gives_back_its_old_entries() {
    in_each_place(|queue, place| {
        let restarts = ENTRIES + 4;
        for message in 0..restarts {
            queue.put(message.to_string()).unwrap();
        }
        let mut service = worker!("restart", place, restarts);
        assert_eq!(service.hear(), "open", "{place}");
        assert_eq!(service.ask("put on"), "put", "{place}");
        assert_eq!(&*queue.get().unwrap(), b"on", "{place}");
    });
}
