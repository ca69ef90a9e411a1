//! Creation, killed and frozen at every instruction: the name stands for a whole queue or for nothing.
//!
//! The portable way cannot promise as much: `shm_open` shows the name before there is anything behind it. There the
//! name stands for a whole queue, for nothing, or for something that is refused and can be removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use ringway::inspect::{self, Maker};
use ringway::{CreateError, OpenError, Place, Queue, QueueOptions};

use super::audit::audit;
use super::image::Image;
use super::operation::Effect;
use super::run::{PARTICIPANTS, Plan, Tally, spread};
use super::scene::{MAXSIZE, Scene, text_of};
use super::stepper::{Stepper, Stop, marker};

const EMPTY: Scene = Scene { filled: 0, sleepers: false, warm: false, corpse: false, wraps: false };
const NOTHING: Effect = Effect { puts: 0, takes: 0, taken_before: 0, closes: false };

/// How a queue gets its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// `linkat` of a whole file.
    Named,
    /// `shm_open`.
    Portable,
}

/// Both of them.
pub const WAYS: [Way; 2] = [Way::Named, Way::Portable];

impl Way {
    fn place(self, name: &str) -> Place {
        match self {
            Self::Named => Place::Named(name.to_owned()),
            Self::Portable => Place::Portable(name.to_owned()),
        }
    }
}

fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(MAXSIZE).max_message(64).participants(PARTICIPANTS).loans(4)
}

/// A name that nothing has; what gets it goes with this.
struct Fresh {
    way: Way,
    name: String,
    path: PathBuf,
}

