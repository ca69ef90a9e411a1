//! Ringway measured against others: the harness, and the rivals that need little.
//!
//! A rival makes a [`link::Link`]; [`run`] forks senders and receivers around it, each of which makes its own end. Every
//! rival carries the same payload, writes and sums all of it, and proves first that every byte arrives. Rounds are
//! interleaved (A B C A B C), and what counts is the ratio of medians within one run: absolute figures drift with the
//! machine.

pub mod arena;
pub mod command;
pub mod conditions;
pub mod link;
pub mod measure;
pub mod page;
pub mod payload;
pub mod report;
pub mod rivals;
pub mod run;
pub mod targets;
pub mod workload;
