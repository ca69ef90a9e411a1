//! Values through a pipe: made into bytes by postcard, with their length before them.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::marker::PhantomData;

use crate::link::{Link, Load, Receiver, Sender};
use crate::payload;
use crate::rival::{About, Between, Rival};
use crate::typed::Value;
use crate::workload::Kind;

/// A pipe of such values.
pub struct Typed<T>(pub PhantomData<T>);

impl<T: Value> Rival for Typed<T> {
    type Link = Ends<T>;
    fn about(&self) -> About {
        About::of_crate("pipe, postcard", "postcard", Between::Processes, "sleeps")
    }
    fn joins(&self, kind: Kind) -> bool {
        kind == Kind::Typed(T::SHAPE)
    }
    fn carries(&self, load: &Load) -> bool {
        load.is_one_to_one()
    }
    fn links(&self, _load: &Load, count: usize) -> Result<Vec<Ends<T>>, String> {
        let ends =
            |_| pipe().map(|ends| Ends(ends, PhantomData)).map_err(|error| error.to_string());
        (0..count).map(ends).collect()
    }
}

/// Both ends.
pub struct Ends<T>((PipeReader, PipeWriter), PhantomData<fn() -> T>);

/// An end, with a value to be filled, and bytes.
pub struct End<F, T> {
    file: F,
    value: T,
    bytes: Vec<u8>,
}

impl<T: Value> Link for Ends<T> {
    type Sender<'l> = End<&'l PipeWriter, T>;
    type Receiver<'l> = End<&'l PipeReader, T>;
    fn sender(&self, _index: usize) -> Self::Sender<'_> {
        End { file: &self.0.1, value: T::new(), bytes: Vec::new() }
    }
    fn receiver(&self, _index: usize) -> Self::Receiver<'_> {
        End { file: &self.0.0, value: T::new(), bytes: Vec::new() }
    }
}

impl<T: Value> Sender for End<&PipeWriter, T> {
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        let mut number = [0; 8];
        write(&mut number);
        self.value.fill(payload::number(&number));
        self.bytes.clear();
        self.bytes.extend([0; 4]);
        let mut bytes =
            postcard::to_extend(&self.value, std::mem::take(&mut self.bytes)).expect("bytes");
        let length = bytes.len() as u32 - 4;
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        self.file.write_all(&bytes).expect("a reader");
        self.bytes = bytes;
    }
}

impl<T: Value> Receiver for End<&PipeReader, T> {
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        let mut length = [0; 4];
        self.file.read_exact(&mut length).expect("a writer");
        self.bytes.resize(u32::from_le_bytes(length) as usize, 0);
        self.file.read_exact(&mut self.bytes).expect("a writer");
        self.value = postcard::from_bytes(&self.bytes).expect("a value");
        read(&self.value.check().to_le_bytes());
    }
}
