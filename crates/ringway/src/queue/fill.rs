//! Writing a message into the queue.

use core::mem::MaybeUninit;
use core::sync::atomic::Ordering::Relaxed;

use ringway_segment::attachment::Inside;
use ringway_segment::objects::channel::OwnedBlock;
use ringway_segment::waiting::Until;

use super::shared::{Shared, Stop};
use crate::as_message::Destination;
use crate::message::{self, Form, Message};

/// The next place of the queue, by the way that nearly every put of bytes goes. If a closer look is
/// needed, the error is the block that holds the message, if there is one.
pub(crate) struct NextPlace<'s>(pub(crate) &'s Shared);

impl<'s> Destination for NextPlace<'s> {
    type Done = ();
    type Stop = Option<OwnedBlock<'s>>;

    #[inline(always)]
    fn bytes(self, bytes: &[u8]) -> Result<(), Self::Stop> {
        let channel = &self.0.channel;
        channel.put_fast(channel.attachment().enter().map_err(|_| None)?, bytes)
    }

    /// How large it will be is not known yet.
    #[inline(always)]
    fn form<T: Message>(self, _: &impl Form<T>) -> Result<(), Self::Stop> {
        Err(None)
    }
}

/// A block. `Inside` is of after the value's own code, which may have forked.
pub(crate) struct IntoBlock<'s> {
    pub(crate) shared: &'s Shared,
    pub(crate) until: Until,
}

impl<'s> Destination for IntoBlock<'s> {
    type Done = (OwnedBlock<'s>, Inside<'s>);
    type Stop = Stop;

    #[inline]
    fn bytes(self, bytes: &[u8]) -> Result<Self::Done, Stop> {
        let Self { shared, until } = self;
        let inside = shared.channel.attachment().enter()?;
        let mut block = shared.take(inside, bytes.len(), until)?;
        block.write(bytes);
        Ok((block, inside))
    }

    #[inline]
    fn form<T: Message>(self, value: &impl Form<T>) -> Result<Self::Done, Stop> {
        let Self { shared, until } = self;
        let Shared { channel, last_size, is_nested, .. } = shared;
        let max_message = channel.measures().max_message;
        let mut inside = channel.attachment().enter()?;
        let least = size_of::<T::Archived>();
        let guess = last_size.load(Relaxed); // a guess
        let guessed = (guess > least).then(|| shared.take(inside, guess, Until::Now));
        let guessed = guessed.and_then(Result::ok);
        let mut taken = guessed.map_or_else(|| shared.take(inside, least, until), Ok);
        loop {
            let mut block = taken?;
            let room: &mut [MaybeUninit<u8>] = block.room();
            let available = room.len();
            let needed = message::encode(value, room, *is_nested).map_err(Stop::encode)?;
            inside = channel.attachment().enter()?; // the value's own code may have forked
            if needed <= available && needed as u64 <= max_message {
                block.set_length(needed);
                if needed != guess {
                    last_size.store(needed, Relaxed); // a guess
                }
                return Ok((block, inside));
            }
            drop(block);
            taken = shared.take(inside, needed, until);
        }
    }
}
