//! What the integration tests share.

pub mod audit;
pub mod campaign;
pub mod checksum;
pub mod mounts;
pub mod names;
pub mod watchdog;
pub mod worker;

pub use checksum::fnv1a;
pub use names::{Folder, Name};
pub use watchdog::Watchdog;
pub use worker::Worker;

/// Starts the `worker` binary with these arguments.
#[macro_export]
macro_rules! worker {
    ($($argument:expr),+ $(,)?) => {
        $crate::Worker::spawn(env!("CARGO_BIN_EXE_worker"), &[$(&$argument.to_string()),+])
    };
}
