//! Locks: never two holders, free or told within a recovery, no caller asleep at a free lock.

mod scene;
mod sleepers;

use std::path::Path;
use std::time::Duration;

use ringway::{Lock, LockGuard};

use self::scene::{Held, forge_sleepers, look, make_a_corpse, open};
pub use self::scene::{Holder, Operation, Scene, Stage};
use super::stepper::marker;
use super::subject::{self, Change, Subject};
use super::trial::Trial;

/// How often others take the lock while a worker is frozen.
const LAP: u64 = 300;
/// How long an acquire waits that need not succeed.
const SOON: Duration = Duration::from_millis(1);

/// The lock as a subject.
pub struct Locking;

/// What a death in the middle may change, at most.
#[derive(Clone, Copy, Debug)]
pub struct Effect {
    /// How many times the lock was acquired before the operation.
    acquired: u64,
    /// How many times the operation may acquire it.
    acquires: u64,
    /// Whether the next holder is told of a death in any case.
    tells: bool,
    /// Whether sleepers of the lock have to be woken by a recovery.
    wakes: bool,
}

impl Subject for Locking {
    type Operation = Operation;
    type Scene = Scene;
    type Effect = Effect;
    type Stage = Stage;

    const NAME: &'static str = "lock";
    const OPERATIONS: &'static [Operation] = &scene::OPERATIONS;

    fn scenes(operation: Operation) -> Vec<Scene> {
        let cases: &[(Holder, bool)] = match operation {
            Operation::Acquire => {
                &[(Holder::Free, false), (Holder::Harness, false), (Holder::Corpse, false)]
            }
            Operation::TryAcquire => {
                &[(Holder::Free, false), (Holder::Free, true), (Holder::Harness, false)]
            }
            Operation::ReleaseGuard => &[(Holder::Worker, false), (Holder::Worker, true)],
            Operation::ReleaseOther => &[(Holder::Harness, false), (Holder::Corpse, false)],
            Operation::Acknowledge => &[(Holder::Worker, true)],
            Operation::OpenLock => {
                &[(Holder::Free, true), (Holder::Harness, false), (Holder::Corpse, false)]
            }
            Operation::CloseLock => &[(Holder::Free, false), (Holder::Worker, false)],
        };
        let with = |&(holder, told): &(Holder, bool)| {
            [false, true].map(|sleepers| Scene { holder, told, sleepers })
        };
        cases.iter().flat_map(with).collect()
    }

    fn is_short(_: Operation, scene: Scene) -> bool {
        scene.sleepers
    }

    fn stage(operation: Operation, scene: Scene) -> Stage {
        Stage::new(operation, scene)
    }

    fn told(scene: Scene) -> String {
        let told = if scene.told { ", told" } else { "" };
        let sleepers = if scene.sleepers { ", sleepers" } else { "" };
        format!("{:?}{told}{sleepers}", scene.holder)
    }

    fn perform(operation: Operation, path: &Path, told: &str) {
        let has = |word: &str| told.split(", ").any(|part| part == word);
        let marker_before = || {
            if has("sleepers") {
                forge_sleepers(path);
            }
            marker();
        };
        if has("told") {
            make_a_corpse(path);
            drop(open(path)); // recovers
        }
        if operation == Operation::OpenLock {
            if has("Corpse") {
                make_a_corpse(path);
            }
            marker_before();
            let lock = open(path);
            marker();
            drop(lock);
            return;
        }
        let lock = open(path);
        if has("Corpse") {
            make_a_corpse(path);
        }
        if operation == Operation::CloseLock {
            if has("Worker") {
                lock.acquire().expect("a free lock").keep();
            }
            marker_before();
            drop(lock);
            marker();
            return;
        }
        let guard = has("Worker").then(|| lock.acquire().expect("a free lock"));
        let mut kept: Option<LockGuard<'_>> = None;
        match operation {
            Operation::Acquire => {
                marker_before();
                let acquired =
                    if has("Corpse") { lock.acquire() } else { lock.acquire_timeout(SOON) };
                kept = acquired.ok();
            }
            Operation::TryAcquire => {
                marker_before();
                kept = lock.try_acquire().ok();
            }
            Operation::ReleaseGuard => {
                marker_before();
                drop(guard);
            }
            Operation::ReleaseOther => {
                marker_before();
                let _ = lock.release(); // which another process may have done
            }
            Operation::Acknowledge => {
                marker_before();
                kept = guard.map(LockGuard::acknowledge);
            }
            Operation::OpenLock | Operation::CloseLock => {}
        }
        marker();
        drop(kept);
    }

    fn assist(part: &str, path: &Path, _: &str) {
        match part {
            "corpse" => scene::die_with_it(path),
            "sleep" => sleepers::sleep(path),
            other => panic!("no part {other}"),
        }
    }

    fn effect(operation: Operation, scene: Scene) -> Effect {
        let takes = matches!(operation, Operation::Acquire | Operation::TryAcquire);
        let can_take = takes && scene.holder != Holder::Harness;
        // By a release of another process a dead holder is forgotten before a recovery knows of it.
        let corpse = scene.holder == Holder::Corpse && operation != Operation::ReleaseOther;
        Effect {
            acquired: scene.acquired(),
            acquires: can_take.into(),
            tells: corpse || scene.told && operation != Operation::Acknowledge,
            wakes: !matches!(operation, Operation::OpenLock | Operation::CloseLock),
        }
    }

