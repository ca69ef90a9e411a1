//! Asking for a cache line before it is needed. Where the processor has no such instruction,
//! nothing happens.

/// The line will be written soon.
#[inline(always)]
pub fn for_writing<T>(_at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // By its name, because the intrinsic becomes a prefetch for reading unless the crate is built
    // for a processor that is known to have this one; and a line that was fetched for reading is
    // asked for once more when it is written. SAFETY: it touches nothing and faults on no address.
    // Every 64-bit processor has it, if only as a no-op.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) _at, options(readonly, nostack, preserves_flags));
    }
}

/// The line will be read soon.
#[inline(always)]
pub fn for_reading<T>(_at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as above.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(_at.cast());
    }
}
