//! Where the bytes of a segment live: a file that is mapped, the portable shared memory of the system, or the heap.

use core::ptr::NonNull;
use std::fs::File;
use std::io;

use memmap2::{MmapOptions, MmapRaw};
use ringway_sys::{process, shm};
use shared_memory::{Shmem, ShmemConf, ShmemError};

/// Mapped memory, page aligned, that stays where it is until it is dropped.
pub(crate) enum Mapping {
    /// A file: named, unnamed, or at a path of the user's.
    File { map: MmapRaw, file: File },
    /// Through the `shared_memory` crate, with a descriptor of our own for reserving and locking.
    Portable { map: Shmem, file: File },
    /// Memory of this process alone.
    Heap(MmapRaw),
}

// SAFETY: a mapping is an address range that no thread owns. All access goes through atomics, or to blocks that the
// state words give to one owner at a time. `Shmem` is only asked for its address.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `bytes` of `file`, shared. `huge` asks for huge pages, which the kernel may refuse.
    pub(crate) fn of_file(file: File, bytes: u64, huge: bool) -> io::Result<Self> {
        let map = MmapOptions::new().len(usable(bytes)?).no_reserve_swap().map_raw(&file)?;
        if huge {
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        Ok(Self::File { map, file })
    }

    /// Makes a POSIX shared memory object. It can be seen at once, full of zeros.
    pub(crate) fn create_portable(os_id: &str, bytes: u64) -> io::Result<Self> {
        shm::may_be_so_large(bytes)?;
        let map = portable(ShmemConf::new().os_id(os_id).size(usable(bytes)?).create())?;
        // The crate keeps its descriptor to itself. By name we may get another file, if somebody removed and made anew
        // what can be seen at once; that one is not in our memory.
        let file = shm::open_posix(os_id)?;
        match process::maps_file(std::process::id(), shm::file_id(&file)?)? {
            true => Ok(Self::Portable { map, file }),
            false => Err(io::ErrorKind::AlreadyExists.into()),
        }
    }

    /// Maps the POSIX shared memory object of that name. Whether it is the one that `file` was opened as, the caller has
    /// to see.
    pub(crate) fn open_portable(os_id: &str, file: &File) -> io::Result<Self> {
        Ok(Self::Portable {
            map: portable(ShmemConf::new().os_id(os_id).open())?,
            file: file.try_clone()?,
        })
    }

    /// Memory that the kernel gives page by page, when it is first touched. An allocator would fill it with zeros.
    pub(crate) fn heap(bytes: u64) -> io::Result<Self> {
        let map = MmapOptions::new().len(usable(bytes)?).no_reserve_swap().map_anon();
        let map = map.map_err(|error| {
            let text = format!(
                "{error}: needs {bytes} bytes of address space; lower `maxsize`, `max_message`, `participants` or \
                 `loans`, or see `ulimit -v`"
            );
            io::Error::new(error.kind(), text)
        })?;
        Ok(Self::Heap(map.into()))
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        let base = match self {
            Self::File { map, .. } | Self::Heap(map) => map.as_mut_ptr(),
            Self::Portable { map, .. } => map.as_ptr(),
        };
        NonNull::new(base).expect("the system maps nothing at address zero")
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::File { map, .. } | Self::Heap(map) => map.len(),
            Self::Portable { map, .. } => map.len(),
        }
    }

    /// The file behind it; the heap has none.
    pub(crate) fn file(&self) -> Option<&File> {
        match self {
            Self::File { file, .. } | Self::Portable { file, .. } => Some(file),
            Self::Heap(_) => None,
        }
    }
}

fn portable(opened: Result<Shmem, ShmemError>) -> io::Result<Shmem> {
    let mut map = opened.map_err(|error| match error {
        ShmemError::MappingIdExists => io::Error::from(io::ErrorKind::AlreadyExists),
        other => io::Error::other(other),
    })?;
    map.set_owner(false); // its Drop would remove the name
    Ok(map)
}

fn usable(bytes: u64) -> io::Result<usize> {
    usize::try_from(bytes).map_err(io::Error::other)
}
