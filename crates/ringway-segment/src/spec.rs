//! What a new segment shall be.

use crate::layout::Measures;

/// What a new segment shall be.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The four numbers that its size follows from.
    pub measures: Measures,
    /// Permissions of its file.
    pub mode: u32,
    /// Reserve and touch all memory at once.
    pub prefault: bool,
    /// Ask for huge pages.
    pub huge_pages: bool,
    /// Fingerprint of the messages; 0 for plain bytes.
    pub fingerprint: u64,
    /// What the messages are, in words; cut to 64 bytes.
    pub schema: String,
    /// First position of every ring. Not 0 only in tests of the wrap.
    pub first_position: u64,
}
