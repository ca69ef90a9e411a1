//! Which process it is, and whether the kernel says that it lives.

mod host;
mod identity;
mod life;
mod maps;
mod pidfd;
mod procfs;
mod sight;

pub use host::{boot_id, random_bytes, thread_id};
pub use identity::Identity;
pub use life::{Life, life_of};
pub use maps::maps_file;
pub use sight::{Sight, sight_of};
