//! What can be chosen for a process.

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use ringway_sys::children::{Image, Resource, Spawn, Stream};
use ringway_sys::shm;

use super::answer::Answer;
use super::child::{self, VARIABLE};
use super::children::{self, Handing, State};
use super::entry::Function;
use super::error::SpawnError;
use super::order::{Order, Program, Wishes, to_bytes};
use super::{Process, current_process};
use crate::handover;
use crate::message::Message;

/// What becomes of a standard stream of a process.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum Stdio {
    /// It is the one of this process.
    #[default]
    Inherit,
    /// It is empty, and what is written to it is dropped.
    Null,
    /// It is a pipe, whose other end [`Process::take_pipe`] returns.
    Piped,
    /// It is this file.
    File(File),
}

/// What can be chosen for a process. See [`Process::builder`].
///
/// ```standalone_crate
/// use ringway::process::{Exit, Process};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     ringway::init();
///     let sleeper = Process::builder()
///         .name("sleeper")
///         .daemon(true)
///         .env("LANG", "C")
///         .nice(5)
///         .spawn(10, |seconds| std::thread::sleep(std::time::Duration::from_secs(seconds)))?;
///     assert!(sleeper.is_alive() && sleeper.is_daemon());
///     sleeper.terminate()?;
///     assert_eq!(sleeper.wait(), Exit::Signal(15));
///     assert_eq!(sleeper.exit_code(), Some(-15));
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Builder {
    name: Option<String>,
    is_daemon: bool,
    own_group: bool,
    environment: Vec<(OsString, Option<OsString>)>,
    streams: [Stdio; 3],
    wishes: Wishes,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// A process like this one, but that it reads nothing from the standard input.
    pub fn new() -> Self {
        Self {
            name: None,
            is_daemon: false,
            own_group: false,
            environment: Vec::new(),
            streams: [Stdio::Null, Stdio::Inherit, Stdio::Inherit],
            wishes: Wishes::default(),
        }
    }

    /// Its name, in errors and for itself; by default `Process-1` and so on.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether it ends with this process: terminated when this process ends by itself, killed by
    /// the kernel when this process is killed.
    pub fn daemon(mut self, yes: bool) -> Self {
        self.is_daemon = yes;
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let (name, value) = (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.environment.push((name, Some(value)));
        self
    }

    /// Removes a variable from its environment.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), None));
        self
    }

    /// The directory in which it works.
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.wishes.directory = Some(directory.as_ref().as_os_str().as_bytes().to_vec());
        self
    }

    /// Its standard input; by default nothing, as in Python.
    pub fn stdin(mut self, stdio: Stdio) -> Self {
        self.streams[0] = stdio;
        self
    }

    /// Its standard output; by default that of this process.
    pub fn stdout(mut self, stdio: Stdio) -> Self {
        self.streams[1] = stdio;
        self
    }

    /// Its standard error; by default that of this process.
    pub fn stderr(mut self, stdio: Stdio) -> Self {
        self.streams[2] = stdio;
        self
    }

    /// The processors that it may run on, by number.
    pub fn affinity(mut self, processors: &[u32]) -> Self {
        self.wishes.processors = processors.to_vec();
        self
    }

    /// How much nicer it is than this process.
    pub fn nice(mut self, by: i32) -> Self {
        self.wishes.nice = by;
        self
    }

    /// Limits a resource.
    pub fn limit(mut self, resource: Resource, soft: u64, hard: u64) -> Self {
        self.wishes.limits.push((resource as u8, soft, hard));
        self
    }

    /// Whether it leads a process group of its own: then Ctrl-C at the terminal does not reach it.
    pub fn own_group(mut self, yes: bool) -> Self {
        self.own_group = yes;
        self
    }

    /// Runs `function` with `arguments` in a new process. See [`Process::spawn`].
    ///
    /// # Errors
    /// [`SpawnError`].
    pub fn spawn<A: Message, R: Message>(
        self,
        arguments: A,
        function: fn(A) -> R,
    ) -> Result<Process<R>, SpawnError> {
        if !child::is_initialised() {
            return Err(SpawnError::NotInitialised);
        }
        let image = Image::current().map_err(SpawnError::io("look at its executable"))?;
        let program = || image.path.to_string_lossy().into_owned();
        let function = Function::of(function, &image)
            .ok_or_else(|| SpawnError::NotInExecutable { program: program() })?;
        let (bytes, given) = handover::giving(|| to_bytes(&arguments));
        let bytes = bytes.map_err(SpawnError::Arguments)?;
        // The handles stay open until the child has its own.
        let prepared = self.prepare(image, function, given)?;
        prepared.order.write(&prepared.file, &bytes).map_err(SpawnError::io("write its order"))?;
        let state = children::start(Box::new(move || prepared.start()))?;
        Ok(Process::over(state))
    }

    fn prepare(
        self,
        image: Image,
        function: Function,
        given: handover::Given,
    ) -> Result<Prepared, SpawnError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Relaxed) + 1; // only the number matters
        let name = self.name.unwrap_or_else(|| format!("Process-{number}"));
        let memory = |what| shm::memfd(what).map_err(SpawnError::io("make a file of memory"));
        let (file, answer) = (memory("ringway-order")?, memory("ringway-answer")?);
        let segments = given.segments.iter();
        let (closed, handing) = io::pipe().map_err(SpawnError::io("open a pipe"))?;
        let order = Order {
            program: Program::of(&image),
            function,
            name,
            parent: std::process::id(),
            parent_name: current_process().name().to_owned(),
            is_daemon: self.is_daemon,
            wishes: self.wishes,
            answer: answer.as_raw_fd(),
            handing: handing.as_raw_fd(),
            segments: segments.map(|gift| (gift.id, gift.file.as_raw_fd())).collect(),
        };
        let environment = environment(&self.environment, file.as_raw_fd())
            .map_err(SpawnError::io("take over the environment"))?;
        let mut streams = [const { None }; 3];
        let mut pipes = [const { None }; 3];
        for (number, stdio) in self.streams.into_iter().enumerate() {
            let opened = open_stream(number, stdio);
            (streams[number], pipes[number]) = opened.map_err(SpawnError::io("open a stream"))?;
        }
        let own_group = self.own_group;
        let handing = (closed, handing);
        Ok(Prepared {
            image,
            order,
            file,
            answer,
            given,
            handing,
            environment,
            streams,
            pipes,
            own_group,
        })
    }
}

