//! Several objects in one segment: making, opening, closing and removing them, coming and going.
//!
//! Whatever a death leaves, the next process that opens the context can make, open and remove
//! objects; no entry of the directory is left half-way, all space comes back, and the objects that
//! the worker did not touch are as they were. While a process stands still, the others go on with
//! all objects. They can make none while it holds the latch.

#[cfg(target_arch = "x86_64")]
mod duel;
mod operation;
mod scene;
mod thing;

use std::path::Path;

use ringway::{Context, CreateError, Kind, OpenError, Place, inspect};

pub use self::operation::{Operation, Twist};
pub use self::scene::Scene;
use self::scene::{
    CLEARING, FREE, HALF, JOBS, LIVE, NEW, PRINT, QUEUES, Stage, TARGET, THIEF, Words, open,
};
use self::thing::{Thing, What};
use super::queue::scene::MAXSIZE;
use super::subject::{self, Change, Subject};
use super::trial::Trial;

/// The objects of a context as a subject.
pub struct Objects;

/// Whether an object is there afterwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// In any case.
    Must,
    /// If the operation came so far.
    May,
    /// In no case.
    Never,
}

/// What a death in the middle may change, at most.
#[derive(Clone, Copy, Debug)]
pub struct Effect {
    new: Presence,
    target: Presence,
    what: What,
    /// Messages that a corpse has taken from the queue beside.
    taken: u64,
}

impl Subject for Objects {
    type Operation = Operation;
    type Scene = Scene;
    type Effect = Effect;
    type Stage = Stage;

    const NAME: &'static str = "objects";
    const OPERATIONS: &'static [Operation] = &operation::OPERATIONS;

    fn scenes(operation: Operation) -> Vec<Scene> {
        operation.scenes()
    }

    /// One kind for each twist.
    fn is_short(operation: Operation, scene: Scene) -> bool {
        let wanted = match (operation, scene.twist) {
            (Operation::Make | Operation::RemoveObject, Twist::Plain | Twist::Raced)
            | (Operation::CloseObject | Operation::Leave, Twist::Twin | Twist::Going) => {
                What::Queue
            }
            _ => What::Lock,
        };
        scene.what == wanted
    }

    fn stage(operation: Operation, scene: Scene) -> Stage {
        Stage::new(operation, scene)
    }

    fn told(scene: Scene) -> String {
        format!("{:?} {:?}", scene.what, scene.twist)
    }

    fn perform(operation: Operation, path: &Path, told: &str) {
        let (what, twist) = told.split_once(' ').expect("a kind and a twist");
        let what = if what == "Queue" { What::Queue } else { What::Lock };
        let twist = Twist::named(twist).expect("a twist");
        operation.perform(path, Scene { what, twist });
    }

    fn assist(part: &str, path: &Path, told: &str) {
        scene::assist(part, path, told);
    }

    fn effect(operation: Operation, scene: Scene) -> Effect {
        let made = operation == Operation::Make;
        let target = match operation {
            Operation::Make => Presence::Never,
            Operation::RemoveObject => Presence::May,
            _ if scene.twist.is_going() => Presence::Never,
            _ => Presence::Must,
        };
        let new = if made { Presence::May } else { Presence::Never };
        Effect { new, target, what: scene.what, taken: scene.twist.taken() }
    }

    fn audit(path: &Path, _: Scene, effect: Effect) -> Result<(), String> {
        let context = open(path).map_err(|error| error.to_string())?;
        nothing_is_half_way(path)?;
        let objects = context.objects();
        let is_there = |name: &str| objects.iter().any(|object| object.name == name);
        for (name, presence) in
            [(NEW, effect.new), (TARGET, effect.target), (HALF, Presence::Never)]
        {
            let found = is_there(name);
            if found && presence == Presence::Never || !found && presence == Presence::Must {
                return Err(format!("{name} is there: {found}, but {presence:?}: {objects:?}"));
            }
        }
        no_block_is_lost(path)?;
        beside(&context, effect.taken)?;
        for name in [NEW, TARGET] {
            if is_there(name) {
                examine(&context, effect.what, name)?;
            }
        }
        space_is_whole(&context)?;
        drop(context);
        nothing_is_half_way(path)?;
        no_block_is_lost(path)
    }

