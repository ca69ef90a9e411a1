//! Processes that are joined where they were started.

use std::cell::RefCell;

use super::Builder;
use super::error::SpawnError;
use super::failure::{Failure, Outcome};
use crate::message::Message;

/// What the function of a process in a [`scope`] returns: nothing, or an [`Outcome`].
pub trait Success: Message {
    /// The failure, if it is one.
    ///
    /// # Errors
    /// The failure.
    fn check(self) -> Outcome;
}

impl Success for () {
    fn check(self) -> Outcome {
        Ok(())
    }
}

impl Success for Outcome {
    fn check(self) -> Outcome {
        self
    }
}

/// Where processes are started that are joined at its end. See [`scope`].
#[derive(Default)]
pub struct Scope {
    joins: RefCell<Vec<Join>>,
}

type Join = Box<dyn FnOnce() -> Outcome>;

impl Scope {
    /// Starts a process, which is joined at the end of the scope. See [`Process::spawn`](super::Process::spawn).
    ///
    /// # Errors
    /// [`SpawnError`].
    pub fn spawn<A: Message, R: Success + 'static>(
        &self,
        arguments: A,
        function: fn(A) -> R,
    ) -> Result<(), SpawnError> {
        self.spawn_with(Builder::new(), arguments, function)
    }

    /// Starts a process with options.
    ///
    /// # Errors
    /// [`SpawnError`].
    pub fn spawn_with<A: Message, R: Success + 'static>(
        &self,
        builder: Builder,
        arguments: A,
        function: fn(A) -> R,
    ) -> Result<(), SpawnError> {
        let process = builder.spawn(arguments, function)?;
        let join = move || -> Outcome { process.join()?.check() };
        self.joins.borrow_mut().push(Box::new(join));
        Ok(())
    }
}

/// Calls `start`, which may start processes, and waits for all of them. Returns what `start`
/// returned, or else the first failure.
///
/// ```standalone_crate
/// use ringway::Queue;
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     ringway::init();
///     let queue = Queue::unnamed(10)?;
///     ringway::scope(|scope| {
///         for number in 0..3 {
///             scope.spawn((queue.clone(), number), |(queue, number): (Queue<u32>, u32)| {
///                 queue.put(number).expect("an open queue");
///             })?;
///         }
///         Ok(())
///     })?;
///     assert_eq!(queue.len()?, 3);
///     Ok(())
/// }
/// ```
///
/// # Errors
/// The failure of `start`, and else that of the first process that failed, in the order in which
/// they were started.
pub fn scope<T>(start: impl FnOnce(&Scope) -> Result<T, Failure>) -> Result<T, Failure> {
    let scope = Scope::default();
    let mut result = start(&scope);
    for join in scope.joins.into_inner() {
        let joined = join();
        if result.is_ok()
            && let Err(failure) = joined
        {
            result = Err(failure);
        }
    }
    result
}
