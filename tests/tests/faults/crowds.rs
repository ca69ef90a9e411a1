//! C16, and its neighbour of the field report: many threads of one participant use up neither what
//! others were promised nor the processor.

use std::thread;
use std::time::Duration;

use ringway::{Loan, PutError, Queue};
use ringway_tests::{Name, Watchdog, worker};

const LOANS: u32 = 4;
const LARGE: usize = 60_000;

/// A participant that holds nothing may have its loans, however many putters of another one wait
/// for a place.
#[test]
fn c16_putters_that_wait_leave_others_their_loans() {
    let name = Name::new("in-flight");
    let options =
        Queue::<[u8]>::options().maxsize(1).max_message(LARGE as u64).participants(2).loans(LOANS);
    let crowded = options.create(&*name).unwrap();
    let alone = options.open(&*name).unwrap();
    let _dog = Watchdog::of(&crowded);
    let message = vec![1_u8; LARGE];
    crowded.put(&message).unwrap();
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                assert!(crowded.put(&message).unwrap_err().is_shut_down());
            });
        }
        let denied = (0..50).find_map(|_| {
            thread::sleep(Duration::from_millis(10)); // more and more putters wait
            let loans: Result<Vec<Loan<'_>>, PutError<_>> =
                (0..LOANS).map(|_| alone.try_loan(LARGE)).collect();
            loans.err()
        });
        let held: Vec<_> =
            crowded.snapshot().unwrap().holders.iter().map(|holder| holder.blocks).collect();
        crowded.shutdown().unwrap();
        if let Some(error) = denied {
            panic!("it holds nothing and gets no loan: {error}; the participants hold {held:?}");
        }
    });
}

/// Context switches of a process in which 400 threads put and one gets, when its table has so many
/// entries. The fewer, the fewer blocks there are.
fn switches(participants: u32) -> u64 {
    worker!("herd", participants, 400).rest().trim().parse().expect("a number of switches")
}

#[test]
fn c16_threads_that_wait_for_a_block_are_not_woken_as_a_herd() {
    let mut few = [0; 3];
    let mut many = [0; 3];
    for round in 0..3 {
        many[round] = switches(16);
        few[round] = switches(1);
    }
    few.sort_unstable();
    many.sort_unstable();
    assert!(
        few[1] <= 2 * many[1],
        "{few:?} switches with the blocks of one participant, {many:?} with those of sixteen"
    );
}
