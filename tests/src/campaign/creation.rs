//! Creation, killed and frozen at every instruction: the name stands for a whole queue or for
//! nothing.
//!
//! The portable way cannot promise as much: `shm_open` shows the name before there is anything
//! behind it. There the name stands for a whole queue, for nothing, or for something that is
//! refused and can be removed.
//!
//! Two more ways change what a name stands for: a queue that no process uses is replaced, and one
//! goes with its last participant.

use std::fs::{self, File};
use std::io::ErrorKind::WouldBlock;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use ringway::inspect::{self, Maker};
use ringway::{CreateError, OpenError, Place, Queue, QueueOptions};

use super::queue::scene::{MAXSIZE, PARTICIPANTS, Scene, text_of};
use super::queue::{self, Effect};
use super::stepper::marker;
use super::subject::{Stage, Subject};

const EMPTY: Scene =
    Scene { filled: 0, sleepers: false, warm: false, corpse: false, returns: false, wraps: false };
const NOTHING: Effect =
    Effect { puts: 0, takes: 0, taken_before: 0, returns: false, closes: false };

/// Creation as a subject.
pub struct Creation;

/// How a queue gets its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// `linkat` of a whole file.
    CreateNamed,
    /// `shm_open`.
    CreatePortable,
    /// A new one in the place of one that is left over.
    ReplaceStale,
    /// No name any more, when the last participant leaves.
    LeaveLast,
}

impl Way {
    fn place(self, path: &Path) -> Place {
        let name = name_of(path).to_owned();
        match self {
            Self::CreateNamed | Self::ReplaceStale | Self::LeaveLast => Place::Named(name),
            Self::CreatePortable => Place::Portable(name),
        }
    }

