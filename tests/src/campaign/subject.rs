//! What a campaign has to know of an object.

use std::fmt::Debug;
use std::path::Path;

use super::trial::Trial;

/// An object whose users are killed and frozen.
///
/// An operation is what a worker does between two markers; a scene is what it finds.
pub trait Subject: Sync + Sized {
    /// What a worker does.
    type Operation: Copy + Debug + 'static;
    /// What it finds.
    type Scene: Copy + Debug;
    /// What a death in the middle may change, at most.
    type Effect: Copy + Debug;
    /// A scene that was set up.
    type Stage: Stage;

    /// Its name on the command line.
    const NAME: &'static str;
    /// All operations. No other subject has an operation of the same name.
    const OPERATIONS: &'static [Self::Operation];

    /// The scenes in which an operation makes sense.
    fn scenes(operation: Self::Operation) -> Vec<Self::Scene>;
    /// Whether the short form of the campaign has the scene.
    fn is_short(operation: Self::Operation, scene: Self::Scene) -> bool;
    /// Sets a scene up.
    fn stage(operation: Self::Operation, scene: Self::Scene) -> Self::Stage;
    /// What a worker has to be told of the scene.
    fn told(scene: Self::Scene) -> String;
    /// In a worker: performs an operation, between two markers.
    fn perform(operation: Self::Operation, path: &Path, told: &str);
    /// In another process of the program: plays a part that an operation or a scene needs.
    fn assist(part: &str, path: &Path, told: &str) {
        panic!("no part {part} for {} with {told}", path.display())
    }

    /// What an operation may change.
    fn effect(operation: Self::Operation, scene: Self::Scene) -> Self::Effect;
    /// Recovers what is at `path`, whose users are all dead, and checks it.
    ///
    /// # Errors
    /// What does not hold.
    fn audit(path: &Path, scene: Self::Scene, effect: Self::Effect) -> Result<(), String>;

    /// Checks what must hold while the worker is at work.
    ///
    /// # Errors
    /// What does not hold.
    fn at_work(_stage: &Self::Stage) -> Result<(), String> {
        Ok(())
    }
    /// Checks an operation that went through undisturbed, whose worker still lives.
    ///
    /// # Errors
    /// What does not hold.
    fn done(
        stage: &Self::Stage,
        operation: Self::Operation,
        scene: Self::Scene,
    ) -> Result<(), String>;
    /// Goes on as the others do while the worker stands still.
    ///
    /// # Errors
    /// What is in their way, and should not be.
    fn frozen(
        stage: &mut Self::Stage,
        operation: Self::Operation,
        scene: Self::Scene,
    ) -> Result<(), String>;
    /// Checks what there is when the worker has gone on to the end of the operation.
    ///
    /// # Errors
    /// What does not hold.
    fn thawed(_stage: &mut Self::Stage, _operation: Self::Operation) -> Result<(), String> {
        Ok(())
    }
    /// Checks what there is when the worker has ended well after that.
    ///
    /// # Errors
    /// What does not hold.
    fn ended(
        stage: Self::Stage,
        operation: Self::Operation,
        scene: Self::Scene,
    ) -> Result<(), String>;

    /// Whether there is a trial of its own beside another process.
    fn has_company(_operation: Self::Operation, _scene: Self::Scene) -> bool {
        false
    }
    /// A trial beside another process, at an instruction that changes the segment: one that sleeps
    /// and has to go on when the worker is killed, or one in the middle of something. Returns how
    /// many trials it were.
    ///
    /// # Errors
    /// What does not hold.
    fn in_company(_trial: Trial<'_, Self>, _at: Change) -> Result<u64, String> {
        Ok(0)
    }
}

/// An instruction that changes the segment.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// How many changes there were before it.
    pub number: u64,
    /// How many instructions.
    pub point: u64,
}

/// A scene that was set up. Its files go with it.
pub trait Stage {
    /// The segment, or where it is to be.
    fn path(&self) -> &Path;
    /// Ends what the harness itself does there, after a look at what is its own. The file stays.
    ///
    /// # Errors
    /// What does not hold.
    fn leave(&mut self) -> Result<(), String>;
}
