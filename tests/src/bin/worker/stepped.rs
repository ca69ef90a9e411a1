//! One call that the parent steps through, between two markers.

use ringway::{Place, Queue};
use ringway_tests::campaign::stepper::marker;

/// Stops itself before and after the call. The handle is closed at the end. Messages are as large
/// as can be.
pub fn stepped(place: &Place, what: &str) {
    let options = Queue::<[u8]>::options();
    if what == "open" {
        marker();
        let _queue = options.open(place.clone()).expect("open");
        return marker();
    }
    let queue = options.open(place.clone()).expect("open");
    let bytes = queue.max_message() as usize;
    marker();
    match what {
        "loan" => {
            let _loan = queue.loan(bytes).expect("a loan");
            marker();
        }
        "put" => {
            // Without a copy, which would be many steps.
            queue.loan(bytes).expect("a loan").send().expect("a place");
            marker();
        }
        "recover" => {
            queue.reclaim().expect("recover");
            marker();
        }
        other => panic!("a worker cannot {other}"),
    }
}
