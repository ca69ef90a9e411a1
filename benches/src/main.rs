//! Ringway measured against rivals that need little: `cargo run --release -p ringway-benches`.

use std::process::ExitCode;

use ringway_benches::{arena::Arena, command, rivals};

#[global_allocator]
static ARENA: Arena = Arena;

fn main() -> ExitCode {
    command::run(rivals::all(), include_str!("../../Cargo.lock"))
}