impl Fresh {
    fn new(way: Way) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("creation-{}-{number}", std::process::id());
        let path = way.place(&name).path().unwrap_or_default();
        Self { way, name, path }
    }

    fn place(&self) -> Place {
        self.way.place(&self.name)
    }

    /// Starts a worker that is about to create it.
    fn start(&self, worker: &Path) -> Result<Stepper, String> {
        let mut command = Command::new(worker);
        command.arg("create").arg(&self.name).arg(format!("{:?}", self.way));
        Stepper::start(&mut command).map_err(|error| error.to_string())
    }

    /// The same, so many instructions on; `None` if it was done before.
    fn start_at(&self, worker: &Path, point: u64) -> Result<Option<Stepper>, String> {
        let mut stepper = self.start(worker)?;
        for _ in 0..point {
            match stepper.step().map_err(|error| error.to_string())? {
                Stop::Step => {}
                Stop::Marker => return Ok(None),
                Stop::Ended(status) => return Err(format!("the worker ended with {status:#x}")),
            }
        }
        Ok(Some(stepper))
    }

    /// What a dead creator has left is known for what it is, and removed.
    fn clear(&self) -> Result<(), String> {
        for remains in inspect::unfinished(Some(&self.name)).map_err(|error| error.to_string())? {
            match remains.maker() {
                Maker::Gone => {}
                other => return Err(format!("its creator is dead, and yet {other:?}")),
            }
            if !remains.remove().map_err(|error| error.to_string())? {
                return Err(format!("{remains:?} was not removed"));
            }
        }
        if self.path.exists() { Err("what it left was not known".to_owned()) } else { Ok(()) }
    }

    /// What a creator that only stands still has made is let be.
    fn is_let_be(&self) -> Result<(), String> {
        let found = inspect::unfinished(Some(&self.name)).map_err(|error| error.to_string())?;
        if found.is_empty() && self.path.exists() && !is_whole(&self.path, self.way)? {
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

    /// After its creator died: it is whole and empty, or it is not there, or at least it is not in the way.
    fn check(&self) -> Result<(), String> {
        if is_whole(&self.path, self.way)? {
            audit(&Place::File(self.path.clone()), EMPTY, NOTHING)?;
        } else {
            self.clear()?;
            let queue =
                options().create(self.place()).map_err(|error| format!("a second try: {error}"))?;
            queue.try_put_bytes(text_of(1)).map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether a whole queue stands there; an error if what stands there must not.
fn is_whole(path: &Path, way: Way) -> Result<bool, String> {
    match options().open(path.to_path_buf()) {
        Ok(_) => Ok(true),
        Err(OpenError::NotFound { .. }) => Ok(false),
        Err(OpenError::Refused { .. }) if way == Way::Portable => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

/// The campaign of one way.
///
/// # Errors
/// The first thing that does not hold.
pub fn one(worker: &Path, way: Way, plan: Plan) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let failed = |point: u64, how: &str, what: String| {
        format!("Create ({way:?}), {how} after instruction {point}: {what}")
    };
    let half_made = images(worker, way, &mut tally)
        .map_err(|what| failed(tally.points, "killed (image)", what))?;
    for point in spread(tally.points, plan.kills).chain(half_made) {
        kill_at(worker, way, point).map_err(|what| failed(point, "killed", what))?;
        tally.kills += 1;
    }
    for point in spread(tally.points, plan.freezes) {
        freeze_at(worker, way, point).map_err(|what| failed(point, "frozen", what))?;
        tally.freezes += 1;
    }
    Ok(tally)
}

/// Steps through a creation, and looks after each instruction whether there is a name, and what has it. Answers the
/// instructions after which it was a file that is no queue yet.
fn images(worker: &Path, way: Way, tally: &mut Tally) -> Result<Vec<u64>, String> {
    let fresh = Fresh::new(way);
    let mut stepper = fresh.start(worker)?;
    let mut last = None;
    let mut half_made = Vec::new();
    loop {
        let bytes = fs::read(&fresh.path).ok();
        if bytes != last {
            last.clone_from(&bytes);
            let image = Image::new(bytes.as_deref().unwrap_or_default())
                .map_err(|error| error.to_string())?;
            if is_whole(image.path(), way)? {
                audit(&image.place(), EMPTY, NOTHING)?;
            } else if bytes.is_some() {
                fresh.is_let_be()?;
                half_made.push(tally.points);
            }
            tally.images += 1;
        }
        match stepper.step().map_err(|error| error.to_string())? {
            Stop::Step => tally.points += 1,
            Stop::Marker => break,
            Stop::Ended(status) => return Err(format!("the worker ended with {status:#x}")),
        }
    }
    if is_whole(&fresh.path, way)? {
        Ok(half_made)
    } else {
        Err("the queue that was created is not there".to_owned())
    }
}

fn kill_at(worker: &Path, way: Way, point: u64) -> Result<(), String> {
    let fresh = Fresh::new(way);
    let Some(mut stepper) = fresh.start_at(worker, point)? else { return Ok(()) };
    stepper.kill().map_err(|error| error.to_string())?;
    fresh.check()
}

/// While the creator stands still somebody else gets the name, or opens what has it; then the creator goes on.
fn freeze_at(worker: &Path, way: Way, point: u64) -> Result<(), String> {
    let fresh = Fresh::new(way);
    let Some(mut stepper) = fresh.start_at(worker, point)? else { return Ok(()) };
    fresh.is_let_be()?;
    let ours = match options().create(fresh.place()) {
        Ok(queue) => Some(queue),
        Err(CreateError::AlreadyExists { .. }) => options().open(fresh.place()).ok(),
        Err(error) => return Err(format!("while it was frozen: {error}")),
    };
    if let Some(queue) = &ours {
        queue.try_put_bytes(text_of(1)).map_err(|error| format!("while it was frozen: {error}"))?;
    }
    for wanted in [Stop::Marker, Stop::Ended(0)] {
        let stop = stepper.run().map_err(|error| error.to_string())?;
        if stop != wanted {
            return Err(format!("when it went on, {stop:?} instead of {wanted:?}"));
        }
    }
    let queue =
        options().open(fresh.place()).map_err(|error| format!("after it went on: {error}"))?;
    let wanted = u64::from(ours.is_some());
    match queue.len() {
        Ok(count) if count == wanted => Ok(()),
        other => {
            Err(format!("{other:?} messages instead of {wanted}: the name moved to another queue"))
        }
    }
}

/// In a worker: creates the queue between two markers. That somebody else was faster is no failure.
///
/// # Panics
/// When it cannot be created.
pub fn create(name: &str, way: &str) {
    let way = WAYS.into_iter().find(|known| format!("{known:?}") == way).expect("a way");
    let (options, place) = (options(), way.place(name));
    marker();
    let created = options.create(place);
    marker();
    match created {
        Ok(_) | Err(CreateError::AlreadyExists { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}
