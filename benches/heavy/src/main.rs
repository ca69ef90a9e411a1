//! Ringway measured against all rivals: `cargo run --release --manifest-path
//! benches/heavy/Cargo.toml`.

mod rivals;

use std::process::ExitCode;

use ringway_benches::{arena::Arena, command};

#[global_allocator]
static ARENA: Arena = Arena;

fn main() -> ExitCode {
    let mut all = ringway_benches::rivals::all();
    all.extend(rivals::all());
    command::run(all, include_str!("../Cargo.lock"))
}
