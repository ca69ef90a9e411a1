//! The algorithms of Ringway over 64-bit words: the ring, the store of blocks, the event count, the
//! lock word and the membership table.
//!
//! Nothing here maps memory or calls the system. Every algorithm is generic over its words
//! ([`word::Word`]), so that the code which runs on a mapped segment is the code that loom, shuttle
//! and the death tests explore. `shm-layout.md` describes the words and has the proof.
//!
//! From the bottom up: [`word`], [`position`] and [`state`] are the words; [`owned`] turns the
//! ownership of a block into a value; [`ring`] moves blocks, [`lanes`] reads two rings as one,
//! [`store`] has the free ones; [`event_count`] is what sleepers register at; [`lock_word`] is a
//! lock whose owner may die; [`membership`] is the table of participants, whose generations tell
//! the living from the dead.

pub mod block;
pub mod corruption;
pub mod event_count;
pub mod lanes;
pub mod lock_word;
pub mod membership;
pub mod owned;
pub mod owner;
pub mod position;
pub mod prefetch;
pub mod ring;
pub mod state;
pub mod store;
pub mod word;
