//! A process that really sleeps, until it has got what it waits for.

use std::io::BufRead;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::program::assistant;
use super::subject::Subject;
use crate::Worker;

/// A process that still sleeps after this time does so for ever.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long to listen between two looks.
const REST: Duration = Duration::from_millis(20);

/// A process that sleeps. Dropping it kills it.
pub struct Sleeper {
    heard: Receiver<String>,
    _process: Worker,
}

impl Sleeper {
    /// Starts a process that plays the part "sleep", and waits until it sleeps.
    ///
    /// # Errors
    /// When that does not tell.
    pub fn start<S: Subject>(
        program: &Path,
        path: &Path,
        told: &str,
        is_asleep: impl Fn() -> Result<bool, String>,
    ) -> Result<Self, String> {
        let mut process = Worker::start(&mut assistant::<S>(program, "sleep", path, told));
        let (output, (sender, heard)) = (process.output(), mpsc::channel());
        thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let since = Instant::now();
        while !is_asleep()? {
            if since.elapsed() > PATIENCE {
                return Err("the sleeper does not fall asleep".to_owned());
            }
            thread::yield_now();
        }
        Ok(Self { heard, _process: process })
    }

    /// What it says when it has woken.
    ///
    /// # Errors
    /// When it says nothing.
    pub fn hear(&self) -> Result<String, String> {
        self.hear_while(|| Ok(()))
    }

    /// The same. Until it says something, `looks` is called now and then.
    ///
    /// # Errors
    /// When it says nothing, and those of `looks`.
    pub fn hear_while(
        &self,
        mut looks: impl FnMut() -> Result<(), String>,
    ) -> Result<String, String> {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            looks()?;
            match self.heard.recv_timeout(REST) {
                Ok(said) => return Ok(said),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err("the sleeper has died".to_owned());
                }
            }
        }
        Err("the sleeper sleeps on".to_owned())
    }
}
