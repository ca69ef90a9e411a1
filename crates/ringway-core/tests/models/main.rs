//! Protocols of the segment as explicit-state models, each rule with a run that shows what breaks
//! without it.
//!
//! The models are small and stand alone: they check the rules, not the code.
//! `RINGWAY_MODELS_LARGE=1` explores larger sizes.

mod directory;
mod explore;
mod lock;
mod sweep;
