//! Who takes part in the table of random kills.

use std::path::Path;
use std::process::Command;

/// Places of each queue, where it counts messages.
pub const MAXSIZE: u64 = 64;

/// One queue.
#[derive(Clone, Copy, Debug)]
pub struct Contestant {
    /// As it is chosen on the command line.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    is_python: bool,
}

/// All of them.
pub const CONTESTANTS: [Contestant; 6] = [
    Contestant { name: "ringway", what: "Ringway", is_python: false },
    Contestant { name: "vyukov", what: "Vyukov's ring in shared memory", is_python: false },
    Contestant {
        name: "multiprocessing.Queue",
        what: "Python's `multiprocessing.Queue`",
        is_python: true,
    },
    Contestant {
        name: "multiprocessing.SimpleQueue",
        what: "Python's `multiprocessing.SimpleQueue`",
        is_python: true,
    },
    Contestant { name: "faster-fifo", what: "faster-fifo", is_python: true },
    Contestant { name: "pipe", what: "POSIX pipe, no lock, messages of one size", is_python: true },
];

impl Contestant {
    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        CONTESTANTS.into_iter().find(|contestant| contestant.name == name)
    }

    /// The process that starts its workers. `own` is the program with the workers in Rust.
    pub fn host(&self, own: &Path, python: &str, folder: &Path, queue: &str) -> Command {
        if self.is_python {
            let mut command = Command::new(python);
            command.args(["-c", include_str!("host.py"), self.name]);
            command.arg(folder.join("board")).arg(MAXSIZE.to_string());
            command
        } else {
            let mut command = Command::new(own);
            command.args(["host", self.name]).arg(folder).arg(queue);
            command
        }
    }
}
