//! Queues of Python: `multiprocessing.Queue`, and faster-fifo if it is installed. The script beside this file does the
//! work; its payload is written and summed in Python too.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::link::{Between, Load, Outcome, Rival};

const SCRIPT: &str = include_str!("python_queue.py");

/// A queue class of Python.
pub struct Python {
    name: &'static str,
    kind: &'static str,
}

/// Both of them.
pub fn all() -> Vec<Box<dyn Rival>> {
    let queue = |name, kind| -> Box<dyn Rival> { Box::new(Python { name, kind }) };
    vec![queue("multiprocessing.Queue", "multiprocessing"), queue("faster-fifo", "faster_fifo")]
}

fn python() -> Command {
    let mut command = Command::new("python3");
    command.arg("-c").arg(SCRIPT);
    command
}

impl Rival for Python {
    fn name(&self) -> String {
        self.name.to_owned()
    }
    fn version(&self) -> String {
        let output = python().arg(self.kind).arg("version").output();
        output
            .map_or_else(|error| error.to_string(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
    fn between(&self) -> Between {
        Between::Processes
    }
    fn waits(&self) -> &'static str {
        "sleeps"
    }
    fn missing(&self) -> Option<String> {
        match python().arg(self.kind).arg("version").output() {
            Err(error) => Some(format!("python3: {error}")),
            Ok(output) if !output.status.success() => Some(format!("python3 has no {}", self.kind)),
            Ok(_) => None,
        }
    }
    fn carries(&self, _load: &Load) -> bool {
        true
    }
    fn run(&self, load: &Load) -> Result<Outcome, String> {
        let numbers =
            [load.senders as u64, load.receivers as u64, load.size as u64, load.capacity as u64, load.messages];
        let mut command = python();
        command.arg(self.kind).arg("run").args(numbers.map(|number| number.to_string()));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        output.read_line(&mut line).map_err(|error| error.to_string())?;
        child.stdin.take().ok_or("no input")?.write_all(b"go\n").map_err(|error| error.to_string())?;
        line.clear();
        output.read_line(&mut line).map_err(|error| error.to_string())?;
        let status = child.wait().map_err(|error| error.to_string())?;
        let said = line.split_whitespace().collect::<Vec<_>>();
        match said[..] {
            [seconds, messages, sum, in_order] => {
                let bad = |_| format!("the script said {line:?}");
                Ok(Outcome {
                    seconds: seconds.parse().map_err(|_| bad(()))?,
                    messages: messages.parse().map_err(|_| bad(()))?,
                    sum: sum.parse().map_err(|_| bad(()))?,
                    in_order: in_order == "1",
                })
            }
            _ => Err(format!("the script ended with {status} and said {line:?}")),
        }
    }
}
