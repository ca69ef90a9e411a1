//! What a worker finds: a queue with some messages, with sleepers or without, with a corpse or
//! without.

use core::mem::{offset_of, size_of};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use ringway::Queue;
use ringway_core::state::{Lane, State};
use ringway_segment::objects::channel::layout::{
    ChannelMeasures, ChannelWords, ClassWords, Geometry,
};

use super::Queueing;
use super::ledger::Ledger;
use super::operation::put_back_the_oldest;
use crate::campaign::program::assistant;
use crate::campaign::subject;
use crate::words::{self, Words};

/// `maxsize` of every queue of the campaign.
pub const MAXSIZE: u64 = 4;
/// Entries of the participant tables.
pub const PARTICIPANTS: u32 = 6;
/// Bytes of the largest message.
const MAX_MESSAGE: u64 = 64;
/// Loans that a participant is promised.
const LOANS: u32 = 4;

/// Where the event counts of the queue are: not empty, not full, and a block freed of each class.
fn events_at() -> Vec<u64> {
    let body = words::body(PARTICIPANTS);
    let measures = ChannelMeasures {
        maxsize: MAXSIZE,
        max_message: MAX_MESSAGE,
        loans: LOANS,
        participants: PARTICIPANTS,
        schema_bytes: 0,
        returns: true,
    };
    let freed = |class: usize| {
        offset_of!(ChannelWords, classes)
            + class * size_of::<ClassWords>()
            + offset_of!(ClassWords, freed)
    };
    let classes = 0..Geometry::new(measures).classes.len();
    [offset_of!(ChannelWords, not_empty), offset_of!(ChannelWords, not_full)]
        .into_iter()
        .chain(classes.map(freed))
        .map(|at| body + at as u64)
        .collect()
}

/// An event count with a registration. The sequence is one that no event of the campaign comes to.
const FORGED: u64 = 1 << 32 | 1 << 30;

/// The message that a corpse has in hand.
const HELD: u64 = 98;
/// The message that a corpse was putting back, in a queue that takes messages back.
pub const HALF_BACK: u64 = 99;

/// A scene.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scene {
    /// Messages in the queue, numbered 100 and on.
    pub filled: u64,
    /// Whether sleepers are registered on every event. They are forged: no process sleeps.
    pub sleepers: bool,
    /// Whether the worker has used the queue before, so that it has blocks at hand.
    pub warm: bool,
    /// Whether somebody dies with a message and a loan in hand, after the worker has opened the
    /// queue.
    pub corpse: bool,
    /// Whether the queue takes messages back. Then the oldest was put back, or the corpse has died
    /// while it put one back.
    pub returns: bool,
    /// Whether the counters are about to wrap.
    pub wraps: bool,
}

impl Scene {
    /// The number of the oldest message that is to be delivered.
    pub(super) fn oldest(self) -> u64 {
        if self.corpse && self.returns { HALF_BACK } else { 100 }
    }
}

/// A queue that was set up for a scene. Its file goes with it.
pub struct Stage {
    queue: Option<Queue<[u8]>>,
    path: PathBuf,
    pub(super) ledger: Option<Ledger>,
}

impl Stage {
    /// Sets up a scene.
    ///
    /// # Panics
    /// When the queue cannot be made; the campaign cannot go on then.
    pub fn new(scene: Scene) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path =
            PathBuf::from(format!("/dev/shm/ringway.campaign-{}-{number}", std::process::id()));
        let mut options = Queue::<[u8]>::options()
            .maxsize(MAXSIZE)
            .max_message(MAX_MESSAGE)
            .participants(PARTICIPANTS)
            .loans(LOANS);
        options = options.put_back(scene.returns);
        if scene.wraps {
            options = options.first_position((1 << 44) - 5);
        }
        let queue = options.create(path.clone()).expect("a queue for the campaign");
        let stage = Self { queue: Some(queue), path, ledger: None };
        if scene.corpse {
            stage.queue().put(text_of(HELD)).expect("a place"); // for the corpse to take
        }
        if scene.corpse && scene.returns {
            stage.queue().put(text_of(HALF_BACK)).expect("a place"); // likewise
        }
        for number in 0..scene.filled {
            stage.queue().put(text_of(100 + number)).expect("a place");
        }
        if !scene.corpse {
            put_back_the_oldest(stage.queue());
        }
        stage
    }

    /// The harness's own handle.
    ///
    /// # Panics
    /// After the worker has left the stage.
    pub fn queue(&self) -> &Queue<[u8]> {
        self.queue.as_ref().expect("the harness has not left")
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which events were announced since sleepers were forged.
    pub(super) fn announced(&self) -> Vec<bool> {
        let file = File::open(&self.path).expect("the file of the queue");
        let sequence_moved = |at| {
            let mut word = [0; 8];
            file.read_exact_at(&mut word, at).expect("an event count");
            u64::from_ne_bytes(word) & 0xffff_ffff != FORGED & 0xffff_ffff
        };
        events_at().into_iter().map(sequence_moved).collect()
    }
}

impl subject::Stage for Stage {
    fn path(&self) -> &Path {
        &self.path
    }
    fn leave(&mut self) -> Result<(), String> {
        self.queue = None;
        Ok(())
    }
}

/// In a worker: registers sleepers on every event.
///
/// # Panics
/// When the file cannot be written.
pub(super) fn forge_sleepers(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).expect("the file of the queue");
    for event in events_at() {
        file.write_all_at(&FORGED.to_ne_bytes(), event).expect("a forged registration");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// In a worker: lets another process of this program die with something in hand.
///
/// # Panics
/// When it does not.
pub(super) fn make_a_corpse(path: &Path) {
    let program = std::env::current_exe().expect("the path of this program");
    let status = assistant::<Queueing>(&program, "corpse", path, "").status().expect("a corpse");
    assert!(!status.success(), "the corpse lives");
}

/// In such a process: takes a message and a loan, and is killed with them in hand. If the queue
/// takes messages back, another one is on its way there.
///
/// # Panics
/// When there is no such queue.
pub(super) fn die_with_something(path: &Path) {
    let options = Queue::<[u8]>::options();
    let queue = options.open(path.to_path_buf()).expect("the queue of the campaign");
    let _message = queue.get().expect("a message");
    let _loan = queue.loan(8).expect("a block");
    if queue.returns() {
        // The ring of returned messages has memory by then, and its first position is used.
        queue.get().expect("a message").put_back().expect("a queue that takes messages back");
        std::mem::forget(queue.get().expect("the same message"));
        offer_back(&queue);
    }
    // SAFETY: kills this very process.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
}

/// Makes the state of the only message that came back and is held that of one which is on its way
/// back: offered at the next position of the ring, and not pushed.
fn offer_back(queue: &Queue<[u8]>) {
    let words = Words::of(queue);
    let held =
        (0..words.blocks(0)).map(|block| words.state(0, block)).find_map(|at| match State::unpack(
            words.read(at),
        ) {
            Some(State::Held { lane: Lane::Returned, owner, position }) => {
                Some((at, owner, position))
            }
            _ => None,
        });
    let (at, owner, position) = held.expect("a message that came back and is held");
    let offered = State::Queued { lane: Lane::Returned, owner, position: position.plus(1) };
    words.write(at, offered.pack());
}

/// The bytes of message number `number`.
pub fn text_of(number: u64) -> [u8; 8] {
    number.to_le_bytes()
}

/// The number of a message; one that is no message of the campaign has the largest.
pub fn number_of(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(u64::MAX, u64::from_le_bytes)
}
