//! Running the campaigns and counting.

use std::fmt;
use std::path::Path;
use std::process::Command;

use ringway::{GetError, GetErrorKind, PutError, PutErrorKind, Queue};

use super::audit::{audit, drain};
use super::image::{Image, Seen};
use super::operation::{Effect, Operation};
use super::scene::{MAXSIZE, Scene, Stage, number_of, text_of};
use super::sleepers;
use super::stepper::{Stepper, Stop};

/// More than the slots of the ring: a lap while somebody is frozen.
const LAP: u64 = 300;
/// Entries of the participant tables of the campaign.
pub(super) const PARTICIPANTS: u32 = 6;

/// What was tried.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally {
    /// Instructions after which a death was considered.
    pub points: u64,
    /// Distinct images that were recovered and audited.
    pub images: u64,
    /// Real kills.
    pub kills: u64,
    /// Real kills while somebody slept, who went on.
    pub sleepers: u64,
    /// Real stops.
    pub freezes: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { points, images, kills, sleepers, freezes } = self;
        write!(
            f,
            "kill points {points}, distinct images {images}, real kills {kills} and {sleepers} beside sleepers, "
        )?;
        write!(f, "freezes {freezes}")
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.points += other.points;
        self.images += other.images;
        self.kills += other.kills;
        self.sleepers += other.sleepers;
        self.freezes += other.freezes;
    }
}

/// How much to try.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Real kills in each scene, at instructions that are evenly spread.
    pub kills: u64,
    /// Real kills in each scene in which somebody can sleep, at instructions that change the segment.
    pub sleepers: u64,
    /// Stops in each scene, evenly spread.
    pub freezes: u64,
}

/// All scenes in which an operation makes sense.
pub fn scenes(operation: Operation) -> Vec<Scene> {
    let mut scenes = Vec::new();
    for filled in [0, MAXSIZE / 2, MAXSIZE] {
        for sleepers in [false, true] {
            for warm in [false, true] {
                let corpse = operation == Operation::Recover;
                let filled = if corpse { filled.min(MAXSIZE - 1) } else { filled };
                let scene = Scene { filled, sleepers, warm, corpse, wraps: false };
                if operation.fits(scene) {
                    scenes.push(scene);
                }
            }
        }
    }
    let wrapping = Scene { filled: 1, sleepers: false, warm: true, corpse: false, wraps: true };
    if operation.fits(wrapping) && operation != Operation::Recover {
        scenes.push(wrapping);
    }
    scenes
}

/// One operation in one scene.
///
/// # Errors
/// The first thing that does not hold.
pub fn one(worker: &Path, operation: Operation, scene: Scene, plan: Plan) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let failed = |point: u64, how: &str, what: String| {
        format!("{operation:?} in {scene:?}, {how} after instruction {point}: {what}")
    };
    let changes = images(worker, operation, scene, &mut tally)
        .map_err(|(point, what)| failed(point, "killed (image)", what))?;
    for point in spread(tally.points, plan.kills) {
        kill_at(worker, operation, scene, point).map_err(|what| failed(point, "killed", what))?;
        tally.kills += 1;
    }
    let with_sleepers = if sleepers::fits(operation, scene) { plan.sleepers } else { 0 };
    for point in spread(changes.len() as u64, with_sleepers).map(|change| changes[change as usize])
    {
        sleepers::kill_at(worker, operation, scene, point)
            .map_err(|what| failed(point, "killed beside a sleeper", what))?;
        tally.sleepers += 1;
    }
    for point in spread(tally.points, plan.freezes) {
        freeze_at(worker, operation, scene, point).map_err(|what| failed(point, "frozen", what))?;
        tally.freezes += 1;
    }
    Ok(tally)
}

/// At most `count` points, evenly spread. Getting to each takes as many steps again, so not every one can be tried.
pub(super) fn spread(points: u64, count: u64) -> impl Iterator<Item = u64> {
    let end = if count == 0 { 0 } else { points };
    (0..end).step_by(points.div_ceil(count.max(1)).max(1) as usize)
}

/// Starts a worker that is about to begin its operation.
pub(super) fn start(
    worker: &Path,
    operation: Operation,
    scene: Scene,
    stage: &Stage,
) -> Result<Stepper, String> {
    let mut command = Command::new(worker);
    command.arg("perform").arg(stage.path()).arg(format!("{operation:?}")).arg(if scene.warm {
        "warm"
    } else {
        "cold"
    });
    Stepper::start(&mut command).map_err(|error| error.to_string())
}

/// Answers the instructions after which the segment had changed.
fn images(
    worker: &Path,
    operation: Operation,
    scene: Scene,
    tally: &mut Tally,
) -> Result<Vec<u64>, (u64, String)> {
    let mut changes = Vec::new();
    let stage = Stage::new(scene);
    let mut stepper = start(worker, operation, scene, &stage).map_err(|what| (0, what))?;
    let mut seen = Seen::of(stage.path()).map_err(|error| (0, error.to_string()))?;
    loop {
        let at = |error: std::io::Error| (tally.points, error.to_string());
        if let Some(bytes) = seen.look().map_err(at)? {
            let image = Image::new(&bytes).map_err(at)?;
            audit(&image.place(), scene, operation.effect(scene))
                .map_err(|what| (tally.points, what))?;
            tally.images += 1;
            changes.push(tally.points);
        }
        match stepper.step().map_err(at)? {
            Stop::Step => tally.points += 1,
            Stop::Marker => return Ok(changes),
            Stop::Ended(status) => {
                return Err((tally.points, format!("the worker ended with {status:#x}")));
            }
        }
    }
}

