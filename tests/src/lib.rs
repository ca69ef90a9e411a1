//! What the integration tests share.

pub mod audit;
pub mod campaign;
pub mod checksum;
pub mod damage;
pub mod kill_table;
pub mod mounts;
pub mod names;
pub mod random;
pub mod records;
pub mod watchdog;
pub mod words;
pub mod worker;

pub use checksum::{fnv1a, mend_header};
pub use names::{Folder, Name};
pub use watchdog::Watchdog;
pub use worker::Worker;

/// In place of a producer, in what a consuming worker tells: it has let go of the message that it
/// told of last.
pub const LET_GO: u64 = u64::MAX;

/// Starts the `worker` binary with these arguments.
#[macro_export]
macro_rules! worker {
    ($($argument:expr),+ $(,)?) => {
        $crate::Worker::spawn(env!("CARGO_BIN_EXE_worker"), &[$(&$argument.to_string()),+])
    };
}

/// The example of the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
