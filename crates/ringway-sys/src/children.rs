//! Starts child processes, hands them descriptors, and waits for their end.

mod image;
mod own;
mod spawn;
mod wait;

pub use image::{Address, Image};
pub use own::{
    Resource, at_exit, die_with_parent, ignore_broken_pipes, is_privileged, limit, renice, run_on,
    take_over,
};
pub use spawn::{Spawn, Stream};
pub use wait::{Child, Exit, Watched, poll};