/// Moves a worker so many instructions into its operation; `None` if it has ended before.
fn worker_at(
    worker: &Path,
    operation: Operation,
    scene: Scene,
    stage: &Stage,
    point: u64,
) -> Result<Option<Stepper>, String> {
    let mut stepper = start(worker, operation, scene, stage)?;
    for _ in 0..point {
        match stepper.step().map_err(|error| error.to_string())? {
            Stop::Step => {}
            Stop::Marker => return Ok(None), // a shorter way this time
            Stop::Ended(status) => return Err(format!("the worker ended with {status:#x}")),
        }
    }
    Ok(Some(stepper))
}

fn kill_at(worker: &Path, operation: Operation, scene: Scene, point: u64) -> Result<(), String> {
    let mut stage = Stage::new(scene);
    let Some(mut stepper) = worker_at(worker, operation, scene, &stage, point)? else {
        return Ok(());
    };
    stepper.kill().map_err(|error| error.to_string())?;
    let place = stage.place();
    stage.leave();
    audit(&place, scene, operation.effect(scene))
}

fn freeze_at(worker: &Path, operation: Operation, scene: Scene, point: u64) -> Result<(), String> {
    let mut stage = Stage::new(scene);
    let effect = operation.reach();
    let Some(mut stepper) = worker_at(worker, operation, scene, &stage, point)? else {
        return Ok(());
    };
    let mut ledger = Ledger::new(scene);
    ledger.lap(stage.queue())?;
    ledger.empty(stage.queue())?;
    match stepper.run().map_err(|error| error.to_string())? {
        Stop::Marker => {}
        other => {
            return Err(format!("when it went on, {other:?} instead of the end of its operation"));
        }
    }
    match stepper.run().map_err(|error| error.to_string())? {
        Stop::Ended(0) => {}
        other => return Err(format!("when it went on, {other:?} instead of a good end")),
    }
    ledger.empty(stage.queue())?;
    ledger.balance(effect)?;
    let place = stage.place();
    stage.leave();
    let scene = Scene { filled: 0, ..scene };
    audit(&place, scene, Effect { puts: 0, takes: 0, taken_before: 0, ..effect })
}

/// What went in and came out while somebody was frozen, and after.
struct Ledger {
    put: Vec<u64>,
    got: Vec<u64>,
}

impl Ledger {
    fn new(scene: Scene) -> Self {
        Self { put: (100..100 + scene.filled).collect(), got: Vec::new() }
    }

    /// Puts and gets more than once around the ring.
    fn lap(&mut self, queue: &Queue<[u8]>) -> Result<(), String> {
        for number in 5000..5000 + LAP {
            loop {
                match queue.try_put_bytes(text_of(number)) {
                    Ok(()) => {
                        self.put.push(number);
                        break;
                    }
                    Err(PutError { kind: PutErrorKind::ShutDown, .. }) => return Ok(()),
                    Err(PutError { kind: PutErrorKind::Full { .. }, .. }) => {
                        if !self.get(queue)? {
                            return Err("full and empty at once".to_owned());
                        }
                    }
                    Err(error) => return Err(format!("while it was frozen: {error}")),
                }
            }
        }
        Ok(())
    }

    fn get(&mut self, queue: &Queue<[u8]>) -> Result<bool, String> {
        match queue.try_get_bytes() {
            Ok(message) => {
                self.got.push(number_of(&message));
                Ok(true)
            }
            Err(
                GetError { kind: GetErrorKind::Empty, .. }
                | GetError { kind: GetErrorKind::ShutDown, .. },
            ) => Ok(false),
            Err(error) => Err(format!("while it was frozen: {error}")),
        }
    }

    fn empty(&mut self, queue: &Queue<[u8]>) -> Result<(), String> {
        self.got.extend(drain(queue)?.0);
        Ok(())
    }

    /// All that was put came out once and in order, but for what the worker took; its own came out at most once.
    fn balance(&self, effect: Effect) -> Result<(), String> {
        let ours: Vec<u64> =
            self.got.iter().copied().filter(|number| !(1000..2000).contains(number)).collect();
        let theirs: Vec<u64> =
            self.got.iter().copied().filter(|number| (1000..2000).contains(number)).collect();
        let mut missing = 0;
        let mut came = ours.iter().peekable();
        for number in &self.put {
            if came.next_if(|next| *next == number).is_none() {
                missing += 1;
            }
        }
        if let Some(strange) = came.next() {
            return Err(format!("message {strange} came twice, out of order, or from nowhere"));
        }
        if missing > effect.takes && !effect.closes {
            return Err(format!(
                "{missing} messages are missing, and it took {} at most",
                effect.takes
            ));
        }
        if theirs.len() as u64 > effect.puts
            || theirs.iter().copied().ne((1000..).take(theirs.len()))
        {
            return Err(format!("its own messages came out as {theirs:?}"));
        }
        Ok(())
    }
}

/// What a worker process does; `arguments` are those after the name of the program.
///
/// # Panics
/// When the arguments are not those of a worker.
pub fn work(arguments: &[String]) {
    let place = ringway::Place::File(arguments[1].clone().into());
    match arguments[0].as_str() {
        "create" => super::creation::create(&arguments[1], &arguments[2]),
        "perform" => {
            let operation = Operation::named(&arguments[2]).expect("an operation");
            operation.perform(&place, arguments[1].as_ref(), arguments[3] == "warm");
        }
        "sleep" => sleepers::sleep(arguments[1].as_ref(), arguments[2] == "true"),
        "corpse" => super::scene::die_with_something(&place),
        other => panic!("a worker cannot {other}"),
    }
}
