//! The same schedule of random kills for Ringway and for others: two producers and two consumers
//! are busy, one of the four gets a SIGKILL at a random moment, and the rest have to go on.
//!
//! Every contestant tells what it does on a [`board`] in shared memory, where a kill leaves it as
//! it was.

pub mod board;
pub mod contestants;
pub mod trial;
pub mod vyukov;
pub mod worker;
