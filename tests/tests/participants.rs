//! Who takes part: entries of the table, the dead, and the merely slow.

use ringway::{OpenError, Queue, QueueOptions};
use ringway_tests::audit::{capacity_is_exact, every_block_is_there};
use ringway_tests::{Name, Watchdog, Worker, worker};

fn options(participants: u32) -> QueueOptions<[u8]> {
    Queue::<[u8]>::options().maxsize(4).max_message(60_000).participants(participants).loans(2)
}

fn opened(name: &Name) -> Worker {
    let mut worker = worker!("open", name);
    assert_eq!(worker.hear(), "open");
    worker
}

fn pids(queue: &Queue<[u8]>) -> Vec<u32> {
    queue.snapshot().unwrap().holders.iter().map(|holder| holder.participant.pid).collect()
}

#[test]
fn stat_counts_who_comes_and_goes() {
    let name = Name::new("attend");
    let queue = options(4).create(&*name).unwrap();
    let me = std::process::id();
    assert_eq!(pids(&queue), [me]);
    let mut worker = opened(&name);
    assert_eq!(pids(&queue), [me, worker.pid()]);
    let again = options(4).open(&*name).unwrap();
    assert_eq!(pids(&queue), [me, worker.pid(), me], "each open counts");
    let clone = again.clone();
    drop(again);
    assert_eq!(pids(&queue).len(), 3, "a clone keeps it");
    drop(clone);
    assert_eq!(pids(&queue), [me, worker.pid()]);
    assert!(worker.finish().success());
    assert_eq!(pids(&queue), [me]);
    assert_eq!(
        queue.snapshot().unwrap().recovered,
        0,
        "who leaves properly is no case for recovery"
    );
}

#[test]
fn a_full_table_tells_its_limit_and_has_room_when_one_leaves() {
    let name = Name::new("table");
    let _queue = options(3).create(&*name).unwrap();
    let mut first = opened(&name);
    let second = options(3).open(&*name).unwrap();
    for _ in 0..3 {
        let error = options(3).open(&*name).unwrap_err();
        assert!(matches!(error, OpenError::TableFull { limit: 3, .. }), "{error}");
        let mut late = worker!("open", name);
        let said = late.hear();
        assert!(
            said.contains("all 3 participant entries are taken") && said.contains(&*name),
            "{said}"
        );
    }
    assert!(first.finish().success());
    let third = options(3).open(&*name).unwrap();
    assert!(matches!(options(3).open(&*name), Err(OpenError::TableFull { .. })));
    drop((second, third));
    opened(&name);
}

#[test]
fn the_entry_of_a_dead_one_is_used_again_in_a_new_generation() {
    let name = Name::new("generation");
    let queue = options(2).create(&*name).unwrap();
    for generation in 1..600 {
        // The table is full with the dead one of the last round, whose generation also wraps at 256
        // in the words.
        let mut worker = opened(&name);
        let seen = queue.snapshot().unwrap();
        let attendee = &seen.holders[1].participant;
        assert_eq!(
            (attendee.index, attendee.generation, attendee.pid),
            (1, generation, worker.pid())
        );
        assert!(attendee.alive);
        assert_eq!(worker.ask("loan 50000"), "loaned", "what former generations held came back");
        worker.kill();
        assert!(!queue.snapshot().unwrap().holders[1].participant.alive);
    }
    assert_eq!(queue.reclaim().unwrap().participants, 1);
    drop(queue);
    every_block_is_there(&options(2).open(&*name).unwrap());
}

#[test]
fn what_the_killed_held_comes_back() {
    let name = Name::new("killed");
    let queue = options(3).create(&*name).unwrap();
    let dog = Watchdog::of(&queue);
    let large = "x".repeat(59_000);
    for round in 1..=150 {
        let mut worker = opened(&name);
        queue.put("lost").unwrap();
        queue.put(&large).unwrap();
        assert_eq!(worker.ask("hold"), "lost");
        assert_eq!(worker.ask("hold"), large);
        assert_eq!(worker.ask("loan 10"), "loaned");
        assert_eq!(worker.ask("loan 50000"), "loaned");
        assert_eq!(worker.ask("put stays"), "put");
        assert_eq!(queue.snapshot().unwrap().holders[1].messages, 2);
        worker.kill();
        let done = queue.reclaim().unwrap();
        assert_eq!((done.participants, done.lost_messages), (1, 2), "round {round}");
        assert!(done.blocks >= 4, "round {round}: {done:?}");
        assert_eq!(queue.reclaim().unwrap(), Default::default(), "it is done once");
        let seen = queue.snapshot().unwrap();
        assert_eq!((seen.lost, seen.recovered), (2 * round, round));
        assert_eq!(&*queue.try_get().unwrap(), b"stays", "what was put stays");
        capacity_is_exact(&queue);
    }
    drop((dog, queue));
    every_block_is_there(&options(3).open(&*name).unwrap());
}

