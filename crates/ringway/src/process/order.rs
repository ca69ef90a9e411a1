//! What a child is to do: a file of memory that is sealed before the child exists.

use core::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use ringway_sys::children::Image;
use ringway_sys::shm;
use rkyv::util::AlignedVec;

use super::entry::Function;
use crate::error::Reason;
use crate::handover::Id;
use crate::message::{self, Message, Payload};
use crate::schema::Schema;

const MAGIC: [u8; 16] = *b"ringway order 1\n";
/// Where the order begins; the arguments follow, at the same alignment.
const BODY: u64 = 64;

/// An order but for the arguments.
#[derive(crate::Message, Debug, Clone)]
pub(super) struct Order {
    pub program: Program,
    pub function: Function,
    pub name: String,
    pub parent: u32,
    pub parent_name: String,
    pub is_daemon: bool,
    pub wishes: Wishes,
    /// The descriptor of the answer, and those of segments.
    pub answer: i32,
    /// What the child closes when it has opened its handles.
    pub handing: i32,
    pub segments: Vec<(Id, i32)>,
}

/// What the child shall change about itself.
#[derive(crate::Message, Debug, Clone, Default)]
pub(super) struct Wishes {
    pub directory: Option<Vec<u8>>,
    pub processors: Vec<u32>,
    pub nice: i32,
    /// Each resource by its number, with its soft and hard value.
    pub limits: Vec<(u8, u64, u64)>,
}

/// What tells an executable from another.
#[derive(crate::Message, Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    build: Vec<u8>,
    file: (u64, u64),
}

impl Program {
    pub(super) fn of(image: &Image) -> Self {
        Self { build: image.build_id.clone(), file: image.file }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (device, inode) = self.file;
        write!(f, "file {device}:{inode} of build ")?;
        self.build.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Order {
    /// Writes the order and its arguments. No process can change it afterwards.
    pub(super) fn write(&self, file: &File, arguments: &[u8]) -> io::Result<()> {
        let order = to_bytes(self).map_err(|reason| io::Error::other(reason.to_string()))?;
        let lengths = [order.len() as u64, arguments.len() as u64];
        file.write_all_at(&MAGIC, 0)?;
        file.write_all_at(lengths.map(u64::to_ne_bytes).as_flattened(), 16)?;
        file.write_all_at(&order, BODY)?;
        file.write_all_at(arguments, BODY + lengths[0])?;
        shm::seal(file)
    }

    /// Whether there is an order in a file.
    pub(super) fn is_in(file: &File) -> bool {
        let mut magic = [0; 16];
        file.read_exact_at(&mut magic, 0).is_ok() && magic == MAGIC && shm::is_sealed(file)
    }

    /// Reads an order and its arguments. `None` if they are not whole.
    pub(super) fn read(file: &File) -> Option<(Self, AlignedVec<64>)> {
        let mut lengths = [[0; 8]; 2];
        file.read_exact_at(lengths.as_flattened_mut(), 16).ok()?;
        let [order, arguments] = lengths.map(u64::from_ne_bytes);
        let size = file.metadata().ok()?.len();
        if BODY.checked_add(order)?.checked_add(arguments)? > size {
            return None;
        }
        let read = |at, length| {
            let mut bytes = AlignedVec::<64>::new();
            bytes.resize(length as usize, 0);
            file.read_exact_at(&mut bytes, at).ok()?;
            Some(bytes)
        };
        let bytes = read(BODY, order)?;
        let read_order = Self::value(Self::view(&bytes).ok()?).ok()?;
        Some((read_order, read(BODY + order, arguments)?))
    }
}

/// Archives a value into memory of this process.
pub(super) fn to_bytes<T: Message>(value: &T) -> Result<AlignedVec<64>, Reason> {
    let is_nested = Schema::of::<T>().is_nested;
    let mut bytes = AlignedVec::<64>::with_capacity(1024);
    loop {
        let room = bytes.capacity();
        bytes.clear();
        // SAFETY: these bytes belong to the vector, and nothing else uses them meanwhile.
        let place = unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), room) };
        let needed =
            message::encode::<T>(value, place, is_nested).map_err(|error| Reason::new(&error))?;
        if needed <= room {
            // SAFETY: the serialiser has written `needed` bytes, which the vector has room for.
            unsafe { bytes.set_len(needed) };
            return Ok(bytes);
        }
        bytes.reserve(needed);
    }
}
