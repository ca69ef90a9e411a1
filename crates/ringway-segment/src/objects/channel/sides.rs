//! What a caller can wait for at a queue.

use super::Channel;
use crate::attachment::Inside;
use crate::error::SegmentError;
use crate::event::Event;
use crate::waiting::{Awaited, Patience};

/// One side of a queue.
#[derive(Clone, Copy)]
pub enum Side<'c> {
    /// A message.
    NotEmpty(&'c Channel),
    /// A place.
    NotFull(&'c Channel),
    /// A place, for a caller that takes none yet, and passes it on if it does not in the end.
    Room(&'c Channel),
    /// A free block of a class.
    BlockFreed(&'c Channel, u8),
}

impl<'c> Side<'c> {
    #[inline(always)]
    fn channel(self) -> &'c Channel {
        match self {
            Self::NotEmpty(channel)
            | Self::NotFull(channel)
            | Self::Room(channel)
            | Self::BlockFreed(channel, _) => channel,
        }
    }
}

impl<'c> Awaited<'c> for Side<'c> {
    fn event(self) -> Event<'c> {
        match self {
            Self::NotEmpty(channel) => channel.not_empty(),
            Self::NotFull(channel) | Self::Room(channel) => channel.not_full(),
            Self::BlockFreed(channel, class) => channel.parts.freed(class),
        }
    }
    fn patience(self) -> &'c Patience {
        match self {
            Self::NotEmpty(channel) => &channel.get_patience,
            Self::NotFull(channel) | Self::Room(channel) | Self::BlockFreed(channel, _) => {
                &channel.put_patience
            }
        }
    }
    fn progress(self) -> u64 {
        let hints = &self.channel().hints;
        if matches!(self, Self::NotEmpty(_)) { hints.gets() } else { hints.puts() }
    }
    fn has_batch(self) -> bool {
        let ring = self.channel().ring();
        let (queued, limit) = (ring.approx_len(), ring.shape().limit());
        match self {
            Self::NotEmpty(_) => queued > limit / 2,
            _ => limit.saturating_sub(queued) > limit / 2,
        }
    }
    fn has_more(self) -> Result<bool, SegmentError> {
        let ring = self.channel().ring();
        Ok(match self {
            Self::NotEmpty(channel) => channel.size()? != 0,
            Self::NotFull(_) => ring.len()? < ring.shape().limit(),
            Self::Room(_) => false,
            Self::BlockFreed(channel, class) => {
                !channel.parts.free_blocks(channel.segment(), class).is_empty()?
            }
        })
    }
    fn glance(self) -> Result<(), SegmentError> {
        match self {
            Self::NotEmpty(channel) => channel.end_if_over(),
            _ => Ok(()), // a caller that waits for more than messages puts
        }
    }
    fn check(self, inside: Inside<'_>) -> Result<(), SegmentError> {
        self.channel().check(inside)
    }
}