/// A process that is about to be started.
struct Prepared {
    image: Image,
    order: Order,
    file: File,
    answer: File,
    given: handover::Given,
    handing: (io::PipeReader, io::PipeWriter),
    environment: Vec<CString>,
    streams: [Option<OwnedFd>; 3],
    pipes: [Option<File>; 3],
    own_group: bool,
}

impl Prepared {
    fn start(self) -> Result<(State, Handing), SpawnError> {
        let Order { name, is_daemon, .. } = self.order;
        let answer = Answer::new(self.answer);
        let (closed, handing) = self.handing;
        let mut descriptors = vec![self.file.as_fd(), answer.file().as_fd(), handing.as_fd()];
        descriptors.extend(self.given.segments.iter().map(|gift| gift.file.as_fd()));
        let own_name = std::env::args_os().next().unwrap_or_default().into_vec();
        let arguments = [own_name, format!("({name})").into_bytes()];
        let arguments = arguments.map(|argument| CString::new(argument).unwrap_or_default());
        let spawn = Spawn {
            program: &self.image.path,
            arguments: &arguments,
            environment: &self.environment,
            streams: self.streams.each_ref().map(|fd| match fd {
                None => Stream::Inherit,
                Some(fd) => Stream::File(fd.as_fd()),
            }),
            descriptors: &descriptors,
            own_group: self.own_group,
        };
        let child = spawn.start().map_err(SpawnError::io("execute its program"))?;
        let state = State::new(child, name, is_daemon, answer, self.pipes);
        Ok((state, Handing { closed, _given: self.given }))
    }
}

/// What the child gets, and what stays here.
fn open_stream(number: usize, stdio: Stdio) -> io::Result<(Option<OwnedFd>, Option<File>)> {
    Ok(match stdio {
        Stdio::Inherit => (None, None),
        Stdio::Null => {
            let file = File::options().read(number == 0).write(number != 0).open("/dev/null")?;
            (Some(file.into()), None)
        }
        Stdio::File(file) => (Some(file.into()), None),
        Stdio::Piped => {
            let (reader, writer) = io::pipe()?;
            let (reader, writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
            match number {
                0 => (Some(reader), Some(File::from(writer))),
                _ => (Some(writer), Some(File::from(reader))),
            }
        }
    })
}

/// The environment of this process with these changes, and the descriptor of an order.
fn environment(changes: &[(OsString, Option<OsString>)], order: i32) -> io::Result<Vec<CString>> {
    let mut variables: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let order = (OsString::from(VARIABLE), Some(OsString::from(order.to_string())));
    for (name, value) in changes.iter().chain([&order]) {
        variables.retain(|(known, _)| known != name);
        if let Some(value) = value {
            variables.push((name.clone(), value.clone()));
        }
    }
    let variable = |(name, value): (OsString, OsString)| {
        let text = [name.as_bytes(), b"=", value.as_bytes()].concat();
        Ok(CString::new(text)?)
    };
    variables.into_iter().map(variable).collect()
}
