//! Numbered messages through a queue. What was done is told on standard output in records that are
//! written whole, so that a kill leaves either the record or none.

use std::fs::File;
use std::io::{Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;

use ringway::{GetError, GetErrorKind, Place, Queue, WaitStrategy};
use ringway_tests::{LET_GO, fnv1a};

/// Puts messages number 0 to `count`; tells the number of each after its put has returned.
///
/// A message is {producer, number, filling, checksum of all before}. The filling has a length that
/// differs.
pub fn produce(place: &Place, producer: u64, count: u64, strategy: WaitStrategy) {
    let queue =
        Queue::<[u8]>::options().wait(strategy).open(place.clone()).expect("open to produce");
    let mut out = unbuffered();
    wait_for_a_byte();
    for number in 0..count {
        let filling = (producer.wrapping_mul(31) + number * 7) % 200;
        let mut message = [producer.to_le_bytes(), number.to_le_bytes()].concat();
        message.resize(16 + filling as usize, number as u8);
        message.extend(fnv1a(&message).to_le_bytes());
        let put = match number % 3 {
            0 => queue.put(&message).map_err(|error| error.without_value()),
            1 => queue.put_many(&[&message]).map_err(|error| error.error),
            _ => queue.loan(message.len()).and_then(|mut loan| {
                loan.copy_from_slice(&message);
                loan.send().map_err(|error| error.without_value())
            }),
        };
        put.expect("put");
        out.write_all(&number.to_le_bytes()).expect("tell that it is put");
    }
}

/// Recovers what the dead held, again and again.
pub fn recover(place: &Place) {
    let queue = Queue::<[u8]>::options().open(place.clone()).expect("open to recover");
    loop {
        queue.reclaim().expect("recover");
        std::thread::sleep(std::time::Duration::from_micros(100));
    }
}

/// Takes messages until the queue is shut down; checks each, tells its producer and number before
/// it lets go of it, and [`LET_GO`] and its number after that.
pub fn consume(place: &Place, strategy: WaitStrategy) {
    let queue =
        Queue::<[u8]>::options().wait(strategy).open(place.clone()).expect("open to consume");
    let mut out = unbuffered();
    wait_for_a_byte();
    loop {
        match queue.get() {
            Ok(message) => {
                let (body, checksum) = message.split_at(message.len() - 8);
                assert_eq!(fnv1a(body).to_le_bytes(), checksum, "a message that nobody put");
                out.write_all(&body[..16]).expect("tell what was taken");
                let number = body[8..16].to_vec();
                drop(message);
                out.write_all(&[&LET_GO.to_le_bytes(), &number[..]].concat())
                    .expect("tell that it is let go");
            }
            Err(GetError { kind: GetErrorKind::ShutDown, .. }) => return,
            Err(error) => panic!("get: {error}"),
        }
    }
}

/// So that all begin when all are there.
fn wait_for_a_byte() {
    let _ = std::io::stdin().read(&mut [0]);
}

/// One write is one system call.
fn unbuffered() -> ManuallyDrop<File> {
    // SAFETY: standard output is open, and is not closed by this handle.
    ManuallyDrop::new(unsafe { File::from_raw_fd(1) })
}
