//! The campaigns: a worker is killed, or frozen, at every instruction of an operation.
//!
//! A worker process runs one operation under `ptrace`, one instruction at a time. Whenever the bytes of the segment have
//! changed, a copy of them is what a kill at that instruction would have left: recovery and a full audit run on the
//! copy ([`image`]). Real kills at a stride show that the copies tell the truth, and real stops show that nobody waits
//! for a process that is frozen.

pub mod audit;
pub mod creation;
pub mod image;
pub mod operation;
pub mod run;
pub mod scene;
pub mod sleepers;
pub mod stepper;
#[cfg(target_arch = "x86_64")]
pub mod trace;
