//! Processes that run a function of this program.
//!
//! A [`Process`] runs a function with arguments in a new process of the same executable, and brings
//! its result back. The arguments and the result are messages; besides, queues, locks and contexts
//! can be arguments, alone or in other values: exactly that child gets their descriptors.
//!
//! The child begins at the start of the program, so main has to call [`init`] first: in a child it
//! runs the function instead of what follows.
//!
//! ```standalone_crate
//! use ringway::{Outcome, Process, Queue};
//!
//! fn work(jobs: Queue<u64>, results: Queue<u64>) -> Outcome {
//!     for job in &jobs {
//!         let job = job?.to_native();
//!         results.put(job * job)?;
//!     }
//!     Ok(())
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     ringway::init(); // becomes the child here, if this is one
//!     let (jobs, results) = (Queue::unnamed(100)?, Queue::unnamed(100)?);
//!     let handles = (jobs.clone(), results.clone());
//!     let worker = Process::spawn(handles, |(jobs, results)| work(jobs, results))?;
//!     jobs.put_many(&[3, 4])?;
//!     jobs.shutdown()?;
//!     worker.join()??; // the process, and then what its function returned
//!     assert_eq!(results.get_value()? + results.get_value()?, 25);
//!     Ok(())
//! }
//! ```
//!
//! * **What is run** is a function or a closure that captures nothing: what it needs is in its
//!   arguments. The compiler refuses captures.
//! * **Death.** However the child ends, [`Process::join`] says so: by an error with its exit code or
//!   signal, or with the message and place of its panic. What it held in queues and locks comes back
//!   by itself.
//! * **The end of this process.** It waits for its children when it ends by itself, as Python does,
//!   unless they are [detached](Process::detach); daemons are terminated. When it is killed, daemons
//!   are killed by the kernel, and the others go on.
//! * **Fork.** In a forked child, nothing can be started, and the handles of its parent's processes
//!   are not for use.

mod answer;
mod builder;
mod child;
mod children;
mod current;
mod entry;
mod error;
mod failure;
mod order;
mod scope;

use core::fmt;
use core::marker::PhantomData;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::builder::{Builder, Stdio};
#[doc(hidden)]
pub use self::child::begin;
pub use self::child::init;
use self::children::State;
pub use self::children::{ActiveChild, active_children};
pub use self::current::{Current, Parent, current_process, parent_process};
pub use self::error::{JoinError, SpawnError};
pub use self::failure::{Failure, Outcome};
pub use self::scope::{Scope, Success, scope};
use crate::message::Message;
pub use ringway_sys::children::{Exit, Resource, poll};

/// A process that runs a function of this program. See the [module](self).
///
/// Dropping it leaves the process alone. It is no zombie when it ends, whether this process waits
/// for it or not.
pub struct Process<R> {
    state: Arc<State>,
    result: PhantomData<fn() -> R>,
}

impl<R: Message> Process<R> {
    /// Runs `function` with `arguments` in a new process.
    ///
    /// ```standalone_crate
    /// use ringway::Process;
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     ringway::init();
    ///     let sum = Process::spawn((3, 4), |(a, b): (u32, u32)| a + b)?;
    ///     assert_eq!(sum.join()?, 7);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`SpawnError`].
    pub fn spawn<A: Message>(arguments: A, function: fn(A) -> R) -> Result<Self, SpawnError> {
        Builder::new().spawn(arguments, function)
    }

    /// Waits for the end of the process, and returns what its function returned.
    ///
    /// # Errors
    /// [`JoinError`] if the function did not return: it panicked, or the process was killed or
    /// ended otherwise.
    pub fn join(self) -> Result<R, JoinError> {
        let exit = self.wait();
        self.state.answer.result(&self.state.title(), exit)
    }
}

impl Process<()> {
    /// What can be chosen for a process besides.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl<R> Process<R> {
    fn over(state: Arc<State>) -> Self {
        Self { state, result: PhantomData }
    }

    /// Waits for the end of the process, and returns how it ended. It can be called again.
    pub fn wait(&self) -> Exit {
        self.state.wait(None).expect("a wait without a deadline ends with the process")
    }

    /// Returns how the process ended, if it has.
    #[must_use]
    pub fn try_wait(&self) -> Option<Exit> {
        self.state.exit()
    }

    /// Waits for the end of the process for up to `timeout`.
    #[must_use]
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Exit> {
        self.state.wait(Instant::now().checked_add(timeout))
    }

    /// Waits for the end of the process until `deadline`.
    #[must_use]
    pub fn wait_deadline(&self, deadline: Instant) -> Option<Exit> {
        self.state.wait(Some(deadline))
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.try_wait().is_none()
    }

    /// The exit code as Python has it: `n`, `-signal`, or `None` while it runs.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match self.try_wait()? {
            Exit::Code(code) => Some(code),
            Exit::Signal(signal) => Some(-signal),
            Exit::Unknown => Some(255),
        }
    }

    /// Asks it to end, by SIGTERM. One that has ended is left alone.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn terminate(&self) -> io::Result<()> {
        self.state.child.signal(15)
    }

    /// Ends it, by SIGKILL. What it held in queues and locks comes back.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn kill(&self) -> io::Result<()> {
        self.state.child.signal(9)
    }

    /// Interrupts it, by SIGINT, as Ctrl-C does.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn interrupt(&self) -> io::Result<()> {
        self.state.child.signal(2)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.state.child.pid()
    }

    /// Its name: `Process-1` and so on, unless the builder was given one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.state.name
    }

    /// Whether it ends with this process.
    #[must_use]
    pub fn is_daemon(&self) -> bool {
        self.state.is_daemon
    }

    /// A descriptor that becomes readable when the process ends, for any event loop.
    #[must_use]
    pub fn sentinel(&self) -> BorrowedFd<'_> {
        self.state.child.as_fd()
    }

    /// Lets the process live on when this one ends.
    pub fn detach(self) {
        self.state.detach();
    }

    /// The end of its standard input, output and error that stays here, of each that is
    /// [piped](Stdio::Piped). Each can be taken once.
    pub fn take_pipe(&mut self, stream: usize) -> Option<std::fs::File> {
        self.state.take_pipe(stream)
    }
}

impl<R> fmt::Debug for Process<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_wait() {
            None => write!(f, "Process({}, running)", self.state.title()),
            Some(exit) => write!(f, "Process({}, {exit:?})", self.state.title()),
        }
    }
}
