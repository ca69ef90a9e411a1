//! Faults 3 to 5: a wake that never came, one that was lost with its sleeper, and sleepers that are
//! long dead.

use std::process::Command;
use std::thread;

use ringway::Queue;
use ringway_tests::campaign::scene::{Scene, Stage, text_of};
use ringway_tests::campaign::stepper::{Stepper, Stop};
use ringway_tests::words::Words;
use ringway_tests::{Folder, Name, Watchdog, Worker, worker};

fn sleeper(place: &str, queue: &Queue<[u8]>, sleepers: u32) -> Worker {
    let mut sleeper = worker!("open", place, "park");
    assert_eq!(sleeper.hear(), "open");
    sleeper.tell("get");
    while queue.snapshot().unwrap().waiting_to_get < sleepers {
        thread::yield_now();
    }
    sleeper
}

#[test]
fn a_putter_that_dies_before_it_wakes_leaves_nobody_asleep() {
    for _ in 0..3 {
        let stage = Stage::new(Scene {
            filled: 0,
            sleepers: false,
            warm: false,
            corpse: false,
            returns: false,
            wraps: false,
        });
        let _dog = Watchdog::of(stage.queue());
        let mut waiting = sleeper(&format!("file:{}", stage.path().display()), stage.queue(), 1);
        let mut command = Command::new(env!("CARGO_BIN_EXE_campaign"));
        let mut putter =
            Stepper::start(command.arg("perform").arg(stage.path()).args(["Put", "cold"])).unwrap();
        while stage.queue().is_empty().unwrap() {
            assert_eq!(
                putter.step().unwrap(),
                Stop::Step,
                "the put ended, and there is no message"
            );
        }
        putter.kill().unwrap(); // published, and nobody is woken
        assert_eq!(waiting.hear(), String::from_utf8_lossy(&text_of(1000)));
    }
}

#[test]
fn a_sleeper_that_is_killed_when_it_was_woken_leaves_the_message_to_another() {
    let name = Name::new("woken");
    let queue = Queue::<[u8]>::options().maxsize(4).max_message(64).create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    for round in 0..5 {
        let mut first = sleeper(&name, &queue, 1);
        first.freeze();
        let mut second = sleeper(&name, &queue, 2);
        queue.put(round.to_string()).unwrap(); // wakes the one that sleeps longest, which cannot run
        first.kill();
        assert_eq!(second.hear(), round.to_string());
    }
}

#[test]
fn a_hundred_thousand_dead_sleepers_cost_one_wake() {
    let (name, folder) = (Name::new("dead"), Folder::new("dead"));
    let queue = Queue::<[u8]>::options()
        .maxsize(100)
        .max_message(256)
        .participants(2)
        .create(&*name)
        .unwrap();
    let words = Words::of(&queue);
    words.write(words.not_empty(), 100_000 << 32);
    assert_eq!(queue.snapshot().unwrap().waiting_to_get, 100_000);
    if !Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .status()
        .is_ok_and(|status| status.success())
    {
        eprintln!("SKIPPED: strace is not there, or may not trace");
        return;
    }
    let trace = folder.join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-e", "trace=futex", "-o"]).arg(&trace).arg(env!("CARGO_BIN_EXE_worker"));
    assert!(Worker::start(command.args(["warm", &name, "10000"])).finish().success());
    let trace = std::fs::read_to_string(trace).unwrap();
    let wakes = trace.lines().filter(|line| line.contains("FUTEX_WAKE")).count();
    assert_eq!(wakes, 1, "{trace}");
    assert_eq!(queue.snapshot().unwrap().waiting_to_get, 0);
}
