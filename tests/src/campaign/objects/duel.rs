//! Two recoveries at once: none clears an object that the other has entered.
//!
//! One is stopped between its look at who used the object and its note that it uses it itself. The
//! other, which is the worker, goes on to some step of its recovery. Then the first enters, and the
//! second goes on to its end.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use super::scene::{CLEARING, FREE, Words};
use super::{Objects, Operation, Scene, Twist};
use crate::campaign::image::Seen;
use crate::campaign::stepper::{Stepper, Stop};
use crate::campaign::subject::{Stage as _, Subject};
use crate::campaign::trial::Trial;

/// The entry of the directory that the target has: it is made after the two beside.
const TARGET_AT: u64 = 2;
/// Which participant the first recovery is: after the harness and the corpse.
const FIRST: u64 = 2;
/// Instructions that the first recovery goes on for when it has noted its use.
const FURTHER: usize = 200;

/// A trial, with the worker stopped at the compare-and-swap after that many changes.
pub(super) fn run(trial: Trial<'_, Objects>, changes: u64) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let before_entry = rehearse(trial)?;
    let mut stage = trial.stage();
    let path = stage.path().to_owned();
    let mut worker = trial.start(&stage)?; // which has made the corpse
    let mut first = start(trial.program, &path)?;
    for _ in 1..before_entry {
        step_exchange(&mut first)?;
    }
    to_exchange(&mut first)?;
    if !is_used_by_first(&path).is_empty() {
        return Err("the first recovery has entered before it was to".to_owned());
    }

    let mut seen = Seen::of(&path);
    let mut has_ended = false;
    for _ in 0..=changes {
        while !has_ended && !seen.look().map_err(text)? {
            has_ended = worker.step().map_err(text)? != Stop::Step;
        }
    }
    if !has_ended {
        has_ended = worker.to_compare_and_swap().map_err(text)? != Stop::Step;
    }
    let state = || Words::of(&path).states()[TARGET_AT as usize];
    let is_over = |state: u8| state == CLEARING || state == FREE;
    let is_late = is_over(state()); // then it notices that
    for _ in 0..FURTHER {
        if first.step().map_err(text)? != Stop::Step {
            return Err("the first recovery has ended before the second".to_owned());
        }
    }
    if !has_ended && worker.run().map_err(text)? != Stop::Marker {
        return Err("the worker has not come to its end".to_owned());
    }
    let (state, users) = (state(), is_used_by_first(&path));
    if !is_late && is_over(state) && !users.is_empty() {
        return Err(format!("in state {state} it has users: {users:?}"));
    }
    for process in [&mut first, &mut worker] {
        while process.run().map_err(text)? != Stop::Ended(0) {}
    }
    stage.leave()?;
    Objects::audit(&path, trial.scene, Objects::effect(trial.operation, trial.scene))
}

/// By which exchange a recovery notes its use of the target, counted from its first marker. It is
/// the same each time.
fn rehearse(trial: Trial<'_, Objects>) -> Result<u64, String> {
    static KNOWN: OnceLock<u64> = OnceLock::new();
    if let Some(&known) = KNOWN.get() {
        return Ok(known);
    }
    let stage = trial.stage();
    let _worker = trial.start(&stage)?;
    let mut first = start(trial.program, stage.path())?;
    let mut exchanges = 0;
    while is_used_by_first(stage.path()).is_empty() {
        step_exchange(&mut first)?;
        exchanges += 1;
    }
    Ok(*KNOWN.get_or_init(|| exchanges))
}

/// Starts a process that is about to join, and finds what there is to recover.
fn start(program: &Path, path: &Path) -> Result<Stepper, String> {
    let mut command = Command::new(program);
    let told = Objects::told(Scene { what: super::What::Lock, twist: Twist::Plain });
    command.arg("perform").arg(path).arg(format!("{:?}", Operation::Join)).arg(told);
    Stepper::start(&mut command).map_err(|error| error.to_string())
}

/// Goes on to the next exchange and makes it.
fn step_exchange(process: &mut Stepper) -> Result<(), String> {
    to_exchange(process)?;
    match process.step().map_err(|error| error.to_string())? {
        Stop::Step => Ok(()),
        other => Err(format!("{other:?} in a recovery")),
    }
}

fn to_exchange(process: &mut Stepper) -> Result<(), String> {
    while !process.is_at_exchange().map_err(|error| error.to_string())? {
        let stop = process.step().map_err(|error| error.to_string())?;
        if stop != Stop::Step {
            return Err(format!("{stop:?} before the recovery had entered the object"));
        }
    }
    Ok(())
}

/// The user word of the first recovery in the target, if it counts.
fn is_used_by_first(path: &Path) -> Vec<(u64, u64)> {
    Words::of(path)
        .users()
        .into_iter()
        .filter(|&(entry, index)| entry == TARGET_AT && index == FIRST)
        .collect()
}