#[test]
fn whoever_waits_recovers_the_dead_unasked() {
    let name = Name::new("unasked");
    let queue = Queue::<[u8]>::options()
        .maxsize(1)
        .max_message(60_000)
        .participants(2)
        .loans(1)
        .create(&*name)
        .unwrap();
    let _dog = Watchdog::of(&queue);
    let mut worker = opened(&name);
    // All blocks of the largest class: 1 + 2 * (2 + 8 + 1).
    for _ in 0..23 {
        assert_eq!(worker.ask("loan 60000"), "loaned");
    }
    assert!(worker.ask("loan 60000").contains("no free block"));
    worker.kill();
    queue.put(vec![1; 60_000]).unwrap();
    assert_eq!(queue.snapshot().unwrap().recovered, 1);
}

#[test]
fn a_zombie_is_dead() {
    let name = Name::new("zombie");
    let queue = options(2).create(&*name).unwrap();
    let mut worker = opened(&name);
    queue.put("held").unwrap();
    assert_eq!(worker.ask("hold"), "held");
    worker.kill_unburied();
    assert_eq!(queue.reclaim().unwrap().lost_messages, 1);
}

#[test]
fn a_stopped_process_is_not_dead() {
    let name = Name::new("stopped");
    let queue = options(3).create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut worker = opened(&name);
    queue.put("mine").unwrap();
    assert_eq!(worker.ask("hold"), "mine");
    assert_eq!(worker.ask("loan 100"), "loaned");
    worker.freeze();
    for _ in 0..20 {
        assert_eq!(queue.reclaim().unwrap(), Default::default());
        assert!(queue.get_timeout(std::time::Duration::from_millis(10)).unwrap_err().is_empty());
        capacity_is_exact(&queue);
    }
    let seen = queue.snapshot().unwrap();
    assert!(seen.holders[1].participant.alive && seen.holders[1].messages == 1 && seen.lost == 0);
    worker.thaw();
    assert_eq!(worker.ask("drop"), "dropped");
    assert_eq!(worker.ask("put I live"), "put");
    assert_eq!(&*queue.get().unwrap(), b"I live");
}

#[test]
fn a_killed_sleeper_stops_nobody() {
    let name = Name::new("sleeper");
    let queue = options(16).create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    for _ in 0..10 {
        let mut sleepers: Vec<_> = (0..4).map(|_| opened(&name)).collect();
        sleepers.iter_mut().for_each(|sleeper| sleeper.tell("get"));
        while queue.snapshot().unwrap().waiting_to_get < 4 {
            std::thread::yield_now();
        }
        let (alive, dead) = sleepers.split_at_mut(1);
        dead.iter_mut().for_each(Worker::kill);
        queue.put("for the living").unwrap();
        assert_eq!(alive[0].hear(), "for the living");
    }
}

#[test]
fn each_recoverer_of_one_corpse_does_a_part() {
    let name = Name::new("recoverers");
    let queue = options(6).create(&*name).unwrap();
    for _ in 0..30 {
        let mut helpers: Vec<_> = (0..4).map(|_| opened(&name)).collect();
        let mut dead = opened(&name);
        for _ in 0..4 {
            queue.put("lost").unwrap();
        }
        (0..4).for_each(|_| assert_eq!(dead.ask("hold"), "lost"));
        dead.kill();
        let before = queue.snapshot().unwrap().lost;
        helpers.iter_mut().for_each(|helper| helper.tell("recover"));
        let said: Vec<_> = helpers.iter_mut().map(|helper| helper.hear()).collect();
        assert!(said.iter().all(|said| said.starts_with("Recovered")), "{said:?}");
        assert_eq!(queue.snapshot().unwrap().lost - before, 4, "{said:?}");
        capacity_is_exact(&queue);
    }
    drop(queue);
    every_block_is_there(&options(6).open(&*name).unwrap());
}
