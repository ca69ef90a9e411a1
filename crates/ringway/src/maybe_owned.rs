//! What a guard came from: borrowed, as long as that is enough, or a handle of its own.

use core::ops::Deref;

/// A handle that is borrowed or owned.
pub(crate) enum MaybeOwned<'h, H> {
    Borrowed(&'h H),
    Owned(H),
}

impl<H: Clone> MaybeOwned<'_, H> {
    pub(crate) fn into_owned(self) -> MaybeOwned<'static, H> {
        MaybeOwned::Owned(match self {
            Self::Borrowed(handle) => handle.clone(),
            Self::Owned(handle) => handle,
        })
    }
}

impl<'h, H: Clone> Clone for MaybeOwned<'h, H> {
    fn clone(&self) -> Self {
        match self {
            Self::Borrowed(handle) => Self::Borrowed(handle),
            Self::Owned(handle) => Self::Owned(handle.clone()),
        }
    }
}

impl<H> Deref for MaybeOwned<'_, H> {
    type Target = H;
    #[inline]
    fn deref(&self) -> &H {
        match self {
            Self::Borrowed(handle) => handle,
            Self::Owned(handle) => handle,
        }
    }
}
