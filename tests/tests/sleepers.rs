//! Those who wait sleep in the kernel, and wake when there is work.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use ringway::{Place, PutError, PutErrorKind, Queue};
use ringway_segment::Monotonic;
use ringway_tests::words::{self, Words};
use ringway_tests::{Name, Watchdog, Worker, worker};

fn opened(name: &Name, strategy: &str) -> Worker {
    let mut worker = worker!("open", name, strategy);
    assert_eq!(worker.hear(), "open");
    worker
}

#[test]
fn a_get_that_waits_in_another_process_wakes_on_put() {
    for strategy in ["spin", "adaptive", "park"] {
        let name = Name::new("wakes");
        let queue = Queue::<[u8]>::options()
            .maxsize(2)
            .max_message(64)
            .participants(4)
            .create(&*name)
            .unwrap();
        let _dog = Watchdog::of(&queue);
        let mut getter = opened(&name, strategy);
        for round in 0..40 {
            getter.tell("get");
            thread::sleep(Duration::from_millis(round % 4));
            queue.put(round.to_string()).unwrap();
            assert_eq!(getter.hear(), round.to_string());
        }
    }
}

#[test]
fn a_put_that_waits_in_another_process_wakes_on_get() {
    for strategy in ["spin", "adaptive", "park"] {
        let name = Name::new("place");
        let queue = Queue::<[u8]>::options()
            .maxsize(1)
            .max_message(64)
            .participants(4)
            .create(&*name)
            .unwrap();
        let _dog = Watchdog::of(&queue);
        let mut putter = opened(&name, strategy);
        queue.put("first").unwrap();
        for round in 0..40 {
            putter.tell(&format!("put {round}"));
            thread::sleep(Duration::from_millis(round % 4));
            drop(queue.get().unwrap());
            assert_eq!(putter.hear(), "put");
        }
    }
}

#[test]
fn one_message_goes_to_one_of_many_sleepers() {
    let name = Name::new("many");
    let queue = Queue::<[u8]>::options()
        .maxsize(16)
        .max_message(64)
        .participants(16)
        .create(&*name)
        .unwrap();
    let _dog = Watchdog::of(&queue);
    let mut sleepers: Vec<_> = (0..8).map(|_| opened(&name, "park")).collect();
    for _ in 0..5 {
        sleepers.iter_mut().for_each(|sleeper| sleeper.tell("get"));
        while queue.snapshot().unwrap().waiting_to_get < 8 {
            thread::yield_now();
        }
        for n in 0..8 {
            queue.put(n.to_string()).unwrap();
        }
        let mut heard: Vec<_> = sleepers.iter_mut().map(|sleeper| sleeper.hear()).collect();
        heard.sort_unstable();
        assert_eq!(heard, ["0", "1", "2", "3", "4", "5", "6", "7"]);
        assert!(queue.is_empty().unwrap());
    }
}

#[test]
fn a_sleeper_uses_no_processor_time_to_speak_of() {
    let name = Name::new("idle");
    let queue =
        Queue::<[u8]>::options().maxsize(2).max_message(64).participants(4).create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut sleeper = opened(&name, "adaptive");
    sleeper.tell("get");
    while queue.snapshot().unwrap().waiting_to_get == 0 {
        thread::yield_now();
    }
    let before = sleeper.cpu_ticks();
    thread::sleep(Duration::from_secs(3));
    let used = sleeper.cpu_ticks() - before;
    println!("a sleeping getter used {used} ticks of 10 ms in 3 s");
    assert!(used < 30, "{used} ticks are more than a tenth of a core");
    queue.put("done").unwrap();
    assert_eq!(sleeper.hear(), "done");
}

/// One process holds every block of the class: 1 + 3 * (2 + 8 + 1) = 34.
#[test]
fn beyond_the_allowance_a_put_waits_and_stat_names_the_holder() {
    let name = Name::new("hoard");
    let options = Queue::<[u8]>::options().maxsize(1).max_message(60_000).participants(3).loans(1);
    let queue = options.create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let large = vec![1; 60_000];
    let mut hoarder = opened(&name, "adaptive");
    for _ in 0..34 {
        assert_eq!(hoarder.ask("loan 60000"), "loaned");
    }
    let errors =
        [queue.try_put(large.clone()), queue.put_timeout(large.clone(), Duration::from_millis(20))];
    for error in errors.map(Result::unwrap_err) {
        let text = error.to_string();
        assert!(error.can_retry() && !error.is_full(), "{text}");
        assert!(
            matches!(error, PutError { value, kind: PutErrorKind::NoBlock { loans: 1, .. }, .. } if value == large),
            "{text}"
        );
        assert!(text.contains(&*name), "{text}");
    }
    assert!(matches!(
        queue.try_loan(60_000),
        Err(PutError { kind: PutErrorKind::NoBlock { .. }, .. })
    ));
    assert!(!queue.is_full().unwrap());
    let seen = queue.snapshot().unwrap();
    let most = seen.holders.iter().max_by_key(|holder| holder.blocks).unwrap();
    assert_eq!((most.participant.pid, most.blocks), (hoarder.pid(), 34));

    thread::scope(|scope| {
        let waiting = scope.spawn(|| queue.put(&large));
        while queue.snapshot().unwrap().waiting_to_put == 0 {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(20));
        assert!(!waiting.is_finished());
        assert_eq!(hoarder.ask("drop"), "dropped");
        waiting.join().unwrap().unwrap();
    });
    assert_eq!(*queue.get().unwrap(), large);
}

