//! A word that lies is named by the operation that believed it.

use std::time::Duration;

use ringway::{
    Error, GetError, GetErrorKind, Place, PutError, PutErrorKind, Queue, QueueOptions, SegmentError,
};
use ringway_core::position::POSITION_MASK;
use ringway_segment::objects::channel::layout::FLAG_IMMEDIATE;
use ringway_tests::words::{self, FLAGS, Words};

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(4).max_message(64).participants(3).loans(2)
}

/// A queue whose words can be written over.
struct Subject {
    queue: Queue<[u8]>,
    words: Words,
}

impl Subject {
    /// With two messages in it, after one was taken.
    fn new() -> Self {
        let queue = options().create(Place::Unnamed).unwrap();
        let words = Words::of(&queue);
        for text in ["zero", "one", "two"] {
            queue.put(text).unwrap();
        }
        assert_eq!(&*queue.get().unwrap(), b"zero");
        Self { queue, words }
    }
    /// Another participant, who remembers nothing.
    fn stranger(&self) -> Queue<[u8]> {
        options().open_fd(&self.words).unwrap()
    }
    /// Writes a word over, and asserts that all of these operations name it; then they work again
    /// when it is mended.
    fn lies(
        &self,
        at: u64,
        value: u64,
        word: &str,
        believers: &[&dyn Fn() -> Option<SegmentError>],
    ) {
        self.lies_quietly(at, value, word, believers);
        self.still_delivers(word);
    }
    fn lies_quietly(
        &self,
        at: u64,
        value: u64,
        word: &str,
        believers: &[&dyn Fn() -> Option<SegmentError>],
    ) {
        for (number, believer) in believers.iter().enumerate() {
            let truth = self.words.write(at, value);
            match believer() {
                Some(SegmentError::Corrupt(corruption)) => {
                    assert!(corruption.word.contains(word), "believer {number}: {corruption:?}");
                    assert!(SegmentError::Corrupt(corruption).to_string().contains(word));
                }
                other => panic!("believer {number} of {word} {value:#x}: {other:?}"),
            }
            self.words.write(at, truth);
        }
    }
    fn still_delivers(&self, word: &str) {
        for text in ["one", "two"] {
            assert_eq!(&*self.queue.try_get().unwrap(), text.as_bytes(), "after {word} was mended");
        }
    }
}

fn of_call<R>(result: Result<R, Error>) -> Option<SegmentError> {
    let error = result.err()?;
    assert!(
        error.to_string().starts_with(&error.object.to_string()),
        "{error} does not name the queue"
    );
    Some(error.kind)
}

fn of_put<V>(result: Result<(), PutError<V>>) -> Option<SegmentError> {
    match result {
        Err(PutError { kind: PutErrorKind::Segment(error), .. }) => Some(error),
        _ => None,
    }
}

fn of_get<R>(result: Result<R, GetError>) -> Option<SegmentError> {
    match result {
        Err(GetError { kind: GetErrorKind::Segment(error), .. }) => Some(error),
        _ => None,
    }
}

#[test]
fn a_head_beyond_the_last_message() {
    for ahead in [4, 100, 256, 1000, 1 << 30, 1 << 43] {
        let subject = Subject::new();
        let stranger = subject.stranger();
        subject.lies(
            subject.words.head(),
            ahead,
            "head",
            &[
                &|| of_get(stranger.try_get()),
                &|| of_get(stranger.try_get_many(3)),
                &|| of_call(stranger.len()),
                &|| of_call(stranger.snapshot()),
                &|| of_get(stranger.get_timeout(Duration::from_secs(60))),
            ],
        );
    }
}

#[test]
fn a_tail_beyond_the_last_message() {
    for ahead in [4, 100, 256, 1000, 1 << 30, 1 << 43] {
        let subject = Subject::new();
        let stranger = subject.stranger();
        subject.lies(
            subject.words.tail(),
            ahead,
            "tail",
            &[
                &|| {
                    of_put(stranger.try_put("behind a hole").map_err(|error| error.without_value()))
                },
                &|| of_put(stranger.put("behind a hole")),
                &|| of_call(stranger.is_shut_down()),
                &|| of_call(stranger.shutdown()),
                &|| of_call(stranger.len()),
            ],
        );
    }
}

#[test]
fn a_slot_of_another_turn_or_of_no_block() {
    for (turn, block) in
        [(2, 0), (3, 1), (1 << 34, 0), (1 << 35, 1), ((1 << 36) - 2, 5), (1, 100_000), (1, 3 << 24)]
    {
        let subject = Subject::new();
        let stranger = subject.stranger();
        subject.lies(
            subject.words.slot(1), // of "one", in its first turn
            turn << 28 | block,
            "slot",
            &[
                &|| of_get(stranger.try_get()),
                &|| of_get(subject.queue.try_get()),
                &|| of_get(stranger.get_timeout(Duration::from_secs(60))),
                &|| of_call(stranger.len()),
            ],
        );
    }
}

