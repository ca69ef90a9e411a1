//! Faults 8 to 11: who is alive, and who is dead, whatever it looks like.

use std::process::Command;

use ringway::{Place, Queue, QueueOptions};
use ringway_tests::audit::capacity_is_exact;
use ringway_tests::{Name, Watchdog, Worker, worker};

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(4).max_message(64).participants(4).loans(4)
}

/// It is alive: nothing is taken from it, and it goes on.
fn lives(queue: &Queue<[u8]>, worker: &mut Worker) {
    queue.put("kept").unwrap();
    assert_eq!(worker.ask("hold"), "kept");
    for _ in 0..5 {
        assert_eq!(queue.reclaim().unwrap(), Default::default(), "it lives");
    }
    assert_eq!(worker.ask("drop"), "dropped");
    assert_eq!(worker.ask("put on"), "put");
    assert_eq!(&*queue.get().unwrap(), b"on");
    queue.put("kept to the end").unwrap();
    assert_eq!(worker.ask("hold"), "kept to the end");
}

/// It is dead, and so is what it held a message of.
fn is_dead(queue: &Queue<[u8]>) {
    let done = queue.reclaim().unwrap();
    assert_eq!((done.participants, done.lost_messages), (1, 1));
    capacity_is_exact(queue);
}

#[test]
fn one_whose_first_thread_is_gone_lives() {
    let name = Name::new("headless");
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut headless = worker!("headless", name);
    assert_eq!(headless.hear(), "open");
    lives(&queue, &mut headless);
    headless.kill();
    is_dead(&queue);
}

/// The mapping of a named queue keeps the description that the lock belongs to; that of a portable
/// one does not.
#[test]
fn one_whose_descriptors_were_closed_by_others_lives() {
    let name = Name::new("closed");
    for place in [name.place(), Place::Portable(name.to_string())] {
        let way = if matches!(place, Place::Portable(_)) { "portable:" } else { "" };
        let queue = options().create(place).unwrap();
        let _dog = Watchdog::of(&queue);
        let mut closed = worker!("without-lock", format!("{way}{name}"));
        assert_eq!(closed.hear(), "open");
        lives(&queue, &mut closed);
        closed.kill();
        is_dead(&queue);
        queue.remove().unwrap();
    }
}

#[test]
fn one_that_became_another_program_is_dead() {
    let name = Name::new("exec");
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    queue.put("lost").unwrap();
    let mut other = worker!("become-another", name);
    assert_eq!(other.hear(), "held");
    assert_eq!(other.ask("cat answers"), "cat answers", "it is another program by now");
    is_dead(&queue);
    assert!(other.finish().success());
}

#[test]
fn a_program_that_it_started_does_not_keep_it_alive() {
    let name = Name::new("spawn");
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    queue.put("lost").unwrap();
    let mut parent = worker!("start-another", name);
    let child: i32 = parent.hear().parse().expect("a process id");
    assert_eq!(queue.reclaim().unwrap(), Default::default(), "it lives");
    parent.kill();
    let done = queue.reclaim();
    // SAFETY: the number was told by its parent a moment ago, and it sleeps for long.
    unsafe { libc::kill(child, libc::SIGKILL) };
    assert_eq!(done.unwrap().participants, 1);
    capacity_is_exact(&queue);
}

/// A worker that counts processes from one, as in a container, and shares only `/dev/shm` with us.
fn contained(arguments: &[&str]) -> Option<Worker> {
    let unshare = |program: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--kill-child", "--mount-proc"]).args(program);
        command
    };
    if !unshare(&["true"]).output().is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: no PID namespace can be made here");
        return None;
    }
    Some(Worker::start(unshare(&[env!("CARGO_BIN_EXE_worker")]).args(arguments)))
}

/// Both have the segment open under one number, so only the time of the start tells them apart.
#[test]
fn one_who_got_the_number_of_a_dead_one_is_another() {
    let name = Name::new("reborn");
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    queue.put("lost").unwrap();
    let Some(mut reborn) = contained(&["reborn", &name]) else { return };
    let numbers = reborn.hear();
    if numbers.starts_with("SKIPPED") {
        return eprintln!("{numbers}");
    }
    let (first, second) = numbers.split_once(' ').expect("two numbers");
    assert_eq!(first, second, "the number was not used again");
    assert_eq!(reborn.hear(), "open");
    let seen = queue.snapshot().unwrap();
    assert_eq!(
        (seen.recovered, seen.lost, seen.holders.len()),
        (1, 1, 2),
        "the first is dead, and was recovered"
    );
    lives(&queue, &mut reborn);
    reborn.kill();
    while queue.snapshot().unwrap().holders.len() > 1 {
        queue.reclaim().unwrap(); // its death comes after that of `unshare`
    }
    capacity_is_exact(&queue);
}

#[test]
fn life_and_death_are_seen_across_pid_namespaces() {
    let name = Name::new("namespaces");
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let Some(mut inside) = contained(&["open", &name]) else { return };
    assert_eq!(inside.hear(), "open");
    lives(&queue, &mut inside);
    let Some(mut neighbour) = contained(&["open", &name]) else { return };
    assert_eq!(neighbour.hear(), "open");
    let nothing = format!("{:?}", ringway::Recovered::default());
    assert_eq!(
        neighbour.ask("recover"),
        nothing,
        "we and the other one live, though it cannot see us"
    );
    queue.put("to the neighbour").unwrap();
    assert_eq!(neighbour.ask("get"), "to the neighbour");
    inside.kill();
    while queue.snapshot().unwrap().holders.len() > 2 {
        neighbour.ask("recover"); // the death of the contained one comes after that of `unshare`
    }
    assert_eq!(queue.snapshot().unwrap().lost, 1);
    neighbour.kill();
    while queue.snapshot().unwrap().holders.len() > 1 {
        queue.reclaim().unwrap();
    }
    capacity_is_exact(&queue);
}
