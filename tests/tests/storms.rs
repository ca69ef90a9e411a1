//! Many processes create, open, use and remove one name as fast as they can.

use std::sync::Barrier;
use std::thread;

use ringway::Queue;
use ringway_tests::{Name, worker};

fn storm(place: &str, rounds: u32) {
    let mut stormers: Vec<_> =
        (0..4).map(|seed| worker!("storm", place, 7919 * (seed + 1), rounds)).collect();
    for stormer in &mut stormers {
        let said = stormer.rest();
        assert!(
            stormer.finish().success(),
            "a stormer met something that is neither a queue nor a clean error"
        );
        assert!(said.starts_with("created"), "{said}");
        println!("{said}");
    }
}

#[test]
fn every_open_gives_a_usable_queue_or_a_clean_error() {
    let name = Name::new("storm");
    storm(&name, 10_000);
}

#[test]
fn also_on_the_portable_path() {
    let name = Name::new("storm-portable");
    storm(&format!("portable:{name}"), 20_000);
}

#[test]
fn two_that_remove_one_queue_leave_the_next_of_its_name() {
    let name = Name::new("twice");
    let options = Queue::<[u8]>::options().maxsize(1).max_message(64).participants(4);
    let mut queue = options.create(&*name).unwrap();
    for round in 0..3_000 {
        let others = [options.open(&*name).unwrap(), options.open(&*name).unwrap()];
        let start = Barrier::new(3);
        queue = thread::scope(|scope| {
            let removers = others.each_ref().map(|other| {
                scope.spawn(|| {
                    start.wait();
                    other.remove().unwrap()
                })
            });
            start.wait();
            let next = loop {
                if let Ok(next) = options.create(&*name) {
                    break next;
                }
            };
            let removed = removers.map(|remover| remover.join().unwrap());
            assert!(
                name.path().exists(),
                "round {round}: {removed:?}, and the next queue has lost its name"
            );
            next
        });
    }
    assert!(queue.remove().unwrap());
}
