//! The heart of Ringway: segments of shared memory, the ring, blocks, participants and recovery.
//!
//! It knows no message type and no policy; those are in the `ringway` crate. The format of a segment is described in
//! `shm-layout.md` at the top of the repository.
//!
//! From the bottom up: [`word`], [`position`] and [`packed`] are the shared words; [`ring`] and [`event`] the
//! algorithms on them, which run on any storage; [`layout`] says where they lie in a [`segment`]; [`attachment`] joins
//! a process to a segment, which moves messages and [`blocks`] and does its [`waking`]; [`recovery`] takes back what the dead held.

pub mod attachment;
pub mod blocks;
pub mod census;
pub mod corruption;
pub mod error;
pub mod event;
mod header;
mod hints;
pub mod holds;
pub mod layout;
mod mapping;
mod messages;
mod names;
pub mod packed;
pub mod participant;
pub mod position;
mod prefetch;
pub mod recovery;
pub mod remains;
pub mod removal;
pub mod ring;
pub mod segment;
mod shape;
pub mod spec;
mod stock;
pub mod waking;
pub mod word;

pub use names::{Place, list, printable};
pub use ringway_sys::clock::Monotonic;

/// What the system shows of a process, for people.
pub mod process {
    pub use ringway_sys::process::{ProcessInfo, info_of};
}
