//! C18 and C21: what it costs to wait beside many participants, and to come and go where there was
//! much once.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use ringway::{Queue, QueueOptions};
use ringway_tests::{Name, Watchdog, Worker, worker};

use crate::contained;

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(4).max_message(64).participants(70)
}

/// How often a process has read from a file, if the kernel counts that.
fn reads(worker: &Worker) -> Option<u64> {
    let counts = fs::read_to_string(format!("/proc/{}/io", worker.pid())).ok()?;
    counts.lines().find_map(|line| line.strip_prefix("syscr: "))?.parse().ok()
}

/// A blocked getter looks for the dead some twenty times a second. Where it reads about each
/// participant each time, its reads in two seconds are many times their number.
#[test]
fn c18_a_look_does_not_read_about_each_participant() {
    const OTHERS: u64 = 60;
    let name = Name::new("idle");
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut others: Vec<Worker> = (0..OTHERS).map(|_| worker!("open", name)).collect();
    others.iter_mut().for_each(|other| assert_eq!(other.hear(), "open"));
    let mut waiter = worker!("open", name, "park");
    assert_eq!(waiter.hear(), "open");
    waiter.tell("get");
    while queue.snapshot().unwrap().waiting_to_get == 0 {
        thread::yield_now();
    }
    thread::sleep(Duration::from_millis(500)); // its first look may have to read who everybody is
    let Some(before) = reads(&waiter) else {
        return eprintln!("SKIPPED: the kernel does not count what a process reads");
    };
    thread::sleep(Duration::from_secs(2));
    let made = reads(&waiter).expect("it was counted before") - before;
    assert!(made <= OTHERS, "{made} reads in two seconds beside {OTHERS} others");

    queue.put("for the getter").unwrap();
    assert_eq!(waiter.hear(), "for the getter");
    queue.put("lost").unwrap();
    assert_eq!(others[0].ask("hold"), "lost");
    waiter.tell("get");
    others[0].kill();
    while queue.snapshot().unwrap().lost == 0 {
        thread::sleep(Duration::from_millis(5)); // that it is never found is the watchdog's business
    }
}

/// A process lives on after an exec, so what is kept about the process does not tell.
#[test]
fn c18_a_getter_that_waits_finds_an_exec() {
    let name = Name::new("exec");
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut waiter = worker!("open", name, "park");
    assert_eq!(waiter.hear(), "open");
    queue.put("lost").unwrap();
    let mut other = worker!("become-another-later", name);
    assert_eq!(other.hear(), "held");
    waiter.tell("get");
    thread::sleep(Duration::from_millis(300)); // it looks, and finds everybody alive
    assert_eq!(queue.snapshot().unwrap().lost, 0);
    other.tell("go");
    while fs::read_to_string(format!("/proc/{}/comm", other.pid())).unwrap() != "cat\n" {
        thread::sleep(Duration::from_millis(5));
    }
    while queue.snapshot().unwrap().lost == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(queue.snapshot().unwrap().recovered, 1);
}

/// Its process cannot be seen from here by its number.
#[test]
fn c18_a_getter_that_waits_finds_a_death_in_another_pid_namespace() {
    let name = Name::new("namespaces");
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let Some(mut inside) = contained(&["open", &name]) else { return };
    assert_eq!(inside.hear(), "open");
    queue.put("lost").unwrap();
    assert_eq!(inside.ask("hold"), "lost");
    let mut waiter = worker!("open", name, "park");
    assert_eq!(waiter.hear(), "open");
    waiter.tell("get");
    thread::sleep(Duration::from_millis(300)); // it looks, and finds everybody alive
    assert_eq!(queue.snapshot().unwrap().lost, 0);
    inside.kill();
    while queue.snapshot().unwrap().lost == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(queue.snapshot().unwrap().recovered, 1);
}

fn median(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

#[test]
fn c21_to_open_and_close_costs_no_more_where_many_messages_were_once() {
    const MESSAGES: u64 = 100_000;
    let names = [Name::new("fresh"), Name::new("used")];
    let queues = names.each_ref().map(|name| {
        let options = Queue::<[u8]>::options().maxsize(MESSAGES).max_message(64).participants(4);
        options.create(&**name).unwrap()
    });
    for message in 0..MESSAGES {
        queues[1].put(message.to_le_bytes()).unwrap();
    }
    while queues[1].try_get().is_ok() {}
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..21 {
        for (name, times) in names.iter().zip(&mut times) {
            let begin = Instant::now();
            for _ in 0..20 {
                drop(Queue::<[u8]>::options().open(&**name).unwrap());
            }
            times.push(begin.elapsed().as_secs_f64());
        }
    }
    let [fresh, used] = times.map(median);
    let ratio = used / fresh;
    assert!(ratio < 3.0, "{ratio:.1} times as much after {MESSAGES} messages");
}
