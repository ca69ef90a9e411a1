//! What the checks share: queues on the heap, participants, and the words of the model checkers.
#![allow(dead_code)] // each check uses a part

pub mod audit;
pub mod corpse;
pub mod futex;
pub mod heap;
pub mod loom;
pub mod loom_word;
pub mod members;
pub mod party;
pub mod shuttle_word;
pub mod steps;