    fn done(stage: &Stage, operation: Operation, scene: Scene) -> Result<(), String> {
        let path = subject::Stage::path(stage);
        let words = Words::of(path);
        let changes = matches!(operation, Operation::Make | Operation::RemoveObject);
        if changes && !words.is_announced() {
            return Err("the change was not announced".to_owned());
        }
        let place = Place::File(path.to_owned());
        let segment =
            inspect::open(&place, inspect::Trust::default()).map_err(|error| error.to_string())?;
        let objects = inspect::objects(&segment);
        let found = |name: &str| objects.iter().find(|object| object.name == name);
        let is_right = match (operation, scene.twist) {
            (Operation::Make, _) => found(NEW).is_some_and(|object| !object.is_going),
            (Operation::RemoveObject, Twist::Shared) => {
                found(TARGET).is_some_and(|object| object.is_going)
            }
            (Operation::RemoveObject, _) | (_, Twist::Going | Twist::HoldingGoing) => {
                found(TARGET).is_none()
            }
            _ => found(TARGET).is_some_and(|object| !object.is_going),
        };
        let states = words.states();
        let is_half_way = states.iter().any(|state| ![FREE, LIVE, scene::GOING].contains(state));
        if !is_right || is_half_way {
            return Err(format!("{objects:?}, states {states:?}"));
        }
        Ok(())
    }

