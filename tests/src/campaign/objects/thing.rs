//! An object of a context, of either kind.

use std::collections::HashMap;

use ringway::{Context, CreateError, Lock, OpenError, Queue, QueueOptions};

use crate::campaign::queue::scene::{MAXSIZE, number_of, text_of};
use crate::campaign::queue::{check_capacity, drain};

/// What a worker puts into a queue to see whether it works.
const PROBE: u64 = 9000;
/// More than the slots of a ring of messages.
const LAP: u64 = 300;

/// A kind of object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A queue.
    Queue,
    /// A lock.
    Lock,
}

/// A handle of an object.
pub enum Thing {
    /// Of a queue.
    Queue(Queue<[u8]>),
    /// Of a lock.
    Lock(Lock),
}

/// The options of every queue of the campaign.
pub fn options() -> QueueOptions<[u8]> {
    Queue::options().maxsize(MAXSIZE).max_message(64).loans(4)
}

impl Thing {
    /// Makes an object.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn make(context: &Context, what: What, name: &str) -> Result<Self, CreateError> {
        match what {
            What::Queue => options().create_in(context, name).map(Self::Queue),
            What::Lock => Lock::create_in(context, name).map(Self::Lock),
        }
    }

    /// Opens one.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(context: &Context, what: What, name: &str) -> Result<Self, OpenError> {
        match what {
            What::Queue => options().open_in(context, name).map(Self::Queue),
            What::Lock => Lock::open_in(context, name).map(Self::Lock),
        }
    }

    /// Removes its name.
    ///
    /// # Errors
    /// When that fails.
    pub fn remove(&self) -> Result<bool, String> {
        match self {
            Self::Queue(queue) => queue.remove(),
            Self::Lock(lock) => lock.remove(),
        }
        .map_err(|error| error.to_string())
    }

    /// Puts two messages in, or takes the lock for good.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn fill(&self) -> Result<(), String> {
        match self {
            Self::Queue(queue) => [100, 101].into_iter().try_for_each(|number| {
                queue.try_put(text_of(number)).map_err(|error| error.to_string())
            }),
            Self::Lock(lock) => {
                lock.try_acquire().map_err(|error| error.to_string())?.keep();
                Ok(())
            }
        }
    }

    /// Checks that it is as [`fill`](Self::fill) left it, but for the first `taken` messages.
    ///
    /// # Errors
    /// What it is like instead.
    pub fn is_filled(&self, taken: u64) -> Result<(), String> {
        match self {
            Self::Queue(queue) => {
                let (numbers, closed) = drain(queue)?;
                let wanted: Vec<u64> = (100 + taken..102).collect();
                for &number in &wanted {
                    queue.try_put(text_of(number)).map_err(|error| error.to_string())?;
                }
                if closed || numbers != wanted {
                    return Err(format!("{numbers:?} in place of {wanted:?}"));
                }
                Ok(())
            }
            Self::Lock(lock) if lock.is_locked() => Ok(()),
            Self::Lock(_) => Err("the lock is free".to_owned()),
        }
    }

    /// Uses it as one of many, and leaves it as it was.
    ///
    /// # Errors
    /// When it does not work.
    pub fn lap(&self) -> Result<(), String> {
        match self {
            Self::Queue(queue) => {
                let before = drain(queue)?.0;
                let mut left = HashMap::new();
                for number in 0..LAP {
                    queue.try_put(text_of(number)).map_err(|error| error.to_string())?;
                    *left.entry(number).or_insert(0) += 1;
                    let got = queue.try_get().map_err(|error| error.to_string())?;
                    *left.entry(number_of(&got)).or_insert(0) -= 1;
                }
                if left.values().any(|&count| count != 0) {
                    return Err("what was put is not what came".to_owned());
                }
                before.into_iter().try_for_each(|number| {
                    queue.try_put(text_of(number)).map_err(|error| error.to_string())
                })
            }
            Self::Lock(lock) => {
                let was_held = lock.release().is_ok();
                for _ in 0..LAP {
                    drop(lock.try_acquire().map_err(|error| error.to_string())?);
                }
                let guard = lock.try_acquire().map_err(|error| error.to_string())?;
                if was_held {
                    guard.keep();
                }
                Ok(())
            }
        }
    }

    /// Uses it as a worker does beside others, once.
    ///
    /// # Panics
    /// When it does not work.
    pub fn probe(&self) {
        match self {
            Self::Queue(queue) => {
                queue.put(text_of(PROBE)).expect("a place");
                drop(queue.get().expect("a message"));
            }
            Self::Lock(lock) => {
                let _ = lock.release();
                drop(lock.acquire().expect("a free lock"));
            }
        }
    }

    /// Checks that it does all that such an object does, and that it is empty or free. With `told`
    /// the holder of a lock has to be told of a death.
    ///
    /// # Errors
    /// What does not hold.
    pub fn works(&self, told: Option<bool>) -> Result<(), String> {
        match self {
            Self::Queue(queue) => check_capacity(queue),
            Self::Lock(lock) => {
                let guard = lock.try_acquire().map_err(|error| error.to_string())?;
                if told.is_some_and(|told| guard.owner_died() != told) {
                    return Err(format!("its holder is told of a death: {}", guard.owner_died()));
                }
                drop(guard.acknowledge());
                let guard = lock.try_acquire().map_err(|error| error.to_string())?;
                if guard.owner_died() { Err("it tells again".to_owned()) } else { Ok(()) }
            }
        }
    }

    /// Empties a queue. Returns what was in it.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn empty(&self) -> Result<Vec<u64>, String> {
        match self {
            Self::Queue(queue) => drain(queue).map(|(numbers, _)| numbers),
            Self::Lock(_) => Ok(Vec::new()),
        }
    }
}
