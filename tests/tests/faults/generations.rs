//! C4: a recoverer that stands still while an entry has hundreds of lives takes nothing from the
//! living.
//!
//! The words of a segment name a participant by its entry and eight bits of its generation. A
//! recoverer is stopped before each compare-and-swap that it makes, others recover the dead
//! participant meanwhile, its entry has 256 more lives, and the last of them owns the same block
//! again, by the same word.

use std::process::Command;

use ringway::{Loan, OpenError, Queue, QueueOptions};
use ringway_tests::campaign::stepper::{Stepper, Stop};
use ringway_tests::words::Words;
use ringway_tests::{Name, Watchdog};

/// Of large messages there are few blocks, so that a recovery is soon stepped through.
const LARGE: usize = 40_000;

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(4).max_message(LARGE as u64).participants(4).loans(2)
}

fn stepped(name: &Name, what: &str) -> Stepper {
    Stepper::start(Command::new(env!("CARGO_BIN_EXE_worker")).args(["stepped", name, what]))
        .unwrap()
}

/// Moves a worker to its compare-and-swap of this number; `false` if its call makes fewer.
fn stop_before(worker: &mut Stepper, compare_and_swap: u32) -> bool {
    (0..compare_and_swap).all(|_| match worker.to_compare_and_swap().unwrap() {
        Stop::Step => true,
        Stop::Marker => false,
        Stop::Ended(status) => panic!("the worker ended with {status:#x}"),
    })
}

fn run_to_its_end(mut worker: Stepper) {
    loop {
        match worker.run().unwrap() {
            Stop::Marker => {}
            stop => return assert_eq!(stop, Stop::Ended(0)),
        }
    }
}

/// The entry of the dead participant, after ours and the recoverer's.
const DEAD: u8 = 2;

/// Lets the entry of the dead one have 256 more lives, or as many as the table allows. Returns the
/// last of them, which goes on. Most of them are passed over: an open takes its time, and there are
/// many stops.
fn lives(queue: &Queue<[u8]>, name: &Name) -> Option<Queue<[u8]>> {
    const PASSED: u64 = 250;
    Words::of(queue).pass_lives(DEAD, PASSED);
    let mut last = None;
    for _ in PASSED..256 {
        drop(last.take());
        match options().open(&**name) {
            Ok(queue) => last = Some(queue),
            Err(OpenError::TableFull { .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
    last
}

/// A participant dies, a recoverer is stopped at each point in turn, and a later life of the dead
/// one's entry does what `live` says, which also lets the recoverer go on. Returns whether there
/// was a participant to die.
fn at_each_stop_of_a_recoverer(
    dying: impl Fn(&Name) -> Option<Stepper>,
    live: impl Fn(&Queue<[u8]>, &Queue<[u8]>, Stepper, &str),
) -> bool {
    for stop in 1.. {
        let name = Name::new("generations");
        let queue = options().create(&*name).unwrap();
        let _dog = Watchdog::of(&queue);
        let mut recoverer = stepped(&name, "recover");
        let Some(mut dead) = dying(&name) else { return false };
        dead.kill().unwrap();
        if !stop_before(&mut recoverer, stop) {
            assert!(stop > 1, "a recovery without a compare-and-swap");
            break;
        }
        queue.reclaim().unwrap();
        assert!(queue.snapshot().unwrap().holders.iter().all(|h| h.participant.index != DEAD));
        let last = lives(&queue, &name).unwrap_or_else(|| queue.clone());
        live(&queue, &last, recoverer, &format!("the recoverer stopped before its CAS {stop}"));
    }
    true
}

#[test]
fn c04_a_stopped_recoverer_does_not_take_what_a_later_life_holds() {
    let holder = |name: &Name| {
        let mut holder = stepped(name, "loan");
        assert_eq!(holder.run().unwrap(), Stop::Marker);
        Some(holder)
    };
    at_each_stop_of_a_recoverer(holder, |queue, last, recoverer, when| {
        let mut held = last.loan(LARGE).unwrap();
        held.fill(b'1');
        run_to_its_end(recoverer);
        let mut others: Vec<Loan<'_>> = std::iter::from_fn(|| queue.try_loan(LARGE).ok()).collect();
        others.iter_mut().for_each(|loan| loan.fill(b'0'));
        assert!(held.iter().all(|&byte| byte == b'1'), "two loans of the same bytes: {when}");
        drop(others);
        held.send().unwrap();
        assert_eq!(*queue.try_get().expect(when), [b'1'; LARGE], "{when}");
        assert!(queue.try_get().unwrap_err().is_empty(), "{when}");
    });
}

#[test]
fn c04_a_stopped_recoverer_does_not_take_what_a_later_life_has_put() {
    for death in 1.. {
        let putter = |name: &Name| {
            let mut putter = stepped(name, "put");
            stop_before(&mut putter, death).then_some(putter)
        };
        let died = at_each_stop_of_a_recoverer(putter, |queue, last, recoverer, when| {
            let when = format!("the putter died before its CAS {death}, {when}");
            last.put([b'1'; LARGE]).unwrap();
            run_to_its_end(recoverer);
            match queue.try_get() {
                Ok(message) => assert_eq!(*message, [b'1'; LARGE], "{when}"),
                Err(error) => panic!("an acknowledged message is lost: {error}; {when}"),
            }
            assert!(queue.try_get().unwrap_err().is_empty(), "{when}");
        });
        if !died {
            return assert!(death > 1, "a put without a compare-and-swap");
        }
    }
}