    /// Whether a whole queue stands there; an error if what stands there must not.
    fn is_whole(self, path: &Path) -> Result<bool, String> {
        match options().open(path.to_path_buf()) {
            Ok(_) => Ok(true),
            Err(OpenError::NotFound { .. }) => Ok(false),
            Err(OpenError::Refused { .. }) if self == Self::CreatePortable => Ok(false),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(MAXSIZE).max_message(64).participants(PARTICIPANTS).loans(4)
}

/// The name that a path of shared memory stands for.
fn name_of(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.strip_prefix("ringway.")).expect("a path of shared memory")
}

/// A name that nothing has; what gets it goes with this.
pub struct Fresh {
    path: PathBuf,
    /// The queue that the harness made, or opened, while the creator was frozen.
    ours: Option<Queue<[u8]>>,
}

impl Stage for Fresh {
    fn path(&self) -> &Path {
        &self.path
    }
    fn leave(&mut self) -> Result<(), String> {
        self.ours = None;
        Ok(())
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Subject for Creation {
    type Operation = Way;
    type Scene = ();
    type Effect = Way;
    type Stage = Fresh;

    const NAME: &'static str = "creation";
    const OPERATIONS: &'static [Way] =
        &[Way::CreateNamed, Way::CreatePortable, Way::ReplaceStale, Way::LeaveLast];

    fn scenes(_: Way) -> Vec<()> {
        vec![()]
    }
    fn is_short(_: Way, (): ()) -> bool {
        true
    }
    fn stage(way: Way, (): ()) -> Fresh {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("creation-{}-{number}", std::process::id());
        let path = Place::Named(name).path().expect("a name has a path");
        if way == Way::ReplaceStale {
            drop(options().create(way.place(&path)).expect("one that is left over"));
        }
        Fresh { path, ours: None }
    }
    fn told((): ()) -> String {
        String::new()
    }

    /// That another process was faster is no failure.
    fn perform(way: Way, path: &Path, _: &str) {
        let (options, place) = (options(), way.place(path));
        if way == Way::LeaveLast {
            let queue = options.remove_with_last(true).create(place).expect("a new queue");
            marker();
            drop(queue);
            marker();
            return;
        }
        let options = options.replace_stale(way == Way::ReplaceStale);
        marker();
        let created = options.create(place);
        marker();
        match created {
            Ok(_) | Err(CreateError::AlreadyExists { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn effect(way: Way, (): ()) -> Way {
        way
    }

    /// It is whole and empty, or it is not there, or at least it is not in the way.
    fn audit(path: &Path, (): (), way: Way) -> Result<(), String> {
        if way.is_whole(path)? {
            if way == Way::LeaveLast {
                return Err("the name outlived the last participant".to_owned());
            }
            return queue::audit(&Place::File(path.to_owned()), EMPTY, NOTHING);
        }
        clear(path)?;
        let again = options().create(way.place(path));
        let queue = again.map_err(|error| format!("a second try: {error}"))?;
        queue.try_put(text_of(1)).map_err(|error| error.to_string())
    }

    /// What a creator has made so far, which may only stand still, is let be.
    fn at_work(fresh: &Fresh) -> Result<(), String> {
        let mut magic = [0; 8];
        let is_begun = match File::open(&fresh.path) {
            Ok(file) => file.read_exact_at(&mut magic, 0).is_err() || magic == [0; 8],
            Err(_) => return Ok(()),
        };
        let name = name_of(&fresh.path);
        let found = inspect::unfinished(Some(name)).map_err(|error| error.to_string())?;
        if is_begun && found.is_empty() {
            return Err("what it has made so far was not known".to_owned());
        }
        for remains in found {
            match (remains.maker(), remains.remove()) {
                (Maker::AtWork, Ok(false)) => {}
                other => return Err(format!("its creator is at work, and yet {other:?}")),
            }
        }
        Ok(())
    }

    fn done(fresh: &Fresh, way: Way, (): ()) -> Result<(), String> {
        let is_whole = way.is_whole(&fresh.path)?;
        match way {
            Way::LeaveLast if fresh.path.exists() => Err("the name is still there".to_owned()),
            Way::LeaveLast => Ok(()),
            _ if is_whole => Ok(()),
            _ => Err("there is no queue".to_owned()),
        }
    }

    /// Another process gets the name, or opens what has it.
    fn frozen(fresh: &mut Fresh, way: Way, (): ()) -> Result<(), String> {
        fresh.ours = match options().create(way.place(&fresh.path)) {
            Ok(queue) => Some(queue),
            Err(CreateError::AlreadyExists { .. }) => options().open(fresh.path.clone()).ok(),
            // The worker stands still in its look, and keeps the name meanwhile.
            Err(CreateError::Io { source, .. }) if source.kind() == WouldBlock => None,
            Err(error) => return Err(error.to_string()),
        };
        let put = fresh.ours.as_ref().map_or(Ok(()), |queue| queue.try_put(text_of(1)));
        put.map_err(|error| error.to_string())
    }

    fn ended(fresh: Fresh, way: Way, (): ()) -> Result<(), String> {
        if way == Way::LeaveLast && fresh.ours.is_none() {
            return Ok(()); // it is free, or will be for the next that opens it
        }
        let queue = options().open(fresh.path.clone()).map_err(|error| error.to_string())?;
        let wanted = u64::from(fresh.ours.is_some());
        match queue.len() {
            Ok(count) if count == wanted => Ok(()),
            other => {
                let moved = "the name moved to another queue";
                Err(format!("{other:?} messages instead of {wanted}: {moved}"))
            }
        }
    }
}

/// What a dead creator has left is known for what it is, and removed.
fn clear(path: &Path) -> Result<(), String> {
    let found = inspect::unfinished(Some(name_of(path))).map_err(|error| error.to_string())?;
    for remains in found {
        match remains.maker() {
            Maker::Gone => {}
            other => return Err(format!("its creator is dead, and yet {other:?}")),
        }
        if !remains.remove().map_err(|error| error.to_string())? {
            return Err(format!("{remains:?} was not removed"));
        }
    }
    if path.exists() { Err("what it left was not known".to_owned()) } else { Ok(()) }
}
