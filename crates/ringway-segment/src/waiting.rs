//! Waiting, the same for every object: try, spin, sleep in the kernel, and look for the dead
//! meanwhile.

mod patience;
mod strategy;
mod until;
mod waiter;

pub use self::patience::Patience;
pub use self::strategy::WaitStrategy;
pub use self::until::Until;
pub use self::waiter::Waiter;
use crate::attachment::Inside;
use crate::error::SegmentError;
use crate::event::Event;

/// What a caller can wait for.
pub trait Awaited<'o>: Copy {
    /// Where it is announced.
    fn event(self) -> Event<'o>;
    /// How long the callers of this process pause before they look again.
    fn patience(self) -> &'o Patience;
    /// A number that grows with each success of this process.
    fn progress(self) -> u64 {
        0
    }
    /// Whether there is much of it; about, and never wrong for long.
    fn has_batch(self) -> bool {
        false
    }
    /// Whether there is some for another sleeper.
    ///
    /// # Errors
    /// [`SegmentError`].
    fn has_more(self) -> Result<bool, SegmentError>;
    /// Looks, each time before a caller sleeps, whether there will be none of it any more.
    ///
    /// # Errors
    /// [`SegmentError`].
    fn glance(self) -> Result<(), SegmentError> {
        Ok(())
    }
    /// Looks whether a word hides it.
    ///
    /// # Errors
    /// [`SegmentError`].
    fn check(self, inside: Inside<'_>) -> Result<(), SegmentError>;
}
