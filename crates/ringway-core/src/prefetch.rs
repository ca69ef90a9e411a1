//! Asking for a cache line before it is needed. Where the processor has no such instruction, nothing happens.

/// The line will be written soon.
#[inline(always)]
pub(crate) fn for_writing<T>(_at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch touches nothing and faults on no address.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_ET0 }>(_at.cast());
    }
}

/// The line will be read soon.
#[inline(always)]
pub(crate) fn for_reading<T>(_at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as above.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(_at.cast());
    }
}
