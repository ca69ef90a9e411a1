//! The processes that this one has started: one thread starts them and waits for their end.
//!
//! The kernel kills a daemon when the *thread* that has started it ends, so that thread must live as
//! long as the process.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use ringway_sys::children::{self as sys, Child, Exit};

use super::answer::Answer;
use super::error::SpawnError;
use crate::handover::Given;

/// How long daemons have to end when this process does.
const DAEMONS_HAVE: Duration = Duration::from_secs(1);
/// How long this process waits for the others before it says so.
const SILENCE: Duration = Duration::from_secs(5);

/// A process that was started.
pub(crate) struct State {
    pub(super) child: Child,
    pub(super) name: String,
    pub(super) is_daemon: bool,
    pub(super) answer: Answer,
    pipes: Mutex<[Option<File>; 3]>,
    life: Mutex<Life>,
    changed: Condvar,
}

#[derive(Default)]
struct Life {
    exit: Option<Exit>,
    is_detached: bool,
}

impl State {
    pub(super) fn new(
        child: Child,
        name: String,
        is_daemon: bool,
        answer: Answer,
        pipes: [Option<File>; 3],
    ) -> Self {
        let (life, changed) = (Mutex::default(), Condvar::new());
        Self { child, name, is_daemon, answer, pipes: Mutex::new(pipes), life, changed }
    }

