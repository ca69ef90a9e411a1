//! Damaged segments: no bytes crash a process, or keep it for ever. The work is done by a process
//! of its own, so that a crash is seen and the case is named.
//!
//! `RINGWAY_DAMAGE_SEED` and `RINGWAY_DAMAGE_ROUNDS` choose the run.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ringway::{GetError, GetErrorKind, Queue, SegmentError};
use ringway_tests::Folder;
use ringway_tests::words::Words;

/// No case is slow enough to take so long.
const PATIENCE: Duration = Duration::from_secs(180);

fn from_env(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Runs the program and answers its last line.
fn survives(what: &str, count: u64) -> String {
    let seed = from_env("RINGWAY_DAMAGE_SEED", RandomState::new().hash_one(what));
    let count = count * from_env("RINGWAY_DAMAGE_ROUNDS", 1);
    println!("RINGWAY_DAMAGE_SEED={seed}: damage {what} {seed} {count}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_damage"));
    command.args([what, &seed.to_string(), &count.to_string()]).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    let mut last = String::from("no case");
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => last = line,
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("{last} of seed {seed} does not end");
            }
        }
    }
    let status = child.wait().expect("its end");
    assert!(status.success(), "{last} of seed {seed}: {status}");
    println!("{last}");
    last
}

/// One of the numbers in the last line.
fn number(line: &str, field: &str) -> u64 {
    let rest =
        line.split_once(&format!("{field}: ")).unwrap_or_else(|| panic!("no {field} in {line}")).1;
    rest.split([',', ' '])
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn any_bit_of_a_live_segment_may_turn() {
    let total = survives("bits", 1);
    assert!(number(&total, "done") > 0 && number(&total, "faults") > 0, "{total}");
}

#[test]
fn any_word_of_a_live_segment_may_change() {
    let total = survives("words", 1);
    assert!(number(&total, "done") > 0 && number(&total, "faults") > 0, "{total}");
}

#[test]
fn any_word_may_change_while_somebody_waits() {
    let total = survives("sleepers", 1);
    assert!(number(&total, "done") > 0 && number(&total, "faults") > 0, "{total}");
}

#[test]
fn several_words_of_a_live_segment_may_change() {
    let total = survives("scripts", 3000);
    assert!(number(&total, "done") > 0 && number(&total, "faults") > 0, "{total}");
}

#[test]
fn any_bytes_may_be_opened() {
    let total = survives("attach", 5000);
    assert!(number(&total, "cases") > 0 && number(&total, "not_opened") > 0, "{total}");
}

/// A slot that names a block which was never used is damage: there may be no memory behind it.
#[test]
fn a_block_without_memory_is_not_touched() {
    let folder = Folder::new("damage");
    let queue = Queue::<[u8]>::options()
        .maxsize(4)
        .max_message(64)
        .participants(200)
        .loans(8)
        .create(folder.join("q"))
        .unwrap();
    queue.put(b"one").unwrap();
    let words = Words::of(&queue);
    let slot = words.read(words.slot(0));
    assert_eq!(slot & 0xff_ffff, 0, "the message is in block 0");
    words.write(words.slot(0), words.naming_the_last_block(slot));
    match queue.try_get() {
        Err(GetError {
            kind: GetErrorKind::Segment(SegmentError::Corrupt(corruption)), ..
        }) => {
            assert_eq!(corruption.word, "slot")
        }
        other => panic!("{other:?}"),
    }
}

/// A head beyond the last message hides every later one; whoever waits for them is told.
#[test]
fn a_head_that_ran_ahead_is_told_to_whoever_waits() {
    let folder = Folder::new("damage");
    let options = Queue::<[u8]>::options().maxsize(4);
    let words = Words::of(&options.create(folder.join("q")).unwrap());
    words.write(words.head(), 100);
    let queue = options.open(folder.join("q")).unwrap();
    match queue.get_timeout(Duration::from_secs(60)) {
        Err(GetError {
            kind: GetErrorKind::Segment(SegmentError::Corrupt(corruption)), ..
        }) => {
            assert_eq!(corruption.word, "head")
        }
        other => panic!("{other:?}"),
    }
}
