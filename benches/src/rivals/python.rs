//! Queues of Python: `multiprocessing.Queue`, and faster-fifo if it is installed. The script beside
//! this file does the work; its payload is written and summed in Python too.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::carry::Outcome;
use crate::link::Load;
use crate::rival::{About, Between, Contestant, Release, Run};
use crate::workload::Kind;

const SCRIPT: &str = include_str!("python_queue.py");

/// A queue class of Python.
pub struct Python {
    name: &'static str,
    kind: &'static str,
}

/// Both of them.
pub fn all() -> Vec<Box<dyn Contestant>> {
    let queue = |name, kind| -> Box<dyn Contestant> { Box::new(Python { name, kind }) };
    vec![queue("multiprocessing.Queue", "multiprocessing"), queue("faster-fifo", "faster_fifo")]
}

fn python() -> Command {
    let mut command = Command::new("python3");
    command.arg("-c").arg(SCRIPT);
    command
}

impl Contestant for Python {
    fn about(&self) -> About {
        let said = python().arg(self.kind).arg("version").output();
        let release = said.map_or_else(
            |error| error.to_string(),
            |said| String::from_utf8_lossy(&said.stdout).trim().to_owned(),
        );
        About {
            name: self.name,
            release: Release::Words(release),
            between: Between::Processes,
            waits: "sleeps",
        }
    }
    fn missing(&self) -> Option<String> {
        match python().arg(self.kind).arg("version").output() {
            Err(error) => Some(format!("python3: {error}")),
            Ok(output) if !output.status.success() => Some(format!("python3 has no {}", self.kind)),
            Ok(_) => None,
        }
    }
    fn joins(&self, kind: Kind) -> bool {
        kind == Kind::Throughput
    }
    fn carries(&self, _load: &Load) -> bool {
        true
    }
    fn run(&self, _kind: Kind, load: &Load) -> Result<Run, String> {
        let numbers = [
            load.senders as u64,
            load.receivers as u64,
            load.size as u64,
            load.capacity as u64,
            load.messages,
        ];
        let mut command = python();
        command.arg(self.kind).arg("run").args(numbers.map(|number| number.to_string()));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        output.read_line(&mut line).map_err(|error| error.to_string())?;
        child
            .stdin
            .take()
            .ok_or("no input")?
            .write_all(b"go\n")
            .map_err(|error| error.to_string())?;
        line.clear();
        output.read_line(&mut line).map_err(|error| error.to_string())?;
        let status = child.wait().map_err(|error| error.to_string())?;
        let said = line.split_whitespace().collect::<Vec<_>>();
        match said[..] {
            [seconds, messages, sum, in_order] => {
                let bad = |_| format!("the script said {line:?}");
                Ok(Run::Carried(Outcome {
                    seconds: seconds.parse().map_err(|_| bad(()))?,
                    messages: messages.parse().map_err(|_| bad(()))?,
                    sum: sum.parse().map_err(|_| bad(()))?,
                    in_order: in_order == "1",
                }))
            }
            _ => Err(format!("the script ended with {status} and said {line:?}")),
        }
    }
}
