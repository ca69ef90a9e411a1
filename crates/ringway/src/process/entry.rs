//! Which function a child runs, and how it finds it again.
//!
//! Parent and child run the same executable, so a function is told by its place in it. Beside it
//! goes the place of a record, which the compiler has put there for just these types; the child
//! calls nothing before it has seen that the record is what it must be.

use core::any::type_name;
use std::os::fd::OwnedFd;

use ringway_sys::children::{Address, Image};

use super::answer::Answer;
use super::order::{Order, Program};
use crate::handover::{self, Id};
use crate::message::{Message, Payload};

const MAGIC: [u8; 16] = *b"ringway entry 1\n";

/// The record of a type of function.
pub(super) struct Entry {
    magic: [u8; 16],
    /// Bytes of the archived arguments and result.
    sizes: [u64; 2],
    names: fn() -> [&'static str; 2],
    /// Calls a function of that type.
    call: unsafe fn(*const (), Arguments<'_>, &Answer) -> Result<(), String>,
}

/// Arguments as they came.
pub(super) struct Arguments<'a> {
    pub(super) bytes: &'a [u8],
    /// The descriptors of the segments of handles among them.
    pub(super) segments: Vec<(Id, OwnedFd)>,
    /// To be closed once the handles are open: the parent keeps its own until then.
    pub(super) handing: OwnedFd,
}

struct Of<A, R>(A, R);

impl<A: Message, R: Message> Of<A, R> {
    const ENTRY: &'static Entry = &Entry {
        magic: MAGIC,
        sizes: [size_of::<A::Archived>() as u64, size_of::<R::Archived>() as u64],
        names: || [type_name::<A>(), type_name::<R>()],
        call: call::<A, R>,
    };
}

/// Calls a function with arguments that are read here, and tells what it returned.
///
/// # Safety
/// The pointer is that of a `fn(A) -> R`.
unsafe fn call<A: Message, R: Message>(
    function: *const (),
    arguments: Arguments<'_>,
    answer: &Answer,
) -> Result<(), String> {
    let Arguments { bytes, segments, handing } = arguments;
    // SAFETY: the caller vouches for the type.
    let function = unsafe { core::mem::transmute::<*const (), fn(A) -> R>(function) };
    let read = handover::taking(segments, || A::view(bytes).and_then(A::value));
    let arguments = read.map_err(|error| error.to_string())?;
    drop(handing);
    answer.running().map_err(|error| error.to_string())?;
    answer.returned(&function(arguments));
    Ok(())
}

/// Where a function and its record are, and of what type it is.
#[derive(crate::Message, Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    function: u64,
    entry: u64,
    sizes: [u64; 2],
    names: [String; 2],
}

impl Function {
    /// `None` if it is not in the executable.
    pub(super) fn of<A: Message, R: Message>(function: fn(A) -> R, image: &Image) -> Option<Self> {
        let entry = Of::<A, R>::ENTRY;
        let Address(at) = image.address_of_code(function as *const ())?;
        let Address(record) =
            image.address_of_data((&raw const *entry).cast(), size_of::<Entry>())?;
        let names = (entry.names)().map(str::to_owned);
        Some(Self { function: at, entry: record, sizes: entry.sizes, names })
    }
}

/// Runs the function of an order in this process, which its parent has started for that.
pub(super) fn run(order: &Order, arguments: Arguments<'_>, answer: &Answer) -> Result<(), String> {
    let image = Image::current().map_err(|error| format!("cannot look at itself: {error}"))?;
    let here = Program::of(&image);
    if here != order.program {
        let (found, expected) = (here, &order.program);
        return Err(format!("it runs another executable: {found}, expected {expected}"));
    }
    let Function { function, entry, sizes, names } = &order.function;
    let nowhere = || "its function is not in the executable".to_owned();
    let entry = image.data_at(Address(*entry), size_of::<Entry>()).ok_or_else(nowhere)?;
    let function = image.code_at(Address(*function)).ok_or_else(nowhere)?;
    let entry: *const Entry = entry.cast();
    if !entry.is_aligned() {
        return Err(nowhere());
    }
    // SAFETY: the whole record lies in the executable, which runs here and in the parent, at an
    // aligned address. Its first field has no invalid values.
    let magic = unsafe { (&raw const (*entry).magic).read() };
    if magic != MAGIC {
        return Err(nowhere());
    }
    // SAFETY: it begins as only records do, which are in constant memory.
    let entry = unsafe { &*entry };
    let found = (entry.names)();
    if entry.sizes != *sizes || found[..] != names[..] {
        return Err(format!("its function takes and returns {found:?}, expected {names:?}"));
    }
    // SAFETY: the same executable has put function and record together, for a function of the
    // types of the record.
    unsafe { (entry.call)(function, arguments, answer) }
}
