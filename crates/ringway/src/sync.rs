//! Objects that keep processes in step.

mod lock;

pub use self::lock::{AcquireError, Lock, LockGuard, LockOptions, ReleaseError};
