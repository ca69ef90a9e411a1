//! C11: an entrant that stops while it takes over the entry of a dead participant does not hide
//! what that one had.

use std::process::Command;

use ringway::Queue;
use ringway_tests::campaign::stepper::{Stepper, Stop};
use ringway_tests::{Name, Watchdog, worker};

#[test]
fn c11_a_stopped_entrant_does_not_hide_the_dead() {
    let options = || Queue::<[u8]>::options().maxsize(4).max_message(64).participants(2).loans(2);
    for stop in 1.. {
        let name = Name::new("adoption");
        let queue = options().create(&*name).unwrap();
        let _dog = Watchdog::of(&queue);
        let mut dead = worker!("open", name);
        assert_eq!(dead.hear(), "open");
        queue.put("taken").unwrap();
        assert_eq!(dead.ask("hold"), "taken");
        dead.kill();

        let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
        let mut entrant = Stepper::start(command.args(["stepped", &name, "open"])).unwrap();
        for _ in 0..stop {
            match entrant.to_compare_and_swap().unwrap() {
                Stop::Step => {}
                Stop::Marker => return assert!(stop > 1, "an open without a compare-and-swap"),
                Stop::Ended(status) => panic!("the entrant ended with {status:#x}"),
            }
        }
        let when = format!("with an entrant that stopped before its CAS {stop}");
        queue.reclaim().unwrap();
        let seen = queue.snapshot().unwrap();
        let held: u64 = seen.holders.iter().map(|holder| holder.messages).sum();
        assert_eq!((held, seen.lost), (0, 1), "the dead one's message is not found {when}");
        while entrant.run().unwrap() == Stop::Marker {}
    }
}
