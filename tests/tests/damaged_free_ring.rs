//! A block that a damaged ring does not take is not lost: when the ring is mended, whoever recovers
//! finds it.

use ringway::{Place, PutError, PutErrorKind, Queue, QueueOptions, SegmentError};
use ringway_tests::audit::every_block_is_there;
use ringway_tests::words::Words;

/// So many that a stock of 32 does not hold them.
const MESSAGES: usize = 100;

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(MESSAGES as u64).max_message(256).participants(3).loans(2)
}

/// A full queue of small messages, the words of its segment, and a tail of the ring of small blocks
/// that ran ahead.
fn damaged() -> (Queue<[u8]>, Words, u64) {
    let queue = options().create(Place::Unnamed).unwrap();
    let words = Words::of(&queue);
    let producer = options().open_fd(&words).unwrap();
    producer.put_many(&[b"small"; MESSAGES]).unwrap();
    drop(producer);
    let tail = words.write(words.free_tail(0), 10_000);
    (queue, words, tail)
}

fn is_tail(error: SegmentError) -> bool {
    matches!(error, SegmentError::Corrupt(corruption) if corruption.word == "tail")
}

#[test]
fn released_blocks_come_back() {
    let (queue, words, tail) = damaged();
    for _ in 0..MESSAGES {
        drop(queue.get().unwrap());
    }
    let later = options().open_fd(&words).unwrap();
    drop(queue); // tries once more, in vain
    assert!(is_tail(later.reclaim().unwrap_err().kind), "it cannot be given back yet");
    words.write(words.free_tail(0), tail);
    assert!(later.reclaim().unwrap().blocks > 0);
    let last = options().open_fd(&words).unwrap();
    drop(later); // the block with which it met the damage is its own until it leaves
    every_block_is_there(&last);
}

#[test]
fn released_blocks_come_back_when_their_owner_leaves() {
    let (queue, words, tail) = damaged();
    for _ in 0..MESSAGES {
        drop(queue.get().unwrap());
    }
    words.write(words.free_tail(0), tail);
    drop(queue);
    every_block_is_there(&options().open_fd(&words).unwrap());
}

#[test]
fn blocks_of_messages_that_a_shutdown_dropped_come_back() {
    let (queue, words, tail) = damaged();
    assert!(is_tail(queue.shutdown_now().unwrap_err().kind));
    assert!(queue.is_shut_down().unwrap());
    words.write(words.free_tail(0), tail);
    while queue.try_get().is_ok() {}
    queue.reclaim().unwrap();
    assert_eq!(held_or_free(&queue), (0, 0));
}

/// A small block in the ring of large ones would be given to who needs a large one. Positions of
/// both rings are alike after two participants have left.
#[test]
fn a_block_of_another_class_is_not_taken() {
    let queue = options().create(Place::Unnamed).unwrap();
    let words = Words::of(&queue);
    let other = options().open_fd(&words).unwrap();
    let both: Vec<_> =
        (0..40).map(|_| (other.loan(8).unwrap(), other.loan(200).unwrap())).collect();
    drop(both);
    drop(other);
    for index in 0..4 {
        let at = words.free_slot(1, index);
        let named = words.read(at);
        words.write(at, named & !(0xf << 24)); // the same number, of the small ones
    }
    let errors: Vec<_> = (0..8).filter_map(|_| queue.try_put([1; 200]).err()).collect();
    let is_slot = |error: &PutError<_>| matches!(error, PutError { kind: PutErrorKind::Segment(SegmentError::Corrupt(corruption)), .. } if corruption.word == "slot");
    assert!(!errors.is_empty() && errors.iter().all(is_slot), "{errors:?}");
}

/// Messages that somebody holds, and those that are queued.
fn held_or_free(queue: &Queue<[u8]>) -> (u64, u64) {
    let seen = queue.snapshot().unwrap();
    (seen.holders.iter().map(|holder| holder.messages).sum(), seen.size)
}

#[test]
fn a_damaged_class_does_not_keep_recovery_from_the_others() {
    let (queue, words, tail) = damaged();
    let lost = options().open_fd(&words).unwrap();
    let index = queue.snapshot().unwrap().holders[1].participant.index;
    let loans = [lost.loan(200).unwrap(), lost.loan(200).unwrap()];
    let message = lost.get().unwrap();
    loans.into_iter().for_each(std::mem::forget);
    std::mem::forget(message);
    words.end_life(index);

    assert!(is_tail(queue.reclaim().unwrap_err().kind));
    let large: Vec<_> = std::iter::from_fn(|| queue.try_loan(200).ok()).collect();
    assert_eq!(large.len() as u64, words.blocks(1));
    drop((large, lost));

    words.write(words.free_tail(0), tail);
    for _ in 1..MESSAGES {
        drop(queue.get().unwrap());
    }
    let later = options().open_fd(&words).unwrap();
    drop(queue);
    assert_eq!(later.snapshot().unwrap().lost, 1);
    every_block_is_there(&later);
}
