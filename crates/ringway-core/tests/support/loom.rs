//! How loom explores a scene.

use loom::thread;

/// Every interleaving of `scene` with at most this number of preemptions.
pub fn check(preemptions: usize, scene: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.max_branches = 10_000;
    model.check(scene);
}

/// Runs `here` in a thread of its own. What the first thread of a run does, loom does not
/// interleave with the others.
pub fn run<T: 'static>(here: impl FnOnce() -> T + 'static) -> T {
    thread::spawn(here).join().unwrap()
}
