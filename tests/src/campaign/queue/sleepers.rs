//! Real kills beside a real sleeper: it goes on as soon as it can, whatever the dead worker has
//! left unannounced.

use std::path::Path;

use ringway::inspect::{Holder, Snapshot};
use ringway::{GetError, GetErrorKind, Place, PutError, PutErrorKind, Queue, WaitStrategy};

use super::Queueing;
use super::audit::{check_blocks, check_capacity, drain};
use super::operation::Operation;
use super::scene::{MAXSIZE, Scene, Stage, number_of, text_of};
use crate::campaign::sleeper::Sleeper;
use crate::campaign::stepper::Stop;
use crate::campaign::subject::Stage as _;
use crate::campaign::trial::Trial;

/// What the harness puts, and what the sleeper puts. Messages of the scene begin at 100, those of
/// the worker at 1000.
const OURS: u64 = 2000;
const ITS_OWN: u64 = 3000;

/// Whether a process can sleep there: to get where there is nothing, to put where there is no
/// place.
pub fn fits(operation: Operation, scene: Scene) -> bool {
    let full = scene.filled == MAXSIZE && !has_taken(operation);
    scene.sleepers && !scene.corpse && (is_empty(operation, scene) || full)
}

/// Whether it has taken a message before it begins.
fn has_taken(operation: Operation) -> bool {
    matches!(operation, Operation::Release | Operation::PutBack)
}

/// Whether there is nothing to get when it begins.
fn is_empty(operation: Operation, scene: Scene) -> bool {
    scene.filled == u64::from(has_taken(operation))
}

/// A worker is killed in its operation. The sleeper goes on if it can, otherwise as soon as the
/// harness has done what it waits for; and everything is accounted for.
///
/// # Errors
/// What does not hold.
pub fn kill_at(trial: Trial<'_, Queueing>, point: u64) -> Result<(), String> {
    let scene = Scene { sleepers: false, ..trial.scene };
    let trial = Trial { scene, ..trial };
    let mut stage = trial.stage();
    let mut stepper = trial.start(&stage)?;
    let gets = is_empty(trial.operation, scene);
    let sleeper = start(trial.program, &stage, gets)?;
    let before = stage.queue().snapshot().map_err(|error| error.to_string())?;
    for _ in 0..point {
        if stepper.step().map_err(|error| error.to_string())? != Stop::Step {
            break; // a shorter way this time
        }
    }
    stepper.kill().map_err(|error| error.to_string())?;

    let (mut came, mut is_woken) = (Vec::new(), false);
    let told = sleeper.hear_while(|| {
        let now = stage.queue().snapshot().map_err(|error| error.to_string())?;
        if !is_woken && has_done_nothing(trial.operation, stepper.pid(), &before, &now) {
            is_woken = true;
            came.extend(wake(stage.queue(), gets)?);
        }
        Ok(())
    })?;
    came.extend(told.strip_prefix("got ").and_then(|number| number.parse::<u64>().ok()));
    stage.queue().reclaim().map_err(|error| error.to_string())?;
    let (left, closed) = drain(stage.queue())?;
    came.extend(left);
    balance(&came, trial.operation, scene, &told)
        .map_err(|what| format!("{came:?} came, the sleeper {told:?}: {what}"))?;
    if !closed {
        check_capacity(stage.queue())?;
    }
    drop(sleeper);
    stage.leave()?;
    let place = Place::File(Stage::path(&stage).to_owned());
    drop(Queue::<[u8]>::options().open(place.clone()).map_err(|error| error.to_string())?); // recovers
    check_blocks(&place)
}

/// Whether the dead worker has done nothing that a sleeper waits for, and never will have. A
/// message that it had offered to put back comes back by a recovery, which the sleeper has to make.
fn has_done_nothing(operation: Operation, worker: i32, before: &Snapshot, now: &Snapshot) -> bool {
    if operation == Operation::PutBack {
        let is_its_own = |holder: &&Holder| holder.participant.pid == worker as u32;
        let held = now.holders.iter().find(is_its_own).map_or(0, |holder| holder.messages);
        return held != 0 || now.lost != before.lost;
    }
    !now.shut_down && (now.puts, now.gets) == (before.puts, before.gets)
}

/// Starts a process that sleeps.
fn start(program: &Path, stage: &Stage, gets: bool) -> Result<Sleeper, String> {
    let told = if gets { "gets" } else { "puts" };
    Sleeper::start::<Queueing>(program, Stage::path(stage), told, || {
        let seen = stage.queue().snapshot().map_err(|error| error.to_string())?;
        Ok(if gets { seen.waiting_to_get } else { seen.waiting_to_put } > 0)
    })
}

/// Does what a sleeper waits for. Returns what was taken for it.
fn wake(queue: &Queue<[u8]>, gets: bool) -> Result<Option<u64>, String> {
    if gets {
        return queue.try_put(text_of(OURS)).map(|()| None).map_err(|error| error.to_string());
    }
    queue.try_get().map(|message| Some(number_of(&message))).map_err(|error| error.to_string())
}

/// What came, in its order: messages of the scene, but for what the dead worker took; its own, from
/// the first on; ours or the sleeper's.
fn balance(
    came: &[u64],
    operation: Operation,
    scene: Scene,
    told: &str,
) -> Result<(), &'static str> {
    let reach = operation.reach(scene);
    let within =
        |from: u64, to: u64| came.iter().copied().filter(move |number| (from..to).contains(number));
    let old = within(100, 100 + scene.filled).count() as u64;
    let new = within(1000, OURS).count() as u64;
    let others = came.len() as u64 - old - new;
    if !came.is_sorted_by(|one, next| one < next) {
        return Err("something came twice or out of order");
    }
    if within(1000, OURS).ne(1000..1000 + new) || new > reach.puts {
        return Err("the dead one had not put that");
    }
    if others != came.iter().filter(|number| [OURS, ITS_OWN].contains(number)).count() as u64
        || others > 1
    {
        return Err("something came from nowhere");
    }
    if reach.closes {
        return Ok(()); // what was there may have been dropped
    }
    if old + reach.takes < scene.filled {
        return Err("something is missing");
    }
    match told {
        "put" => came.contains(&ITS_OWN).then_some(()).ok_or("what the sleeper put is missing"),
        told if told.starts_with("got ") => Ok(()),
        _ => Err("the sleeper did not get what it waited for"),
    }
}

/// In a process of its own: waits for one message, or for a place for one, and says what came of
/// it.
///
/// # Panics
/// When there is no such queue, or its end cannot be told.
pub fn sleep(path: &Path, gets: bool) {
    let options = Queue::<[u8]>::options().wait(WaitStrategy::Park);
    let queue = options.open(path.to_path_buf()).expect("the queue of the campaign");
    let told = if gets {
        match queue.get() {
            Ok(message) => format!("got {}", number_of(&message)),
            Err(GetError { kind: GetErrorKind::ShutDown, .. }) => "shut down".to_owned(),
            Err(error) => error.to_string(),
        }
    } else {
        match queue.put(text_of(ITS_OWN)) {
            Ok(()) => "put".to_owned(),
            Err(PutError { kind: PutErrorKind::ShutDown, .. }) => "shut down".to_owned(),
            Err(error) => error.to_string(),
        }
    };
    drop(queue);
    println!("{told}");
}
