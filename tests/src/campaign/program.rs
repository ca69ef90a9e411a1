//! The program of the campaigns: which subjects there are, and what its workers do.

use std::path::Path;

use super::creation::Creation;
use super::ends::Ends;
use super::lock::Locking;
use super::objects::Objects;
use super::queue::Queueing;
use super::subject::Subject;
use super::tally::{Plan, Tally};
use super::trial::Trial;

/// All subjects.
pub const SUBJECTS: [&dyn Campaign; 5] = [&Queueing, &Locking, &Creation, &Ends, &Objects];

/// The campaign of one subject.
pub trait Campaign: Sync {
    /// Name of the subject.
    fn name(&self) -> &'static str;
    /// Names of its operations.
    fn operations(&self) -> Vec<String>;
    /// Tries the operation of that name in its scenes.
    ///
    /// # Errors
    /// The first thing that does not hold.
    fn run(&self, program: &Path, operation: &str, plan: Plan) -> Result<Tally, String>;
    /// In a worker: performs the operation of that name.
    fn perform(&self, operation: &str, path: &Path, told: &str);
    /// In another process: plays a part.
    fn assist(&self, part: &str, path: &Path, told: &str);
}

impl<S: Subject> Campaign for S {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn operations(&self) -> Vec<String> {
        S::OPERATIONS.iter().map(|operation| format!("{operation:?}")).collect()
    }

    fn run(&self, program: &Path, operation: &str, plan: Plan) -> Result<Tally, String> {
        let operation = named::<S>(operation);
        let mut total = Tally::default();
        for scene in S::scenes(operation) {
            if !plan.is_short || S::is_short(operation, scene) {
                total += Trial::<S> { operation, scene, program }.run(plan)?;
            }
        }
        Ok(total)
    }

    fn perform(&self, operation: &str, path: &Path, told: &str) {
        S::perform(named::<S>(operation), path, told);
    }

    fn assist(&self, part: &str, path: &Path, told: &str) {
        S::assist(part, path, told);
    }
}

fn named<S: Subject>(name: &str) -> S::Operation {
    let mut operations = S::OPERATIONS.iter().copied();
    operations.find(|operation| format!("{operation:?}") == name).expect("an operation")
}

/// The subject with an operation of that name.
pub fn subject_of(operation: &str) -> Option<&'static dyn Campaign> {
    SUBJECTS.into_iter().find(|subject| subject.operations().iter().any(|name| name == operation))
}

/// The subject of that name.
pub fn subject_named(name: &str) -> Option<&'static dyn Campaign> {
    SUBJECTS.into_iter().find(|subject| subject.name() == name)
}

/// Does what a process of the campaign is to do, if the arguments are those of one:
/// `perform PATH OPERATION TOLD` or `assist PATH SUBJECT PART TOLD`. Returns whether they were.
///
/// # Panics
/// When there is no such operation or subject.
pub fn work(arguments: &[String]) -> bool {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["perform", path, operation, told] => {
            let subject = subject_of(operation).expect("an operation");
            subject.perform(operation, path.as_ref(), told);
        }
        ["assist", path, subject, part, told] => {
            let subject = subject_named(subject).expect("a subject");
            subject.assist(part, path.as_ref(), told);
        }
        _ => return false,
    }
    true
}

/// In a process of the campaign: the command of another one that plays a part.
pub(super) fn assistant<S: Subject>(
    program: &Path,
    part: &str,
    path: &Path,
    told: &str,
) -> std::process::Command {
    let mut command = std::process::Command::new(program);
    command.arg("assist").arg(path).args([S::NAME, part, told]);
    command
}
