//! Segments of shared memory, with participants and objects in them.
//!
//! A segment holds objects; a process joins it once. From the bottom up: [`layout`] says where the
//! words of a [`segment`] lie; `participants` is the table of processes that have it open, of
//! which an [`attachment`] is one; [`lives`] removes names that go by themselves; the [`directory`] says which objects it holds; [`objects`] has
//! the body and the operations of each kind; [`waiting`] is the engine of every blocking call;
//! `watch` finds dead participants, and [`recovery`] takes back what they owned; [`inspect`]
//! looks from outside.
//!
//! The algorithms on the words are those of `ringway-core`. The format is described in
//! `shm-layout.md` at the top of the repository.

pub mod attachment;
mod body;
pub mod directory;
pub mod error;
pub mod event;
pub mod inspect;
pub mod layout;
pub mod lives;
pub mod objects;
mod participants;
pub mod place;
pub mod recovery;
pub mod segment;
pub mod spec;
pub mod waiting;
mod watch;

pub use ringway_core as core;
pub use ringway_sys::clock::Monotonic;

/// What the system shows of a process, for people.
pub mod process {
    pub use ringway_sys::process::{ProcessInfo, info_of};
}
