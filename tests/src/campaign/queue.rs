//! Queues: every acknowledged message once, exact capacity, no block lost, nobody left asleep.

mod audit;
mod ledger;
mod operation;
pub mod scene;
mod sleepers;

use std::path::Path;

use ringway::Place;

pub use self::audit::{audit, check_capacity, drain};
use self::ledger::Ledger;
pub use self::operation::{Effect, Operation};
use self::scene::{MAXSIZE, Scene, Stage};
use super::subject::{self, Change, Subject};
use super::trial::Trial;

/// The queue as a subject.
pub struct Queueing;

impl Subject for Queueing {
    type Operation = Operation;
    type Scene = Scene;
    type Effect = Effect;
    type Stage = Stage;

    const NAME: &'static str = "queue";
    const OPERATIONS: &'static [Operation] = &operation::OPERATIONS;

    fn scenes(operation: Operation) -> Vec<Scene> {
        let mut scenes = Vec::new();
        let returns = operation == Operation::PutBack;
        for filled in [0, MAXSIZE / 2, MAXSIZE] {
            for sleepers in [false, true] {
                for warm in [false, true] {
                    let corpse = operation == Operation::Recover;
                    let filled = if corpse { filled.min(MAXSIZE - 1) } else { filled };
                    scenes.push(Scene { filled, sleepers, warm, corpse, returns, wraps: false });
                }
            }
        }
        if operation != Operation::Recover {
            let (sleepers, warm, corpse) = (false, true, false);
            scenes.push(Scene { filled: 1, sleepers, warm, corpse, returns, wraps: true });
            // Everything that takes messages meets one that was put back, too.
            let filled = MAXSIZE / 2;
            for sleepers in [false, true] {
                scenes.push(Scene {
                    filled,
                    sleepers,
                    warm,
                    corpse,
                    returns: true,
                    wraps: sleepers,
                });
            }
        }
        for warm in [false, true] {
            let (corpse, wraps) = (operation == Operation::Recover, false);
            let scene = Scene { filled: 0, sleepers: true, warm, corpse, returns: true, wraps };
            match operation {
                // It had taken the only message, for which another participant sleeps.
                Operation::PutBack => scenes.push(Scene { filled: 1, ..scene }),
                // The corpse was putting a message back.
                Operation::Recover => {
                    scenes.extend([scene, Scene { filled: MAXSIZE / 2, ..scene }])
                }
                _ => {}
            }
        }
        scenes.retain(|&scene| operation.fits(scene));
        scenes
    }

    /// Those with a warm worker, in which the operations differ most.
    fn is_short(_: Operation, scene: Scene) -> bool {
        scene.warm && (scene.sleepers || scene.wraps)
    }

    fn stage(_: Operation, scene: Scene) -> Stage {
        Stage::new(scene)
    }

    fn told(scene: Scene) -> String {
        let warm = if scene.warm { "warm" } else { "cold" };
        let sleepers = if scene.sleepers { ", sleepers" } else { "" };
        format!("{warm}{sleepers}")
    }

    fn perform(operation: Operation, path: &Path, told: &str) {
        operation.perform(path, told.starts_with("warm"), told.ends_with("sleepers"));
    }

    fn assist(part: &str, path: &Path, told: &str) {
        match part {
            "corpse" => scene::die_with_something(path),
            "sleep" => sleepers::sleep(path, told == "gets"),
            other => panic!("no part {other}"),
        }
    }

    fn effect(operation: Operation, scene: Scene) -> Effect {
        operation.effect(scene)
    }

    fn audit(path: &Path, scene: Scene, effect: Effect) -> Result<(), String> {
        audit(&Place::File(path.to_owned()), scene, effect)
    }

    /// Whoever may have waited for what the operation did was woken.
    fn done(stage: &Stage, operation: Operation, scene: Scene) -> Result<(), String> {
        let wanted = operation.announces(scene);
        let found = stage.announced();
        let is_missing = |(wanted, found): (&bool, &bool)| *wanted && !*found;
        if scene.sleepers && wanted.iter().zip(&found).any(is_missing) {
            return Err(format!("{wanted:?} should be announced, and {found:?} are"));
        }
        Ok(())
    }

    fn frozen(stage: &mut Stage, _: Operation, scene: Scene) -> Result<(), String> {
        let mut ledger = Ledger::new(scene);
        ledger.lap(stage.queue())?;
        ledger.empty(stage.queue())?;
        stage.ledger = Some(ledger);
        Ok(())
    }

    fn ended(mut stage: Stage, operation: Operation, scene: Scene) -> Result<(), String> {
        let effect = operation.reach(scene);
        let mut ledger = stage.ledger.take().unwrap_or_else(|| Ledger::new(scene));
        ledger.empty(stage.queue())?;
        ledger.balance(effect)?;
        let path = subject::Stage::path(&stage).to_owned();
        subject::Stage::leave(&mut stage)?;
        let scene = Scene { filled: 0, returns: false, ..scene }; // none is left
        Self::audit(
            &path,
            scene,
            Effect { puts: 0, takes: 0, taken_before: 0, returns: false, ..effect },
        )
    }

    fn has_company(operation: Operation, scene: Scene) -> bool {
        sleepers::fits(operation, scene)
    }

    fn in_company(trial: Trial<'_, Self>, at: Change) -> Result<u64, String> {
        sleepers::kill_at(trial, at.point).map(|()| 1)
    }
}
