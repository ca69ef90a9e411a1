//! The campaigns: a worker is killed, or frozen, at every instruction of an operation.
//!
//! A worker process runs one operation under `ptrace`, one instruction at a time. Whenever the
//! bytes of the segment have changed, a copy of them is what a kill at that instruction would have
//! left: recovery and a full audit run on the copy ([`image`]). Real kills at some instructions
//! show that the copies tell the truth, and real stops show that no process waits for one that is
//! frozen.
//!
//! What is done, and what must hold afterwards, is up to the [`subject`], one module an object.

pub mod creation;
pub mod ends;
pub mod image;
pub mod lock;
pub mod objects;
pub mod program;
pub mod queue;
pub mod sleeper;
pub mod stepper;
pub mod subject;
pub mod tally;
#[cfg(target_arch = "x86_64")]
pub mod trace;
pub mod trial;

pub use self::queue::scene;
