//! How deep a value may be nested.

use core::cell::Cell;

use rkyv::rancor::{Source, fail};

/// How deep a message may be nested. Serialising and checking go as deep on the stack.
pub(crate) const DEPTH_MAX: u32 = 256;

#[derive(Debug, thiserror::Error)]
#[error("it is nested more than {DEPTH_MAX} deep; send it in parts, or flatten it")]
pub(crate) struct TooDeep;

thread_local!(static DEPTH: Cell<u32> = const { Cell::new(0) });

/// One level of a value that is being serialised.
struct Level;

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

/// Serialises one level of a value, which the derive wraps in this.
///
/// # Errors
/// That of `serialise`; or the value is nested too deeply.
#[inline]
pub fn nested<R, E: Source>(serialise: impl FnOnce() -> Result<R, E>) -> Result<R, E> {
    let depth = DEPTH.with(|depth| depth.replace(depth.get() + 1));
    let _level = Level;
    if depth >= DEPTH_MAX {
        fail!(TooDeep);
    }
    serialise()
}