    fn frozen(stage: &mut Stage, operation: Operation, scene: Scene) -> Result<(), String> {
        let path = subject::Stage::path(stage).to_owned();
        let words = Words::of(&path);
        let inside = stage.inside();
        inside.jobs.lap().map_err(|what| format!("{JOBS}: {what}"))?;
        inside.print.lap().map_err(|what| format!("{PRINT}: {what}"))?;
        if let Some(target) = &inside.target {
            target.lap().map_err(|what| format!("{TARGET}: {what}"))?;
        }
        if scene.twist == Twist::Raced {
            let name = if operation == Operation::Make { NEW } else { TARGET };
            match Thing::open(&inside.context, scene.what, name) {
                Ok(thing) => {
                    thing.empty()?;
                    thing.works(None)?;
                    thing.remove()?;
                    inside.has_raced = true;
                }
                Err(OpenError::NotFound { .. }) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        // A recovery beside a process that stands still in another.
        drop(open(&path).map_err(|error| error.to_string())?);
        let is_latched = words.is_latched();
        // A process that stands still while it clears an object keeps its space.
        let is_clearing = words.states().contains(&CLEARING);
        match Thing::make(&inside.context, scene.what, THIEF) {
            Ok(thief) => {
                thief.works(Some(false))?;
                thief.fill()?;
                inside.thief = Some(thief);
            }
            Err(CreateError::Busy { .. }) if is_latched => {}
            Err(CreateError::ContextFull { .. }) if is_clearing => {}
            Err(error) => return Err(error.to_string()),
        }
        inside.jobs.lap().map_err(|what| format!("{JOBS}: {what}"))
    }

    fn thawed(stage: &mut Stage, operation: Operation) -> Result<(), String> {
        let inside = stage.inside();
        if operation == Operation::CloseObject
            && let Ok(target @ Thing::Queue(_)) = Thing::open(&inside.context, What::Queue, TARGET)
        {
            target.lap()?; // around what the worker still has in hand
        }
        if inside.has_raced && inside.thief.is_none() {
            // The worker had the latch.
            let thief = Thing::make(&inside.context, inside.what, THIEF);
            let thief = thief.map_err(|error| error.to_string())?;
            thief.fill()?;
            inside.thief = Some(thief);
        }
        Ok(())
    }

    fn ended(mut stage: Stage, operation: Operation, scene: Scene) -> Result<(), String> {
        let path = subject::Stage::path(&stage).to_owned();
        let inside = stage.inside();
        if let Some(thief) = inside.thief.take() {
            thief.is_filled(0).map_err(|what| format!("{THIEF}: {what}"))?;
            thief.remove()?;
        }
        subject::Stage::leave(&mut stage)?;
        let mut effect = Self::effect(operation, scene);
        if scene.twist == Twist::Raced {
            (effect.target, effect.new) = match operation {
                Operation::Make => (Presence::Never, Presence::May),
                _ => (Presence::Never, Presence::Never),
            };
        }
        Self::audit(&path, scene, effect)
    }

    /// The others race it, or another process is in the middle of the same recovery.
    fn has_company(operation: Operation, scene: Scene) -> bool {
        match scene.twist {
            Twist::Raced => true,
            // Of an object that goes; what kind it is makes no difference.
            Twist::HoldingGoing => {
                let is_meant = operation == Operation::Join && scene.what == What::Lock;
                cfg!(target_arch = "x86_64") && is_meant
            }
            _ => false,
        }
    }

    fn in_company(trial: Trial<'_, Self>, at: Change) -> Result<u64, String> {
        match trial.scene.twist {
            Twist::Raced => {
                // Before the change, and after it.
                trial.freeze_at(at.point.saturating_sub(1))?;
                trial.freeze_at(at.point).map(|()| 2)
            }
            #[cfg(target_arch = "x86_64")]
            Twist::HoldingGoing if at.number == 0 => duel::run(trial),
            _ => Ok(0),
        }
    }
}

/// No entry is being made, closed or cleared, none waits for a last user, and no user is left.
fn nothing_is_half_way(path: &Path) -> Result<(), String> {
    let words = Words::of(path);
    let states = words.states();
    let users = words.users();
    if states.iter().any(|&state| state != FREE && state != LIVE) || !users.is_empty() {
        return Err(format!("states {states:?}, users {users:?}"));
    }
    Ok(())
}

/// The objects that the worker does not use are as they were.
fn beside(context: &Context, taken: u64) -> Result<(), String> {
    let text = |error: OpenError| error.to_string();
    let jobs = Thing::open(context, What::Queue, JOBS).map_err(text)?;
    jobs.is_filled(taken).map_err(|what| format!("{JOBS}: {what}"))?;
    jobs.empty()?;
    jobs.works(None).map_err(|what| format!("{JOBS}: {what}"))?;
    // Its holder, the harness, is dead or has closed it.
    let print = Thing::open(context, What::Lock, PRINT).map_err(text)?;
    print.works(Some(true)).map_err(|what| format!("{PRINT}: {what}"))
}

/// An object that the worker used works, and goes when it is removed.
fn examine(context: &Context, what: What, name: &str) -> Result<(), String> {
    let thing = Thing::open(context, what, name).map_err(|error| error.to_string())?;
    let numbers = thing.empty()?;
    if numbers.len() as u64 > MAXSIZE || numbers.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(format!("{name} holds {numbers:?}"));
    }
    thing.works(None).map_err(|what| format!("{name}: {what}"))?;
    if !thing.remove()? {
        return Err(format!("the name {name} was gone already"));
    }
    Ok(())
}

/// As many queues can be made as there is space for, twice; and each is new.
fn space_is_whole(context: &Context) -> Result<(), String> {
    for _ in 0..2 {
        let mut made = Vec::new();
        let why = loop {
            let name = format!("fill {}", made.len());
            match Thing::make(context, What::Queue, &name) {
                Ok(queue) => made.push(queue),
                Err(error) => break error,
            }
        };
        // One of them is the queue beside.
        if made.len() != QUEUES - 1 || !matches!(why, CreateError::ContextFull { .. }) {
            return Err(format!("{} queues could be made, then: {why}", made.len()));
        }
        let lock = Thing::make(context, What::Lock, "fill").map_err(|error| error.to_string())?;
        made.push(lock);
        for thing in made {
            thing.works(Some(false))?;
            thing.remove()?;
        }
    }
    Ok(())
}

/// Each block of each queue is somewhere, and no dead participant owns one.
fn no_block_is_lost(path: &Path) -> Result<(), String> {
    let place = Place::File(path.to_owned());
    let segment =
        inspect::open(&place, inspect::Trust::default()).map_err(|error| error.to_string())?;
    let queues = inspect::objects(&segment).into_iter().filter(|it| it.kind == Kind::Queue);
    for queue in queues {
        let accounts = inspect::accounts(&segment, &queue).map_err(|error| error.to_string())?;
        if accounts.orphaned != 0 || accounts.damaged != 0 {
            return Err(format!("{}: {accounts:?}", queue.name));
        }
    }
    Ok(())
}