/// Who waits for a block is woken by each small block that others give back, and has to look for
/// the dead all the same.
#[test]
fn the_death_of_a_hoarder_is_noticed_amid_traffic() {
    let name = Name::new("traffic");
    let options =
        || Queue::<[u8]>::options().maxsize(1).max_message(60_000).participants(3).loans(1);
    let queue = options().create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut hoarder = opened(&name, "adaptive");
    for _ in 0..34 {
        assert_eq!(hoarder.ask("loan 60000"), "loaned");
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let put = options().open(&*name).unwrap().put(vec![1; 60_000]);
            done.store(true, Relaxed);
            put.is_ok()
        });
        while queue.snapshot().unwrap().waiting_to_put == 0 {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(100)); // its first look finds everybody alive
        hoarder.kill();
        while !done.load(Relaxed) {
            let _ = queue.try_put(b"small");
            if queue.try_get().is_ok_and(|message| message.len() == 60_000) {
                break;
            }
            thread::sleep(Duration::from_millis(3));
        }
        assert!(waiting.join().unwrap());
    });
}

/// Blocks of an entry that is neither alive nor dead: whoever left it, or took it over, was stopped
/// half-way. Others who have just looked looked for the dead only.
#[test]
fn blocks_of_nobody_are_found_by_who_needs_one() {
    let options =
        || Queue::<[u8]>::options().maxsize(1).max_message(60_000).participants(2).loans(1);
    for waits in [false, true] {
        let queue = options().create(Place::Unnamed).unwrap();
        let words = Words::of(&queue);
        let _dog = Watchdog::of(&queue);
        let hoarder = options().open_fd(&words).unwrap();
        let loans: Vec<_> = std::iter::from_fn(|| hoarder.try_loan(60_000).ok()).collect();
        loans.into_iter().for_each(std::mem::forget);
        let entry = queue.snapshot().unwrap().holders[1].participant.index;
        if waits {
            thread::scope(|scope| {
                let waiting = scope.spawn(|| queue.put(vec![1; 60_000]).unwrap());
                while queue.snapshot().unwrap().waiting_to_put == 0 {
                    thread::yield_now();
                }
                words.end_life(entry);
                waiting.join().unwrap();
            });
        } else {
            words.end_life(entry);
            words.write(words::WATCH, Monotonic::now().as_nanos());
            queue.try_put(vec![1; 60_000]).unwrap();
        }
        std::mem::forget(hoarder); // its entry is not its own any more
    }
}

/// The same with messages that were taken and kept.
#[test]
fn dropping_one_guard_lets_a_waiting_put_go_on() {
    let options = Queue::<[u8]>::options().maxsize(1).max_message(60_000).participants(1).loans(1);
    let queue = options.create(ringway::Place::Heap).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut guards = Vec::new();
    for _ in 0..12 {
        queue.put(vec![1; 60_000]).unwrap();
        guards.push(queue.get().unwrap());
    }
    assert!(matches!(
        queue.try_put(vec![1; 60_000]),
        Err(PutError { kind: PutErrorKind::NoBlock { .. }, .. })
    ));
    assert_eq!(queue.snapshot().unwrap().holders[0].messages, 12);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| queue.put(vec![2; 60_000]));
        while queue.snapshot().unwrap().waiting_to_put == 0 {
            thread::yield_now();
        }
        drop(guards.pop());
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn shutdown_wakes_those_who_wait_for_a_block() {
    let options = Queue::<[u8]>::options().maxsize(1).max_message(60_000).participants(1).loans(1);
    let queue = options.create(ringway::Place::Heap).unwrap();
    let _dog = Watchdog::of(&queue);
    let _loans: Vec<_> = std::iter::from_fn(|| queue.try_loan(60_000).ok()).collect();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| queue.put(vec![2; 60_000]));
        while queue.snapshot().unwrap().waiting_to_put == 0 {
            thread::yield_now();
        }
        queue.shutdown().unwrap();
        assert!(waiting.join().unwrap().unwrap_err().is_shut_down());
    });
}
