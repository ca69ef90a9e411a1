//! What a worker finds: a context with two objects that it does not use, and one that it does.

use core::mem::{offset_of, size_of};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use ringway::{Context, OpenError};
use ringway_segment::layout::{
    Entry, FRAME_AT, Frame, FrameWords, Line, Measures, PAGE, PARTICIPANTS_AT, Participant,
};
use ringway_segment::objects::channel::layout::{ChannelMeasures, Geometry};

use super::Objects;
use super::operation::{Operation, Twist};
use super::thing::{Thing, What};
use crate::campaign::program::assistant;
use crate::campaign::queue::scene::MAXSIZE;
use crate::campaign::stepper::{Stepper, Stop, marker};
use crate::campaign::subject;

const PARTICIPANTS: u32 = 6;
const OBJECTS: u32 = 6;
/// How many queues there is space for.
pub const QUEUES: usize = 3;
/// An event count with a registration. The sequence is one that no event of the campaign comes to.
const FORGED: u64 = 1 << 32 | 1 << 30;
/// Where the event count of changes is.
const CHANGED_AT: u64 = FRAME_AT + offset_of!(FrameWords, changed) as u64;
/// Where the latch is.
const LATCH_AT: u64 = FRAME_AT + offset_of!(FrameWords, latch) as u64;

/// The object that the worker uses, the one that it makes, and the two that it does not use.
pub const TARGET: &str = "target";
/// What a worker makes.
pub const NEW: &str = "new";
/// What a corpse was making or clearing.
pub const HALF: &str = "half";
/// What the harness makes in the place of an object that it removed.
pub const THIEF: &str = "thief";
/// A queue with two messages.
pub const JOBS: &str = "jobs";
/// A lock that the harness holds.
pub const PRINT: &str = "print";

/// States of a directory entry, as the format has them.
pub const FREE: u8 = 0;
/// An entry whose object is being made.
pub const MAKING: u8 = 1;
/// An entry whose object can be opened.
pub const LIVE: u8 = 2;
/// An entry whose object has no name any more.
pub const GOING: u8 = 3;
/// An entry whose object is being cleared.
pub const CLEARING: u8 = 5;

/// A scene.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scene {
    /// What kind of object the operation is about.
    pub what: What,
    /// What else there is.
    pub twist: Twist,
}

/// A context that was set up for a scene. Its file goes with it.
pub struct Stage {
    inside: Option<Inside>,
    path: PathBuf,
}

/// What the harness has open.
pub struct Inside {
    /// The context.
    pub context: Context,
    /// The queue with two messages.
    pub jobs: Thing,
    /// The lock that the harness holds.
    pub print: Thing,
    /// The target, where the harness has it open.
    pub target: Option<Thing>,
    /// What took the place of what was removed.
    pub thief: Option<Thing>,
    /// Whether the harness has removed what the worker uses.
    pub has_raced: bool,
    /// What kind that is.
    pub what: What,
}

fn frame() -> Frame {
    let measures = ChannelMeasures {
        maxsize: MAXSIZE,
        max_message: 64,
        loans: 4,
        participants: PARTICIPANTS,
        schema_bytes: 0,
        returns: false,
    };
    let queue = Geometry::new(measures).total_bytes.next_multiple_of(PAGE);
    // A page for the locks.
    let space = QUEUES as u64 * queue + PAGE;
    Frame::new(Measures { objects: OBJECTS, participants: PARTICIPANTS, space })
}

impl Stage {
    /// Sets a scene up.
    ///
    /// # Panics
    /// When that is not possible; the campaign cannot go on then.
    pub fn new(operation: Operation, scene: Scene) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = format!("/dev/shm/ringway.objects-{}-{number}", std::process::id());
        let path = PathBuf::from(path);
        let options = Context::options().objects(OBJECTS).participants(PARTICIPANTS);
        let options = options.space(frame().measures.space);
        let context = options.create(path.clone()).expect("a context for the campaign");
        let make = |what, name| {
            let thing = Thing::make(&context, what, name).expect("an object");
            thing.fill().expect("a new object");
            thing
        };
        let (print, jobs) = (make(What::Lock, PRINT), make(What::Queue, JOBS));
        let mut target = Some(make(scene.what, TARGET));
        if let Some(Thing::Lock(lock)) = &target {
            lock.release().expect("what was just acquired"); // for the worker, or the corpse
        }
        if operation == Operation::Make {
            target.take().map(|thing| thing.remove()); // leaves a gap
        }
        if scene.twist != Twist::Shared {
            target = None;
        }
        let inside = Inside {
            context,
            jobs,
            print,
            target,
            thief: None,
            has_raced: false,
            what: scene.what,
        };
        Self { inside: Some(inside), path }
    }

    /// What the harness has open.
    ///
    /// # Panics
    /// When it has left.
    pub fn inside(&mut self) -> &mut Inside {
        self.inside.as_mut().expect("the harness has not left")
    }
}

impl subject::Stage for Stage {
    fn path(&self) -> &Path {
        &self.path
    }

