//! Putters that come and go, killed and frozen at every instruction: a queue that ends with its
//! putters is open while one of them lives, and shut down when none does.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ringway::{Place, Queue, QueueOptions, Role};

use super::stepper::marker;
use super::subject::{Stage, Subject};

/// After this time a getter that waits would have been told.
const LONG: Duration = Duration::from_secs(60);
/// In this time it learns of a death, if the machine is quiet; nothing fails if it does not.
const SHORT: Duration = Duration::from_millis(150);

/// The end of a queue as a subject.
pub struct Ends;

/// An operation of one worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Move {
    /// Opening the queue in the role of a putter, which another one is about to leave.
    JoinPutters,
    /// Closing the handle of the last putter.
    PartLast,
}

/// A queue with a getter, and perhaps a putter besides the worker.
pub struct Ending {
    path: PathBuf,
    getter: Option<Queue<u32>>,
    putter: Option<Queue<u32>>,
}

fn options(role: Role) -> QueueOptions<u32> {
    Queue::options().role(role)
}

impl Stage for Ending {
    fn path(&self) -> &Path {
        &self.path
    }
    fn leave(&mut self) -> Result<(), String> {
        self.putter = None;
        self.getter = None;
        Ok(())
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Takes what is left, and demands that it is the end.
fn must_end(getter: &Queue<u32>) -> Result<(), String> {
    loop {
        match getter.get_timeout(LONG) {
            Ok(_) => {}
            Err(error) if error.is_shut_down() => return Ok(()),
            Err(error) => return Err(format!("no putter lives, and yet: {error}")),
        }
    }
}

impl Subject for Ends {
    type Operation = Move;
    type Scene = ();
    type Effect = ();
    type Stage = Ending;

    const NAME: &'static str = "ends";
    const OPERATIONS: &'static [Move] = &[Move::JoinPutters, Move::PartLast];

    fn scenes(_: Move) -> Vec<()> {
        vec![()]
    }
    fn is_short(_: Move, (): ()) -> bool {
        true
    }
    fn stage(operation: Move, (): ()) -> Ending {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let place = Place::Named(format!("ends-{}-{number}", std::process::id()));
        let made = options(Role::Getter).maxsize(3).max_message(64).participants(5).loans(4);
        let made = made.shut_down_with_last_putter(true);
        let getter = made.create(&place).expect("a new queue");
        let putter = (operation == Move::JoinPutters)
            .then(|| options(Role::Putter).open(&place).expect("a putter"));
        let path = place.path().expect("a name has a path");
        Ending { path, getter: Some(getter), putter }
    }
    fn told((): ()) -> String {
        String::new()
    }

    fn perform(operation: Move, path: &Path, _: &str) {
        let open = || options(Role::Putter).open(path).expect("the queue");
        match operation {
            Move::JoinPutters => {
                marker();
                let putter = open();
                marker();
                drop(putter);
            }
            Move::PartLast => {
                let putter = open();
                putter.try_put(1).expect("a place");
                marker();
                drop(putter);
                marker();
            }
        }
    }

    fn effect(_: Move, (): ()) {}

    /// All putters are dead, and there was one.
    fn audit(path: &Path, (): (), (): ()) -> Result<(), String> {
        let getter = options(Role::Getter).open(path).map_err(|error| error.to_string())?;
        must_end(&getter)?;
        let late = options(Role::Putter).open(path).map_err(|error| error.to_string())?;
        match late.try_put(2) {
            Err(error) if error.is_shut_down() => Ok(()),
            other => Err(format!("a put after the end: {other:?}")),
        }
    }

    fn done(stage: &Ending, operation: Move, (): ()) -> Result<(), String> {
        let getter = stage.getter.as_ref().expect("a getter");
        let is_over = getter.is_shut_down().map_err(|error| error.to_string())?;
        match operation {
            Move::JoinPutters if is_over => Err("it ended under its putters".to_owned()),
            Move::PartLast if !is_over => Err("the last putter did not end it".to_owned()),
            _ => Ok(()),
        }
    }

    /// The other putter leaves, and the getter is told something.
    fn frozen(stage: &mut Ending, _: Move, (): ()) -> Result<(), String> {
        stage.putter = None;
        let getter = stage.getter.as_ref().expect("a getter");
        for _ in 0..2 {
            match getter.get_timeout(SHORT) {
                Ok(_) => {}
                Err(error) if error.is_empty() || error.is_shut_down() => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    fn ended(stage: Ending, _: Move, (): ()) -> Result<(), String> {
        must_end(stage.getter.as_ref().expect("a getter"))
    }
}