    /// What errors call it.
    pub(super) fn title(&self) -> String {
        format!("process '{}' ({})", self.name, self.child.pid())
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn exit(&self) -> Option<Exit> {
        self.life().exit
    }

    pub(super) fn wait(&self, deadline: Option<Instant>) -> Option<Exit> {
        let mut life = self.life();
        while life.exit.is_none() {
            life = match deadline {
                None => self.changed.wait(life).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    let waited = self.changed.wait_timeout(life, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        life.exit
    }

    fn ended(&self, exit: Exit) {
        self.life().exit = Some(exit);
        self.changed.notify_all();
    }

    pub(super) fn detach(&self) {
        self.life().is_detached = true;
    }

    fn is_left_behind(&self) -> bool {
        let life = self.life();
        life.exit.is_none() && !life.is_detached
    }

    pub(super) fn take_pipe(&self, stream: usize) -> Option<File> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        pipes.get_mut(stream)?.take()
    }
}

type Start = Box<dyn FnOnce() -> Result<(State, Handing), SpawnError> + Send>;

/// What is kept until the child has opened its handles, or is gone: it closes its end then.
pub(super) struct Handing {
    pub(super) closed: PipeReader,
    /// Kept for its drop.
    pub(super) _given: Given,
}

struct Request {
    start: Start,
    reply: SyncSender<Result<Arc<State>, SpawnError>>,
}

struct Children {
    /// The process that has them: a forked child has none of its own.
    pid: u32,
    requests: Mutex<(Sender<Request>, PipeWriter)>,
    alive: Mutex<HashMap<u32, Arc<State>>>,
}

static CHILDREN: OnceLock<Children> = OnceLock::new();

impl Children {
    fn alive(&self) -> MutexGuard<'_, HashMap<u32, Arc<State>>> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a process from the thread that lives as long as this one.
pub(super) fn start(start: Start) -> Result<Arc<State>, SpawnError> {
    let children = match CHILDREN.get() {
        Some(children) => children,
        None => begin().map_err(SpawnError::io("begin a thread for children"))?,
    };
    if children.pid != std::process::id() {
        return Err(SpawnError::Forked);
    }
    let (reply, replied) = sync_channel(1);
    let mut requests = children.requests.lock().unwrap_or_else(PoisonError::into_inner);
    let gone = |_| io::Error::other("its thread has ended");
    let sent = requests.0.send(Request { start, reply }).map_err(gone);
    sent.and_then(|()| requests.1.write_all(&[0])).map_err(SpawnError::io("ask for a child"))?;
    drop(requests);
    replied.recv().map_err(|_| SpawnError::io("ask for a child")(io::Error::other("no reply")))?
}

fn begin() -> io::Result<&'static Children> {
    static BEGINNING: Mutex<()> = Mutex::new(());
    let _one = BEGINNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(children) = CHILDREN.get() {
        return Ok(children);
    }
    let (sender, receiver) = channel();
    let (bell, ring) = io::pipe()?;
    sys::at_exit(at_exit)?;
    let children = CHILDREN.get_or_init(|| Children {
        pid: std::process::id(),
        requests: Mutex::new((sender, ring)),
        alive: Mutex::default(),
    });
    let keeper = move || keep(children, &receiver, bell);
    std::thread::Builder::new().name("ringway-children".to_owned()).spawn(keeper)?;
    Ok(children)
}

/// Starts processes, and waits for the end of those that were started.
fn keep(children: &Children, requests: &Receiver<Request>, mut bell: PipeReader) {
    let mut handing: Vec<Handing> = Vec::new();
    loop {
        let alive: Vec<Arc<State>> = children.alive().values().cloned().collect();
        let sentinels: Vec<BorrowedFd<'_>> = [bell.as_fd()]
            .into_iter()
            .chain(alive.iter().map(|state| state.child.as_fd()))
            .chain(handing.iter().map(|handing| handing.closed.as_fd()))
            .collect();
        let Ok(ready) = sys::poll(&sentinels, None) else {
            std::thread::sleep(Duration::from_millis(10)); // no memory for the question
            continue;
        };
        for (state, _) in alive.iter().zip(&ready[1..]).filter(|(_, ready)| **ready) {
            if let Some(exit) = state.child.reap() {
                children.alive().remove(&state.child.pid());
                state.ended(exit);
            }
        }
        let mut is_over = ready[1 + alive.len()..].iter();
        handing.retain(|_| !is_over.next().is_some_and(|is_over| *is_over));
        if ready[0] {
            let _ = bell.read(&mut [0; 64]); // what is asked for is in the channel
        }
        while let Ok(Request { start, reply }) = requests.try_recv() {
            let started = start().map(|(state, handed)| {
                let state = Arc::new(state);
                children.alive().insert(state.child.pid(), Arc::clone(&state));
                handing.push(handed);
                state
            });
            let _ = reply.send(started); // the caller waits for it
        }
    }
}

/// Ends daemons and waits for the others, when this process ends by itself.
extern "C" fn at_exit() {
    let Some(children) = CHILDREN.get() else { return };
    if children.pid != std::process::id() {
        return;
    }
    let alive: Vec<Arc<State>> =
        children.alive().values().filter(|state| state.is_left_behind()).cloned().collect();
    let (daemons, others): (Vec<_>, Vec<_>) = alive.into_iter().partition(|state| state.is_daemon);
    let signal = |state: &State, signal| _ = state.child.signal(signal); // it may have ended
    daemons.iter().for_each(|state| signal(state, 15));
    let deadline = Instant::now() + DAEMONS_HAVE;
    for state in daemons {
        if state.wait(Some(deadline)).is_none() {
            signal(&state, 9);
            state.wait(None);
        }
    }
    let deadline = Instant::now() + SILENCE;
    for state in others {
        if state.wait(Some(deadline)).is_none() {
            let _ = writeln!(io::stderr(), "ringway: waits for the end of {}", state.title());
            state.wait(None);
        }
    }
}

/// A child of this process that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActiveChild {
    /// Its process id.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// Whether it ends with this process.
    pub is_daemon: bool,
}

/// The processes that this one has started and that have not ended, by process id.
///
/// ```
/// assert!(ringway::process::active_children().is_empty());
/// ```
#[must_use]
pub fn active_children() -> Vec<ActiveChild> {
    let Some(children) = CHILDREN.get().filter(|children| children.pid == std::process::id())
    else {
        return Vec::new();
    };
    let about = |state: &Arc<State>| {
        let (pid, name, is_daemon) = (state.child.pid(), state.name.clone(), state.is_daemon);
        ActiveChild { pid, name, is_daemon }
    };
    let mut active: Vec<ActiveChild> = children.alive().values().map(about).collect();
    active.sort_by_key(|child| child.pid);
    active
}
