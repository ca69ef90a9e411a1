//! One operation in one scene, killed and frozen.

use std::path::Path;
use std::process::Command;

use super::image::{Image, Seen};
use super::stepper::{Stepper, Stop};
use super::subject::{Change, Stage, Subject};
use super::tally::{Plan, Tally};

/// One operation in one scene, and the program that its workers run.
pub struct Trial<'p, S: Subject> {
    /// What the worker does.
    pub operation: S::Operation,
    /// What it finds.
    pub scene: S::Scene,
    /// The program of the campaign.
    pub program: &'p Path,
}

impl<S: Subject> Clone for Trial<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S: Subject> Copy for Trial<'_, S> {}

impl<S: Subject> Trial<'_, S> {
    /// Tries all of it.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn run(self, plan: Plan) -> Result<Tally, String> {
        let mut tally = Tally::default();
        let failed = |point: u64, how: &str, what: String| {
            let Self { operation, scene, .. } = self;
            format!("{operation:?} in {scene:?}, {how} after instruction {point}: {what}")
        };
        let changes =
            self.images(&mut tally).map_err(|what| failed(tally.points, "killed (image)", what))?;
        let points = |count: u64| {
            let at_change = |change: u64| changes[change as usize];
            let mut points: Vec<u64> = spread(tally.points, count).collect();
            points.extend(spread(changes.len() as u64, count).map(at_change));
            points.sort_unstable();
            points.dedup();
            points
        };
        for point in points(plan.kills) {
            self.kill_at(point).map_err(|what| failed(point, "killed", what))?;
            tally.kills += 1;
        }
        let has_company = S::has_company(self.operation, self.scene);
        let in_company = if has_company { plan.in_company } else { 0 };
        for number in spread(changes.len() as u64, in_company) {
            let point = changes[number as usize];
            tally.in_company += S::in_company(self, Change { number, point })
                .map_err(|what| failed(point, "beside another process", what))?;
        }
        for point in points(plan.freezes) {
            self.freeze_at(point).map_err(|what| failed(point, "frozen", what))?;
            tally.freezes += 1;
        }
        Ok(tally)
    }

    /// Sets the scene up.
    pub fn stage(self) -> S::Stage {
        S::stage(self.operation, self.scene)
    }

    /// Starts a worker that is about to begin the operation.
    ///
    /// # Errors
    /// When it does not get there.
    pub fn start(self, stage: &S::Stage) -> Result<Stepper, String> {
        let mut command = Command::new(self.program);
        command.arg("perform").arg(stage.path());
        command.arg(format!("{:?}", self.operation)).arg(S::told(self.scene));
        Stepper::start(&mut command).map_err(|error| error.to_string())
    }

    /// The same, `point` instructions on; `None` if the operation has ended before.
    ///
    /// # Errors
    /// When the worker ends, or cannot be traced.
    pub fn start_at(self, stage: &S::Stage, point: u64) -> Result<Option<Stepper>, String> {
        let mut stepper = self.start(stage)?;
        for _ in 0..point {
            match stepper.step().map_err(|error| error.to_string())? {
                Stop::Step => {}
                Stop::Marker => return Ok(None), // a shorter way this time
                Stop::Ended(status) => return Err(format!("the worker ended with {status:#x}")),
            }
        }
        Ok(Some(stepper))
    }

    /// Audits an image after each instruction that changed the segment, and returns which these
    /// are.
    fn images(self, tally: &mut Tally) -> Result<Vec<u64>, String> {
        let mut changes = Vec::new();
        let text = |error: std::io::Error| error.to_string();
        let effect = S::effect(self.operation, self.scene);
        let stage = self.stage();
        let mut stepper = self.start(&stage)?;
        let mut seen = Seen::of(stage.path());
        loop {
            if seen.look().map_err(text)? {
                S::at_work(&stage)?;
                let image = Image::new(seen.bytes()).map_err(text)?;
                S::audit(image.path(), self.scene, effect)?;
                tally.images += 1;
                changes.push(tally.points);
            }
            match stepper.step().map_err(text)? {
                Stop::Step => tally.points += 1,
                Stop::Marker => break,
                Stop::Ended(status) => return Err(format!("the worker ended with {status:#x}")),
            }
        }
        S::done(&stage, self.operation, self.scene)
            .map(|()| changes)
            .map_err(|what| format!("not at all in fact: {what}"))
    }

    fn kill_at(self, point: u64) -> Result<(), String> {
        let mut stage = self.stage();
        let Some(mut stepper) = self.start_at(&stage, point)? else { return Ok(()) };
        stepper.kill().map_err(|error| error.to_string())?;
        stage.leave()?;
        S::audit(stage.path(), self.scene, S::effect(self.operation, self.scene))
    }

    /// Stops a worker `point` instructions into the operation. While it stands still the others go
    /// on, and then it does.
    ///
    /// # Errors
    /// What does not hold.
    pub fn freeze_at(self, point: u64) -> Result<(), String> {
        let mut stage = self.stage();
        let Some(mut stepper) = self.start_at(&stage, point)? else { return Ok(()) };
        S::at_work(&stage)?;
        S::frozen(&mut stage, self.operation, self.scene)
            .map_err(|what| format!("while it was frozen: {what}"))?;
        stepper.run_to(Stop::Marker)?;
        S::thawed(&mut stage, self.operation)
            .map_err(|what| format!("when it had gone on: {what}"))?;
        stepper.run_to(Stop::Ended(0))?;
        S::ended(stage, self.operation, self.scene)
            .map_err(|what| format!("when it had ended: {what}"))
    }
}

/// At most `count` points, evenly spread. To get to one takes as many steps again, so not all of
/// them can be tried.
fn spread(points: u64, count: u64) -> impl Iterator<Item = u64> {
    let end = if count == 0 { 0 } else { points };
    (0..end).step_by(points.div_ceil(count.max(1)).max(1) as usize)
}
