//! Blocks of a queue that are given back when they are dropped.

use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::{Deref, DerefMut};
use core::sync::atomic::Ordering::Relaxed;

use ringway_core::owned::{Batch, Owned};

use super::Channel;

/// A block of a queue that this process owns.
pub struct OwnedBlock<'c> {
    channel: &'c Channel,
    owned: ManuallyDrop<Owned>,
}

impl<'c> OwnedBlock<'c> {
    #[inline(always)]
    pub(super) fn new(channel: &'c Channel, owned: Owned) -> Self {
        Self { channel, owned: ManuallyDrop::new(owned) }
    }

    /// The queue that it belongs to.
    #[inline]
    pub fn channel(&self) -> &'c Channel {
        self.channel
    }

    #[inline(always)]
    pub(super) fn into_owned(self) -> Owned {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: taken once, since `this` is neither used nor dropped any more.
        unsafe { ManuallyDrop::take(&mut this.owned) }
    }

    /// All its bytes, to be filled.
    #[inline]
    pub fn room(&mut self) -> &mut [MaybeUninit<u8>] {
        match self.channel.parts.place(self.owned.block()) {
            // SAFETY: the block lies within the mapping and has `bytes` bytes. Its state word says
            // that it is ours, so no correct participant touches it; within this process there is
            // one `Owned` of it, which is borrowed here.
            Some((_, base, bytes)) => unsafe {
                core::slice::from_raw_parts_mut(base.as_ptr().cast(), bytes)
            },
            None => &mut [],
        }
    }

    /// The first `length` of its bytes, to be filled or read. They are what an earlier message
    /// left, or zero.
    #[inline]
    pub fn filled(&mut self, length: usize) -> &mut [u8] {
        match self.channel.parts.place(self.owned.block()) {
            // SAFETY: as in `room`. Bytes of a shared mapping are always initialised: by an earlier
            // message, or with zeros by the kernel.
            Some((_, base, bytes)) => unsafe {
                core::slice::from_raw_parts_mut(base.as_ptr(), length.min(bytes))
            },
            None => &mut [],
        }
    }

    /// Makes `message` the message in it. One that is longer than the block becomes empty.
    #[inline(always)]
    pub fn write(&mut self, message: &[u8]) {
        let Some((descriptor, base, bytes)) = self.channel.parts.place(self.owned.block()) else {
            return;
        };
        // The length stays that of the caller, who may know it at compile time.
        if message.len() > bytes {
            return descriptor.length.store(0, Relaxed); // ours; carried by: publish
        }
        // SAFETY: as in `room`; `message` is not in the block, which is borrowed mutably.
        unsafe { base.as_ptr().copy_from_nonoverlapping(message.as_ptr(), message.len()) };
        descriptor.length.store(message.len() as u64, Relaxed); // ours; carried by: publish
    }

    /// The message in it. A length that cannot be is cut to the block.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        match self.channel.parts.place(self.owned.block()) {
            Some((descriptor, base, bytes)) => {
                let length = descriptor.length.load(Relaxed); // ours; carried by: publish
                let length = length.min(bytes as u64) as usize;
                // SAFETY: as in `room`; memory of a shared mapping is initialised.
                unsafe { core::slice::from_raw_parts(base.as_ptr(), length) }
            }
            None => &[],
        }
    }

    /// Sets the length of the message in it, which a push publishes.
    #[inline]
    pub fn set_length(&mut self, bytes: usize) {
        if let Some(descriptor) = self.channel.parts.descriptor(self.owned.block()) {
            descriptor.length.store(bytes as u64, Relaxed); // ours; carried by: publish
        }
    }
}

impl Drop for OwnedBlock<'_> {
    #[inline]
    fn drop(&mut self) {
        // A forked child has a copy of the handle, but the block is its parent's. A block that a
        // damaged ring does not take stays ours until we leave.
        if let Ok(inside) = self.channel.attachment().enter() {
            // SAFETY: taken once, in this drop.
            let owned = unsafe { ManuallyDrop::take(&mut self.owned) };
            let _ = self.channel.release(inside, owned);
        }
    }
}

