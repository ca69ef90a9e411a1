//! The `ringway` command.

use std::process::ExitCode;

use ringway_cli::Streams;

/// Run by the loader before the runtime of Rust.
#[used]
// SAFETY: the section holds pointers to functions of this type. This one makes system calls and
// stores to an atomic, which needs nothing of the runtime.
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = Streams::look;

fn main() -> ExitCode {
    ringway_cli::run(Streams::noted())
}
