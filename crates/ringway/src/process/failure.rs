//! An error of any kind, as it travels from a process to the one that joins it.

use core::fmt;
use std::error::Error;

use crate::Message;

/// What the function of a process returns that has no result but may fail.
pub type Outcome = Result<(), Failure>;

/// An error of any kind, as a text with its causes: what `?` makes of an error in a function that
/// runs in another process.
///
/// ```
/// use ringway::{Failure, Outcome};
///
/// fn work() -> Outcome {
///     let _: u32 = "seven".parse()?;
///     Ok(())
/// }
/// assert_eq!(work().unwrap_err().to_string(), "invalid digit found in string");
/// assert_eq!(Failure::new("no work left").to_string(), "no work left");
/// ```
#[derive(Message, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The error, and what it was caused by.
    chain: Vec<String>,
}

impl Failure {
    /// A failure with this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { chain: vec![text.into()] }
    }

    /// The texts of the error and of its causes, the error first.
    pub fn chain(&self) -> impl Iterator<Item = &str> {
        self.chain.iter().map(String::as_str)
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut chain = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            chain.push(error.to_string());
            cause = error.source();
        }
        Self { chain }
    }
}

// It is no `Error` itself, or `From` could not be there for all of them.
impl From<Failure> for Box<dyn Error> {
    fn from(failure: Failure) -> Self {
        failure.to_string().into()
    }
}

impl From<Failure> for Box<dyn Error + Send + Sync> {
    fn from(failure: Failure) -> Self {
        failure.to_string().into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chain.join(": "))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({self})")
    }
}