    fn audit(path: &Path, scene: Scene, effect: Effect) -> Result<(), String> {
        let before = look(path)?;
        let times = before.lock.acquired - effect.acquired;
        if before.lock.acquired < effect.acquired || times > effect.acquires {
            return Err(format!("acquired {times} times, which {effect:?} cannot do"));
        }
        let tells = before.lock.held || before.lock.owner_died;
        if effect.tells && !tells {
            return Err("the next holder would not be told of a death".to_owned());
        }
        let lock = open(path);
        let after = look(path)?;
        if after.lock.held || after.lock.owner_died != tells {
            return Err(format!("{:?} became {:?}", before.lock, after.lock));
        }
        if scene.sleepers && effect.wakes && !after.is_announced {
            return Err(format!("no sleeper was woken: {:?}", after.lock));
        }
        drop(lock);
        works(path, tells)
    }

    fn done(stage: &Stage, operation: Operation, scene: Scene) -> Result<(), String> {
        let now = look(subject::Stage::path(stage))?;
        let Held { lock, is_announced } = &now;
        let corpse = scene.holder == Holder::Corpse;
        let is_owned = scene.holder == Holder::Worker;
        let (is_held, is_told, announces) = match operation {
            Operation::Acquire => (true, corpse, corpse),
            Operation::TryAcquire => (true, scene.told, false),
            Operation::ReleaseGuard => (false, scene.told, true),
            Operation::ReleaseOther => (false, false, true),
            Operation::Acknowledge => (true, false, false),
            Operation::OpenLock => {
                (scene.holder == Holder::Harness, corpse || scene.told, corpse || scene.told)
            }
            // A hold that is left behind is told of.
            Operation::CloseLock => (false, is_owned, is_owned),
        };
        if lock.held != is_held || lock.owner_died != is_told {
            return Err(format!("{lock:?}"));
        }
        if operation == Operation::OpenLock && scene.told {
            return Ok(()); // there was nothing to recover when it was opened
        }
        if scene.sleepers && announces && !is_announced {
            return Err("nothing was announced".to_owned());
        }
        Ok(())
    }

    fn frozen(stage: &mut Stage, operation: Operation, scene: Scene) -> Result<(), String> {
        let path = subject::Stage::path(stage).to_owned();
        let lock = stage.lock();
        let mut now = look(&path)?.lock;
        if now.held && scene.holder == Holder::Corpse && now.acquired == scene.acquired() {
            drop(open(&path)); // recovers
            now = look(&path)?.lock;
        }
        if now.held {
            if lock.try_acquire().is_ok() || lock.acquire_timeout(SOON).is_ok() {
                return Err("a second holder".to_owned());
            }
            drop(open(&path)); // whose recovery takes nothing from a process that stands still
            lock.release().map_err(|error| error.to_string())?;
        }
        for _ in 0..LAP {
            let guard = lock.try_acquire().map_err(|error| error.to_string())?;
            if Self::effect(operation, scene).tells && !guard.owner_died() {
                return Err("the holder is not told of a death".to_owned());
            }
        }
        // A worker that waits without end would never go on.
        if !(operation == Operation::Acquire && scene.holder == Holder::Corpse) {
            lock.try_acquire().map_err(|error| error.to_string())?.keep();
            stage.ours = Some(look(&path)?.lock.acquired);
        }
        stage.must_hold = false;
        Ok(())
    }

    fn thawed(stage: &mut Stage, operation: Operation) -> Result<(), String> {
        let Some(ours) = stage.ours.take() else { return Ok(()) };
        let now = look(subject::Stage::path(stage))?.lock;
        if operation == Operation::ReleaseOther && !now.held && now.acquired == ours {
            return Ok(()); // which is what it is for
        }
        if !now.held || now.acquired != ours {
            return Err(format!("our hold number {ours} is gone: {now:?}"));
        }
        stage.lock().release().map_err(|error| error.to_string())
    }

    fn ended(mut stage: Stage, operation: Operation, scene: Scene) -> Result<(), String> {
        let path = subject::Stage::path(&stage).to_owned();
        let now = look(&path)?.lock;
        let may_tell =
            scene.told || scene.holder == Holder::Corpse || operation == Operation::CloseLock;
        let tells = Self::effect(operation, scene).tells;
        if now.held || now.owner_died && !may_tell || !now.owner_died && tells {
            return Err(format!("{now:?}"));
        }
        subject::Stage::leave(&mut stage)?;
        works(&path, now.owner_died)
    }

    fn has_company(_: Operation, scene: Scene) -> bool {
        scene.sleepers && matches!(scene.holder, Holder::Worker | Holder::Harness)
    }

    fn in_company(trial: Trial<'_, Self>, at: Change) -> Result<u64, String> {
        sleepers::kill_at(trial, at.point).map(|()| 1)
    }
}

/// The lock is free, tells of a death or not, and does all that a lock does.
fn works(path: &Path, tells: bool) -> Result<(), String> {
    let (one, other) = (open(path), open(path));
    let text = |error: ringway::sync::AcquireError| error.to_string();
    let guard = one.try_acquire().map_err(text)?;
    if guard.owner_died() != tells {
        return Err(format!("its holder is told of a death: {}", guard.owner_died()));
    }
    if other.try_acquire().is_ok() {
        return Err("two holders".to_owned());
    }
    drop(guard.acknowledge());
    let old = other.try_acquire().map_err(text)?;
    if old.owner_died() {
        return Err("it tells of a death that was acknowledged".to_owned());
    }
    if one.release().is_err() || one.release().is_ok() {
        return Err("a release by another handle".to_owned());
    }
    let new = one.try_acquire().map_err(text)?;
    drop(old);
    if !one.is_locked() {
        return Err("a guard released the hold of another".to_owned());
    }
    drop(new);
    let taken = other.acquire_timeout(SOON).map_err(text)?;
    drop(taken);
    drop::<[Lock; 2]>([one, other]);
    let now = look(path)?;
    if now.lock.held || now.lock.owner_died {
        return Err(format!("after all that, {:?}", now.lock));
    }
    Ok(())
}
