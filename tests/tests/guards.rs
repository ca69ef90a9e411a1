//! Guards with a handle of their own, and errors that leave the function.

use std::error::Error;
use std::panic::catch_unwind;
use std::thread;

use ringway::{Context, Loan, Lock, LockGuard, Place, Queue, Received};

fn bytes(maxsize: u64) -> Queue<[u8]> {
    Queue::options().maxsize(maxsize).participants(1).create(Place::Heap).expect("a queue")
}

#[test]
fn a_message_outlives_the_last_handle() {
    let queue = bytes(4);
    queue.put_many(&["one", "two", "three"]).unwrap();
    let message: Received<'static, [u8]> = queue.get().unwrap().into_owned();
    let mut batch = queue.get_many(2).unwrap().into_owned();
    drop(queue); // the mapping stays as long as there is a guard
    assert_eq!(&*message, b"one");
    let second = batch.next().unwrap();
    drop(batch);
    drop(message);
    assert_eq!(&*second, b"two");
}

/// A struct may hold a queue beside what was taken from it, and drop them in any order.
#[test]
fn guards_are_kept_beside_their_queue() {
    struct Worker {
        queue: Queue<String>,
        in_hand: Vec<Received<'static, String>>,
    }
    let queue = Queue::options().maxsize(8).create(Place::Heap).unwrap();
    let mut worker = Worker { queue, in_hand: Vec::new() };
    for text in ["a", "b", "c"] {
        worker.queue.put(text).unwrap();
        worker.in_hand.push(worker.queue.get().unwrap().into_owned());
    }
    let Worker { queue, in_hand } = worker;
    drop(queue);
    let texts = thread::spawn(move || in_hand.iter().map(|text| text.to_string()).collect());
    let texts: Vec<String> = texts.join().unwrap();
    assert_eq!(texts, ["a", "b", "c"]);
}

#[test]
fn a_loan_is_sent_after_the_last_handle() {
    let queue = bytes(1);
    let other = queue.clone();
    let mut loan: Loan<'static> = queue.loan(2).unwrap().into_owned();
    drop(queue);
    loan.copy_from_slice(b"ok");
    thread::spawn(move || loan.send().unwrap()).join().unwrap();
    assert_eq!(&*other.get().unwrap(), b"ok");
}

#[test]
fn a_loan_that_was_not_sent_comes_back_with_its_handle() {
    let queue = bytes(1);
    queue.put("in the way").unwrap();
    let mut loan = queue.loan(1).unwrap();
    loan[0] = 7;
    let error = loan.try_send().unwrap_err();
    assert!(error.can_retry() && error.is_full());
    drop(queue.get().unwrap());
    let loan: Loan<'static> = error.into_value();
    loan.send().unwrap();
    assert_eq!(*queue.get().unwrap(), [7]);
}

#[test]
fn a_hold_outlives_the_handle() {
    let context = Context::options().create(Place::Unnamed).unwrap();
    let lock = Lock::create_in(&context, "lock").unwrap();
    let other = Lock::open_in(&context, "lock").unwrap();
    let guard: LockGuard<'static> = lock.acquire().unwrap().into_owned();
    drop(lock);
    assert!(other.is_locked() && other.try_acquire().unwrap_err().can_retry());
    thread::spawn(move || drop(guard)).join().unwrap();
    assert!(!other.is_locked());
    other.acquire().unwrap().into_owned().keep();
    assert!(other.is_locked(), "a hold that is kept is not released by the guard");
    other.release().unwrap();
}

/// What was borrowed is not in the error, so that it goes with `?` from where the value ends.
#[test]
fn errors_of_borrowed_puts_leave_the_function() {
    fn put(queue: &Queue<String>, text: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        let text = text.to_uppercase();
        queue.put(&text)?;
        queue.put(text.as_str())?;
        let bytes = queue.as_bytes();
        bytes.put(text.as_bytes())?;
        let mut loan = bytes.loan(1)?;
        loan[0] = 7;
        loan.send()?;
        Ok(())
    }
    let queue = Queue::options().maxsize(9).create(Place::Heap).unwrap();
    queue.shutdown().unwrap();
    let error = put(&queue, "x").unwrap_err();
    assert_eq!(error.to_string(), "heap queue was shut down");
}

#[test]
fn what_was_handed_over_comes_back() {
    let bytes = bytes(1);
    bytes.put("full").unwrap();
    assert_eq!(bytes.try_put(vec![1, 2]).unwrap_err().into_value(), [1, 2]);
    assert_eq!(bytes.try_put([3, 4]).unwrap_err().into_value(), [3, 4]);
    assert_eq!(bytes.try_put(String::from("5")).unwrap_err().into_value(), "5");
    assert_eq!(*bytes.try_put(Box::from([6_u8])).unwrap_err().into_value(), [6]);
    let (): () = bytes.try_put(&[7_u8]).unwrap_err().into_value();
}

#[test]
fn errors_can_be_compared_and_cloned() {
    let queue = bytes(1);
    let empty = queue.try_get().unwrap_err();
    assert_eq!(empty.clone(), queue.try_get().unwrap_err());
    queue.put("full").unwrap();
    let full = queue.try_put("more").unwrap_err();
    assert_eq!(full.clone(), queue.try_put("more").unwrap_err());
    assert!(full.can_retry() && empty.can_retry());
    queue.shutdown().unwrap();
    assert!(!queue.try_put("more").unwrap_err().can_retry());
    assert_ne!(full, queue.try_put("more").unwrap_err());
}

#[test]
fn a_queue_may_be_used_across_a_caught_panic() {
    let (queue, lock) = (bytes(1), Lock::options().create(Place::Unnamed).unwrap());
    assert!(catch_unwind(|| queue.put("x").unwrap()).is_ok());
    assert!(catch_unwind(|| drop(lock.acquire().unwrap())).is_ok());
    assert!(
        catch_unwind(|| {
            let _message = queue.get().unwrap();
            let _guard = lock.acquire().unwrap();
            panic!("on purpose");
        })
        .is_err()
    );
    assert!(!lock.is_locked() && queue.is_empty().unwrap(), "both were given back");
}
