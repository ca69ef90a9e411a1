//! Two recoveries at once: none clears an object that the other has entered.
//!
//! One is stopped between its look at who used the object and its note that it uses it itself. The
//! other, which is the worker, is stopped at a step in which it closes the object. Then the first
//! enters, and the second goes on to its end.

use std::process::Command;

use super::scene::{CLEARING, FREE, Stage, Words};
use super::thing::What;
use super::{Objects, Operation, Scene, Twist};
use crate::campaign::stepper::{Stepper, Stop};
use crate::campaign::subject::{Stage as _, Subject};
use crate::campaign::trial::Trial;

/// The entry of the directory that the target has: it is made after the two beside.
const TARGET_AT: usize = 2;
/// Which participant the first recovery is: after the harness and the corpse.
const FIRST: u64 = 2;
/// Instructions that the first recovery goes on for, from its note on.
const FURTHER: usize = 200;

/// The worker is stopped before each step in which it changes the state of the target. Returns how
/// many these are.
pub(super) fn run(trial: Trial<'_, Objects>) -> Result<u64, String> {
    let entering = entering(trial)?;
    let steps = closing(trial, entering)?;
    for &step in &steps {
        meet(trial, entering, step).map_err(|what| format!("compare-and-swap {step}: {what}"))?;
    }
    Ok(steps.len() as u64)
}

/// The two recoveries, about to begin.
struct Pair {
    stage: Stage,
    first: Stepper,
    worker: Stepper,
}

impl Pair {
    fn start(trial: Trial<'_, Objects>) -> Result<Self, String> {
        let stage = trial.stage();
        let worker = trial.start(&stage)?; // which has made the corpse
        let told = Objects::told(Scene { what: What::Lock, twist: Twist::Plain });
        let mut command = Command::new(trial.program);
        command.arg("perform").arg(stage.path()).arg(format!("{:?}", Operation::Join)).arg(told);
        let first = Stepper::start(&mut command).map_err(|error| error.to_string())?;
        Ok(Self { stage, first, worker })
    }

    /// The same, and the first is about to note its use of the target.
    fn start_at(trial: Trial<'_, Objects>, entering: u64) -> Result<Self, String> {
        let mut pair = Self::start(trial)?;
        for _ in 1..entering {
            to(&mut pair.first, Stepper::is_at_exchange)?;
            step(&mut pair.first)?;
        }
        to(&mut pair.first, Stepper::is_at_exchange)?;
        if pair.is_used_by_first() { Err("another way this time".to_owned()) } else { Ok(pair) }
    }

    fn state(&self) -> u8 {
        Words::of(self.stage.path()).states()[TARGET_AT]
    }

    /// Whether the first has noted its use of the target.
    fn is_used_by_first(&self) -> bool {
        Words::of(self.stage.path()).users().contains(&(TARGET_AT as u64, FIRST))
    }
}

/// By which exchange the first notes its use of the target.
fn entering(trial: Trial<'_, Objects>) -> Result<u64, String> {
    let mut pair = Pair::start(trial)?;
    let mut exchanges = 0;
    while !pair.is_used_by_first() {
        to(&mut pair.first, Stepper::is_at_exchange)?;
        step(&mut pair.first)?;
        exchanges += 1;
    }
    Ok(exchanges)
}

/// By which compare-and-swaps the worker changes the state of the target.
fn closing(trial: Trial<'_, Objects>, entering: u64) -> Result<Vec<u64>, String> {
    let mut pair = Pair::start_at(trial, entering)?;
    let (mut swaps, mut steps) = (0, Vec::new());
    let mut state = pair.state();
    while state != FREE {
        to(&mut pair.worker, Stepper::is_at_compare_and_swap)?;
        step(&mut pair.worker)?;
        swaps += 1;
        if pair.state() != state {
            state = pair.state();
            steps.push(swaps);
        }
    }
    Ok(steps)
}

fn meet(trial: Trial<'_, Objects>, entering: u64, swap: u64) -> Result<(), String> {
    let mut pair = Pair::start_at(trial, entering)?;
    for _ in 1..swap {
        to(&mut pair.worker, Stepper::is_at_compare_and_swap)?;
        step(&mut pair.worker)?;
    }
    to(&mut pair.worker, Stepper::is_at_compare_and_swap)?;
    let is_over = |state: u8| state == CLEARING || state == FREE;
    let is_late = is_over(pair.state()); // which the first is about to notice
    for _ in 0..FURTHER {
        step(&mut pair.first)?;
    }
    pair.worker.run_to(Stop::Marker)?;
    if !is_late && pair.is_used_by_first() && is_over(pair.state()) {
        return Err(format!("in state {} the first uses it", pair.state()));
    }
    pair.worker.run_to(Stop::Ended(0))?;
    pair.first.run_to(Stop::Marker)?;
    pair.first.run_to(Stop::Ended(0))?;
    pair.stage.leave()?;
    let effect = Objects::effect(trial.operation, trial.scene);
    Objects::audit(pair.stage.path(), trial.scene, effect)
}

/// Moves a process on until its next instruction is of a kind.
fn to(
    process: &mut Stepper,
    is_at: impl Fn(&Stepper) -> std::io::Result<bool>,
) -> Result<(), String> {
    while !is_at(process).map_err(|error| error.to_string())? {
        step(process)?;
    }
    Ok(())
}

fn step(process: &mut Stepper) -> Result<(), String> {
    match process.step().map_err(|error| error.to_string())? {
        Stop::Step => Ok(()),
        other => Err(format!("{other:?} in a recovery")),
    }
}
