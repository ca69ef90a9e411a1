//! Ringway measured against others: the harness, and the rivals that need little.
//!
//! A rival makes [`link::Link`]s; the harness starts senders and receivers around them, each of
//! which makes its own end. Every rival carries the same payload, writes and sums all of it, and
//! proves first that every byte arrives. Rounds are interleaved (A B C A B C), and what counts is
//! the ratio of medians within one run: absolute figures drift with the machine.

pub mod against;
pub mod arena;
pub mod carry;
pub mod children;
pub mod command;
pub mod conditions;
pub mod cores;
pub mod growth;
pub mod idle;
pub mod link;
pub mod measure;
pub mod page;
pub mod payload;
pub mod report;
pub mod rival;
pub mod rivals;
pub mod targets;
pub mod trips;
pub mod typed;
pub mod wakes;
pub mod workload;
