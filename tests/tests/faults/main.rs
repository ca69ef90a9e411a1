//! The faults of the core that a review found, by number. Each of these tests has been seen to fail
//! before its fault was mended.

#[cfg(target_arch = "x86_64")]
mod adoption;
mod containers;
mod cost;
mod crowds;
mod descriptors;
#[cfg(target_arch = "x86_64")]
mod generations;
mod memory;
mod restarts;
mod trust;
mod waiting;

use std::process::Command;

use ringway_tests::Worker;

/// A worker that counts processes from one, as in a container, and shares only `/dev/shm` with us.
fn contained(arguments: &[&str]) -> Option<Worker> {
    let unshare = |program: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--kill-child", "--mount-proc"]).args(program);
        command
    };
    if !unshare(&["true"]).output().is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: no PID namespace can be made here");
        return None;
    }
    Some(Worker::start(unshare(&[env!("CARGO_BIN_EXE_worker")]).args(arguments)))
}
