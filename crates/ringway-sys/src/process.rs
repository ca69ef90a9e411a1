//! Identifies processes and asks the kernel whether they are alive.

mod host;
mod identity;
mod info;
mod liveness;
mod maps;
pub(crate) mod pidfd;
mod procfs;
mod sentinels;

pub use host::{boot_id, random_bytes, thread_id};
pub use identity::Identity;
pub use info::{ProcessInfo, info_of};
pub use liveness::{Liveness, liveness_of};
pub use maps::maps_file;
pub use sentinels::Sentinels;
