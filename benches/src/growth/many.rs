//! Some queues, which both sides take in turn.

use crate::link::{Link, Load, Receiver, Sender};
use crate::rivals::ringway::{End, Named, Way};

/// Some queues.
pub struct Many(Vec<Named>);

impl Many {
    /// So many queues for that load.
    pub fn new(count: usize, load: &Load) -> Result<Self, String> {
        (0..count).map(|_| Named::new(Way::Default, load)).collect::<Result<_, _>>().map(Self)
    }
    /// Bytes of address space, and of memory, of all.
    pub fn bytes(&self) -> Result<(u64, u64), String> {
        self.0.iter().try_fold((0, 0), |(all, resident), named| {
            let bytes = named.bytes()?;
            Ok((all + bytes.0, resident + bytes.1))
        })
    }
}

/// An end of each, and whose turn it is.
pub struct Ends {
    ends: Vec<End>,
    turn: usize,
}

impl Ends {
    #[inline]
    fn next(&mut self) -> &mut End {
        let turn = self.turn;
        self.turn = if turn + 1 == self.ends.len() { 0 } else { turn + 1 };
        &mut self.ends[turn]
    }
}

impl Link for Many {
    type Sender<'l> = Ends;
    type Receiver<'l> = Ends;
    fn sender(&self, index: usize) -> Ends {
        Ends { ends: self.0.iter().map(|named| named.sender(index)).collect(), turn: 0 }
    }
    fn receiver(&self, index: usize) -> Ends {
        Ends { ends: self.0.iter().map(|named| named.receiver(index)).collect(), turn: 0 }
    }
}

impl Sender for Ends {
    #[inline]
    fn send(&mut self, size: usize, write: impl FnOnce(&mut [u8])) {
        self.next().send(size, write);
    }
}

impl Receiver for Ends {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        self.next().receive(read);
    }
}