/// Blocks of a queue that this process owns, in order.
pub struct OwnedBlocks<'c> {
    channel: &'c Channel,
    batch: Batch,
}

impl<'c> OwnedBlocks<'c> {
    /// None.
    #[inline]
    pub fn new(channel: &'c Channel) -> Self {
        Self { channel, batch: Batch::new() }
    }
    /// The queue that they belong to.
    #[inline]
    pub fn channel(&self) -> &'c Channel {
        self.channel
    }
    /// Number of blocks.
    #[inline]
    pub fn len(&self) -> usize {
        self.batch.len()
    }
    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }
    #[inline]
    pub(super) fn owned(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Puts a block at the end.
    ///
    /// # Errors
    /// The block, when there is no room for it, or it is of another queue.
    #[inline]
    pub fn push_back(&mut self, held: OwnedBlock<'c>) -> Result<(), OwnedBlock<'c>> {
        if !core::ptr::eq(held.channel, self.channel) {
            return Err(held);
        }
        let channel = self.channel;
        self.batch.push_back(held.into_owned()).map_err(|owned| OwnedBlock::new(channel, owned))
    }

    /// Takes the first block out.
    #[inline]
    pub fn pop_front(&mut self) -> Option<OwnedBlock<'c>> {
        self.batch.pop_front().map(|owned| OwnedBlock::new(self.channel, owned))
    }
}

impl Drop for OwnedBlocks<'_> {
    fn drop(&mut self) {
        while self.pop_front().is_some() {}
    }
}

/// A block that a user of the queue has: a guard of a message, or a loan. It may be forgotten.
pub struct Guard<'c>(ManuallyDrop<OwnedBlock<'c>>);

impl<'c> Guard<'c> {
    /// Hands a block to the user.
    #[inline(always)]
    pub fn new(held: OwnedBlock<'c>) -> Self {
        held.channel.lent.lend(1);
        Self(ManuallyDrop::new(held))
    }

    /// The same guard, for as long as the caller keeps the queue alive.
    ///
    /// # Safety
    /// The queue outlives the guard.
    pub unsafe fn outlive<'l>(self) -> Guard<'l> {
        // SAFETY: the types differ in a lifetime, for which the caller vouches.
        unsafe { core::mem::transmute::<Guard<'c>, Guard<'l>>(self) }
    }

    /// Takes it back.
    #[inline(always)]
    pub fn into_held(self) -> OwnedBlock<'c> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: taken once, since `this` is neither used nor dropped any more.
        let held = unsafe { ManuallyDrop::take(&mut this.0) };
        held.channel.lent.take_back(1);
        held
    }
}

impl<'c> Deref for Guard<'c> {
    type Target = OwnedBlock<'c>;
    #[inline(always)]
    fn deref(&self) -> &OwnedBlock<'c> {
        &self.0
    }
}

impl DerefMut for Guard<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Drop for Guard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.channel.lent.take_back(1);
        // SAFETY: dropped once, in this drop.
        unsafe { ManuallyDrop::drop(&mut self.0) };
    }
}

/// Blocks that a user of the queue has, in order.
pub struct GuardMany<'c>(OwnedBlocks<'c>);

impl<'c> GuardMany<'c> {
    /// Hands blocks to the user.
    pub fn new(many: OwnedBlocks<'c>) -> Self {
        many.channel.lent.lend(many.len() as u64);
        Self(many)
    }
    /// The same guard, for as long as the caller keeps the queue alive.
    ///
    /// # Safety
    /// The queue outlives the guard, and each guard that is taken out of it.
    pub unsafe fn outlive<'l>(self) -> GuardMany<'l> {
        // SAFETY: the types differ in a lifetime, for which the caller vouches.
        unsafe { core::mem::transmute::<GuardMany<'c>, GuardMany<'l>>(self) }
    }
    /// Number of blocks.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Takes the first block out, which stays with the user.
    #[inline]
    pub fn pop_front(&mut self) -> Option<Guard<'c>> {
        self.0.pop_front().map(|held| Guard(ManuallyDrop::new(held)))
    }
}

impl Drop for GuardMany<'_> {
    fn drop(&mut self) {
        self.0.channel.lent.take_back(self.0.len() as u64);
    }
}
