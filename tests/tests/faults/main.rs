//! The faults of the core that a review found, by number. A test that is ignored as `open: C3` fails until that fault
//! is mended; `cargo test -p ringway-tests --test faults -- --ignored` shows how.

#[cfg(target_arch = "x86_64")]
mod adoption;
mod containers;
mod cost;
mod crowds;
mod descriptors;
#[cfg(target_arch = "x86_64")]
mod generations;
mod memory;
mod restarts;
mod trust;
mod waiting;
