//! Starts child processes, hands them descriptors, and waits for their end.

mod image;
mod own;
mod spawn;
mod wait;

pub use image::{Address, Image};
pub use own::{Resource, die_with_parent, limit, renice, run_on};
pub use spawn::{Spawn, Stream};
pub use wait::{Child, Exit, poll};
