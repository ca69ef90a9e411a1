//! The `ringway` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ringway_cli::run()
}
