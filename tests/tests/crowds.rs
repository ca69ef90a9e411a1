//! Faults 23 and 24: one place for 64, a thousand sleepers and one put, and one who is slow among
//! many who are fast.

use std::io::BufRead;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ringway::{GetError, GetErrorKind, Queue};
use ringway_tests::{Name, Watchdog, Worker, worker};

#[test]
fn of_a_thousand_sleepers_one_gets_the_message() {
    let name = Name::new("crowd");
    let queue = Queue::<[u8]>::options()
        .maxsize(8)
        .max_message(64)
        .participants(16)
        .create(&*name)
        .unwrap();
    let dog = Watchdog::of(&queue);
    let (sender, heard) = mpsc::channel();
    let mut crowds: Vec<Worker> = (0..10).map(|_| worker!("crowd", name, 100)).collect();
    for crowd in &mut crowds {
        let (output, sender) = (crowd.output(), sender.clone());
        thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
    }
    drop(sender);
    for _ in 0..10 {
        assert_eq!(heard.recv().unwrap(), "waiting");
    }
    while queue.snapshot().unwrap().waiting_to_get < 1000 {
        thread::sleep(Duration::from_millis(5));
    }
    for number in 0..20 {
        queue.put(number.to_string()).unwrap();
        assert_eq!(heard.recv().unwrap(), number.to_string());
    }
    assert!(heard.recv_timeout(Duration::from_millis(300)).is_err(), "a message came twice");
    queue.shutdown().unwrap();
    let mut ended: Vec<String> = heard.iter().collect();
    ended.dedup();
    assert_eq!(ended, ["ended 100"], "every sleeper woke when the queue was shut down");
    drop(dog);
    assert!(crowds.iter_mut().all(|crowd| crowd.finish().success()));
}

#[test]
fn one_who_is_slow_delays_nobody_else() {
    const MESSAGES: u64 = 400;
    let name = Name::new("slow");
    let queue = Queue::<[u8]>::options().maxsize(4).max_message(64).create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let (slow, fast) = thread::scope(|scope| {
        let take = |pause: Duration| {
            let mut count = 0_u64;
            loop {
                match queue.get() {
                    Ok(_guard) => {
                        count += 1;
                        thread::sleep(pause);
                    }
                    Err(GetError { kind: GetErrorKind::ShutDown, .. }) => return count,
                    Err(error) => panic!("{error}"),
                }
            }
        };
        let slow = scope.spawn(move || take(Duration::from_millis(100)));
        let fast: Vec<_> = (0..3).map(|_| scope.spawn(move || take(Duration::ZERO))).collect();
        for number in 0..MESSAGES {
            queue.put(number.to_le_bytes()).unwrap();
            thread::sleep(Duration::from_micros(500)); // so that the slow one would get its turn, were it in line
        }
        queue.shutdown().unwrap();
        let fast: u64 = fast.into_iter().map(|thread| thread.join().unwrap()).sum();
        (slow.join().unwrap(), fast)
    });
    assert_eq!(slow + fast, MESSAGES);
    assert!(fast > slow, "{fast} by three who are fast, {slow} by the slow one");
}

/// Fault 23. `RINGWAY_CROWD_ROUNDS` makes it longer; 1,000 are about a minute.
#[test]
fn sixty_four_threads_share_one_place() {
    const PUTTERS: u64 = 32;
    const GETTERS: u64 = 32;
    let rounds =
        std::env::var("RINGWAY_CROWD_ROUNDS").map_or(50, |text| text.parse().expect("a number"));
    let name = Name::new("narrow");
    let queue = Queue::<[u8]>::options().maxsize(1).max_message(64).create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut taken: Vec<Vec<u64>> = thread::scope(|scope| {
        let getters: Vec<_> = (0..GETTERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut taken = Vec::new();
                    loop {
                        match queue.get() {
                            Ok(message) => taken.push(u64::from_le_bytes(
                                (*message).try_into().expect("eight bytes"),
                            )),
                            Err(GetError { kind: GetErrorKind::ShutDown, .. }) => return taken,
                            Err(error) => panic!("{error}"),
                        }
                    }
                })
            })
            .collect();
        let most = scope.spawn(|| {
            let mut most = 0;
            while !queue.is_shut_down().unwrap() {
                most = most.max(queue.len().unwrap());
                thread::yield_now();
            }
            most
        });
        thread::scope(|putting| {
            for putter in 0..PUTTERS {
                let queue = &queue;
                putting.spawn(move || {
                    (0..rounds).for_each(|number| {
                        queue.put((putter << 32 | number).to_le_bytes()).unwrap()
                    })
                });
            }
        });
        queue.shutdown().unwrap();
        assert!(most.join().unwrap() <= 1, "two were seen in it at once");
        getters.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for one in &mut taken {
        let mut by_putter = one.clone();
        by_putter.sort_by_key(|message| message >> 32); // stable: the order of each putter stays
        assert!(by_putter.is_sorted(), "messages of one putter came out of order");
    }
    let mut all = taken.concat();
    all.sort_unstable();
    let expected: Vec<u64> = (0..PUTTERS)
        .flat_map(|putter| (0..rounds).map(move |number| putter << 32 | number))
        .collect();
    assert_eq!(all, expected, "each message once");
}
