//! Real kills beside a process that sleeps until it has the lock.

use std::path::Path;

use ringway::{Lock, WaitStrategy};

use super::scene::{Holder, Operation, Scene, look};
use super::{Locking, works};
use crate::campaign::sleeper::Sleeper;
use crate::campaign::stepper::Stop;
use crate::campaign::subject::{Stage as _, Subject};
use crate::campaign::trial::Trial;

/// A worker is killed in its operation. The sleeper gets the lock at once, or when the harness has
/// released it, and is told of the death of a holder.
///
/// # Errors
/// What does not hold.
pub fn kill_at(trial: Trial<'_, Locking>, point: u64) -> Result<(), String> {
    let scene = Scene { sleepers: false, ..trial.scene };
    let trial = Trial { scene, ..trial };
    let mut stage = trial.stage();
    let path = stage.path().to_owned();
    let mut stepper = trial.start(&stage)?;
    let sleeper =
        Sleeper::start::<Locking>(trial.program, &path, "", || Ok(look(&path)?.lock.waiting > 0))?;
    for _ in 0..point {
        if stepper.step().map_err(|error| error.to_string())? != Stop::Step {
            break; // a shorter way this time
        }
    }
    let now = look(&path)?.lock;
    stepper.kill().map_err(|error| error.to_string())?;
    let is_as_before = now.held && now.acquired == scene.acquired();
    if is_as_before && scene.holder == Holder::Harness {
        stage.lock().release().map_err(|error| error.to_string())?;
    }
    stage.must_hold = false;
    let dies = is_as_before && scene.holder == Holder::Worker;
    // To close a lock that is held leaves the hold behind.
    let closes = trial.operation == Operation::CloseLock;
    let tells = dies || closes || Locking::effect(trial.operation, scene).tells;
    let told = sleeper.hear()?;
    if told != format!("told {tells}") {
        return Err(format!("the sleeper was told {told}, but {tells} is right"));
    }
    drop(sleeper);
    stage.leave()?;
    works(&path, tells)
}

/// In a process of its own: waits for the lock, releases it, and says whether it was told of a
/// death.
///
/// # Panics
/// When the lock is not acquired.
pub fn sleep(path: &Path) {
    let options = Lock::options().wait(WaitStrategy::Park);
    let lock = options.open(path.to_path_buf()).expect("the lock of the campaign");
    let guard = lock.acquire().expect("the lock in the end");
    let told = guard.owner_died();
    drop(guard);
    drop(lock);
    println!("told {told}");
}
