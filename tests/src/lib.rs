//! Internal package.