/// It hides what is queued behind it, as an empty queue would.
#[test]
fn a_slot_that_says_it_is_free() {
    let subject = Subject::new();
    let stranger = subject.stranger();
    subject.words.write(subject.words.tail(), 3); // as far as helpers may bring it
    subject.lies(
        subject.words.slot(1), // of "one"
        0,
        "slot",
        &[&|| of_call(stranger.len()), &|| of_get(stranger.get_timeout(Duration::from_secs(60)))],
    );
}

#[test]
fn a_head_that_fell_back_by_more_than_a_lap() {
    let subject = Subject::new();
    for _ in 0..1000 {
        subject.queue.put("on").unwrap();
        drop(subject.queue.get().unwrap());
    }
    drop(subject.queue.get_many(2).unwrap());
    for text in ["one", "two"] {
        subject.queue.put(text).unwrap();
    }
    let stranger = subject.stranger();
    subject.lies(
        subject.words.head(),
        3,
        "head",
        &[&|| of_get(stranger.try_get()), &|| of_call(stranger.len()), &|| {
            of_put(stranger.try_put("a place").map_err(|error| error.without_value()))
        }],
    );
}

#[test]
fn a_life_that_is_not_ours() {
    let subject = Subject::new();
    let life = subject.words.read(words::life(0));
    for lie in [0, life + 1, life + 256, u64::MAX] {
        subject.lies_quietly(words::life(0), lie, "life", &[&|| of_call(subject.queue.reclaim())]);
    }
}

/// Neither who takes fresh blocks nor who looks for room in the file may believe these.
#[test]
fn numbers_of_blocks_that_cannot_be() {
    let subject = Subject::new();
    let (fresh, backed) = (subject.words.fresh(0), subject.words.backed(0));
    let all = subject.words.blocks(0);
    for (at, lie) in [
        (fresh, all + 1),
        (fresh, u64::MAX),
        (backed, 0),
        (backed, 2),
        (backed, all + 1),
        (backed, u64::MAX),
    ] {
        let subject = Subject::new();
        let truth = (subject.words.read(fresh), subject.words.read(backed));
        assert!(truth.0 >= 3 && truth.1 == all, "{truth:?}");
        let is_behind = at == fresh || lie < truth.0;
        let word = if is_behind { "first fresh block" } else { "blocks with memory" };
        let stranger = subject.stranger();
        subject.lies_quietly(
            at,
            lie,
            word,
            &[&|| {
                of_put(stranger.try_put("in a fresh block").map_err(|error| error.without_value()))
            }],
        );
    }
}

/// A queue of large blocks, of which memory is reserved four at a time.
#[test]
fn more_blocks_with_memory_than_were_asked_for() {
    let queue = Queue::<[u8]>::options().participants(3).create(Place::Unnamed).unwrap();
    let words = Words::of(&queue);
    let class = words.classes() - 1;
    drop(queue.loan(60_000).unwrap());
    assert_eq!((words.read(words.fresh(class)), words.read(words.backed(class))), (1, 4));
    words.write(words.backed(class), 6);
    let _loan = queue.loan(60_000).unwrap(); // from the stock
    match queue.try_loan(60_000) {
        Err(PutError {
            kind: PutErrorKind::Segment(SegmentError::Corrupt(corruption)), ..
        }) => {
            assert!(corruption.word.contains("blocks with memory"), "{corruption}");
        }
        other => panic!("{other:?}"),
    }
}

/// The mark of a shutdown comes before its flag.
#[test]
fn a_flag_of_a_shutdown_that_was_not() {
    let subject = Subject::new();
    let stranger = subject.stranger();
    subject.lies(
        subject.words.flags(),
        FLAG_IMMEDIATE,
        "flags",
        &[&|| of_get(stranger.try_get()), &|| of_get(subject.queue.get())],
    );
}

#[test]
fn a_flag_that_there_is_not_is_refused() {
    let subject = Subject::new();
    subject.words.write(FLAGS, 1 << 40);
    let error = options().open_fd(&subject.words).unwrap_err().to_string();
    assert!(error.contains("the flags") && error.contains("0x10000000000"), "{error}");
}

/// A tail may lag: it is walked past what was filled, by whole laps if need be.
#[test]
fn a_tail_that_fell_back_heals() {
    for laps in 0..4 {
        for behind in [1, 7, 300, 1 << 30, 1 << 42] {
            let subject = Subject::new();
            for number in 0..laps * 256 {
                subject.queue.put(format!("{number}")).unwrap();
                drop(subject.queue.get().unwrap());
            }
            let at = subject.words.tail();
            let tail = subject.words.read(at);
            subject.words.write(at, tail.wrapping_sub(behind) & POSITION_MASK);
            let stranger = subject.stranger();
            assert_eq!(stranger.len().unwrap(), 2);
            stranger.put("the last").unwrap();
            assert_eq!(subject.queue.get_many(2).unwrap().len(), 2);
            assert_eq!(&*subject.queue.get().unwrap(), b"the last");
            stranger.shutdown().unwrap();
            assert!(subject.queue.is_shut_down().unwrap());
        }
    }
}
