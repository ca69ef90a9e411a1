//! The heart of Ringway: segments of shared memory, the ring, blocks, participants and recovery.
//!
//! It knows no message type and no policy; those are in the `ringway` crate. The format of a segment is described in
//! `shm-layout.md` at the top of the repository.

pub mod event;
pub mod packed;
pub mod position;
pub mod ring;
pub mod word;