    fn leave(&mut self) -> Result<(), String> {
        let Some(inside) = self.inside.take() else { return Ok(()) };
        inside.print.is_filled(0).map_err(|what| format!("the lock of the harness: {what}"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The words of the frame, as they are in the file.
pub struct Words(File, Frame);

impl Words {
    /// Of the context at that path.
    ///
    /// # Panics
    /// When there is none.
    pub fn of(path: &Path) -> Self {
        Self(File::open(path).expect("the file of the context"), frame())
    }

    fn word(&self, at: u64) -> u64 {
        let mut word = [0; 8];
        self.0.read_exact_at(&mut word, at).expect("a word of the context");
        u64::from_ne_bytes(word)
    }

    /// The state of each entry of the directory.
    pub fn states(&self) -> Vec<u8> {
        let life = |index| self.1.directory_at + index * size_of::<Entry>() as u64;
        (0..OBJECTS.into()).map(|index| self.word(life(index)) as u8).collect()
    }

    /// The user words that count: of which entry, and of which living participant.
    pub fn users(&self) -> Vec<(u64, u64)> {
        let counts = |&(entry, participant): &(u64, u64)| {
            let life = self.word(PARTICIPANTS_AT + participant * size_of::<Participant>() as u64);
            let at = self.1.users_at + entry * self.1.users_bytes + participant * 8;
            let user = self.word(at);
            let is_live = life as u8 == 1 && life >> 8 == user >> 24;
            is_live && user as u8 != 0
        };
        let all = (0..OBJECTS.into())
            .flat_map(|entry| (0..PARTICIPANTS.into()).map(move |index| (entry, index)));
        all.filter(counts).collect()
    }

    /// Whether a maker has the latch.
    pub fn is_latched(&self) -> bool {
        self.word(LATCH_AT) >> 63 != 0
    }

    /// Whether a change was announced after a sleeper was forged.
    pub fn is_announced(&self) -> bool {
        self.word(CHANGED_AT) as u32 != FORGED as u32
    }
}

/// In a worker: registers a sleeper that waits for a change of the directory.
///
/// # Panics
/// When the file cannot be written.
pub fn forge_sleepers(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).expect("the file of the context");
    file.write_all_at(&FORGED.to_ne_bytes(), CHANGED_AT).expect("a forged registration");
}

/// In a worker: lets another process of this program die, with something in hand or half-way.
///
/// # Panics
/// When it does not.
pub fn make_a_corpse(path: &Path, twist: Twist, what: What) {
    let program = std::env::current_exe().expect("the path of this program");
    let going = if twist.is_going() { " going" } else { "" };
    let told = format!("{what:?}{going}");
    let state = match twist {
        Twist::Making => MAKING,
        Twist::Clearing => CLEARING,
        _ => {
            let mut corpse = assistant::<Objects>(&program, "corpse", path, &told);
            assert!(!corpse.status().expect("a corpse").success(), "the corpse lives");
            return;
        }
    };
    let part = if state == MAKING { "make" } else { "clear" };
    let mut command = assistant::<Objects>(&program, part, path, &told);
    let mut corpse = Stepper::start(&mut command).expect("a corpse to be");
    let words = Words::of(path);
    while !words.states().contains(&state) {
        assert_eq!(corpse.step().expect("an instruction"), Stop::Step);
    }
    corpse.kill().expect("a corpse");
    assert!(words.states().contains(&state));
}

/// In such a process: plays a part.
///
/// # Panics
/// When that is not possible.
pub fn assist(part: &str, path: &Path, told: &str) {
    let what = if told.starts_with("Queue") { What::Queue } else { What::Lock };
    let context = open(path).expect("the context of the campaign");
    match part {
        "corpse" => {
            let Ok(Thing::Queue(jobs)) = Thing::open(&context, What::Queue, JOBS) else {
                panic!("no {JOBS}")
            };
            let target = Thing::open(&context, what, TARGET);
            let _message = jobs.get().expect("a message");
            let _loan = jobs.loan(8).expect("a block");
            match &target {
                Ok(Thing::Queue(queue)) => _ = queue.loan(8).map(std::mem::forget),
                Ok(Thing::Lock(lock)) => lock.try_acquire().expect("a free lock").keep(),
                Err(OpenError::NotFound { .. }) => {} // in a scene without one
                Err(error) => panic!("{error}"),
            }
            if told.ends_with("going") {
                assert!(target.as_ref().expect("the target").remove().expect("its name"));
            }
            // SAFETY: kills this very process.
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
        }
        "make" => {
            marker();
            drop(Thing::make(&context, what, HALF));
            marker();
        }
        "clear" => {
            let half = Thing::make(&context, what, HALF).expect("an object");
            half.fill().expect("a new object");
            half.remove().expect("its name");
            marker();
            drop(half);
            marker();
        }
        other => panic!("no part {other}"),
    }
}

/// Opens the context, which recovers what the dead have left.
///
/// # Errors
/// [`OpenError`].
pub fn open(path: &Path) -> Result<Context, OpenError> {
    Context::options().open(path.to_path_buf())
}

const _: () = assert!(offset_of!(Entry, life) == 0 && offset_of!(Line, word) == 0);
