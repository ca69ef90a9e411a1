//! Where the bytes of a segment live: a file that is mapped, or memory of this process alone.

use core::ptr::NonNull;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use memmap2::{Advice, MmapOptions, MmapRaw};
use ringway_sys::memory::{Sparse, new_mappings_are_locked};
use ringway_sys::{process, shm};
use shared_memory::{Shmem, ShmemConf, ShmemError};

use crate::layout::Header;

/// Mapped memory, page aligned, that stays where it is until it is dropped.
///
/// A mapping of a file keeps the open file description that it was made through, and so the locks
/// of that description, even after other code has closed the descriptor. That is why a lock byte
/// which is free proves that nobody maps the segment as that participant.
pub(crate) struct Mapping {
    map: Map,
    file: Option<(File, shm::FileId)>,
}

enum Map {
    Usual(MmapRaw),
    /// For a process whose new mappings are locked (`mlockall`), which would fill every hole.
    OnFault(Sparse),
}

// SAFETY: a mapping is an address range that no thread owns. All access goes through atomics, or to
// blocks that the state words give to one owner at a time.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `bytes` of `file`, shared. `huge` asks for huge pages, which the kernel may refuse.
    pub(crate) fn of_file(file: File, bytes: u64, huge: bool) -> io::Result<Self> {
        let id = shm::file_id(&file)?;
        let len = usable(bytes)?;
        let map = if new_mappings_are_locked() {
            let map = Sparse::of_file(&file, len)?;
            if huge {
                let _ = map.prefer_huge_pages();
            }
            Map::OnFault(map)
        } else {
            let map = MmapOptions::new().len(len).no_reserve_swap().map_raw(&file)?;
            // The file is sparse; a core dump would read, and so allocate, every hole of it.
            let _ = map.advise(Advice::DontDump);
            if huge {
                let _ = map.advise(Advice::HugePage);
            }
            Map::Usual(map)
        };
        Ok(Self { map, file: Some((file, id)) })
    }

    /// Makes a POSIX shared memory object by the portable crate, and maps it. It can be seen at
    /// once, full of zeros.
    pub(crate) fn create_portable(os_id: &str, bytes: u64) -> io::Result<Self> {
        shm::may_be_so_large(bytes)?;
        if new_mappings_are_locked() {
            let text = "this process locks all memory that it maps (mlockall), so that the mapping \
                        of the portable crate would fill the whole segment; use a named place";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        let theirs = portable(ShmemConf::new().os_id(os_id).size(usable(bytes)?).create())?;
        // The crate keeps its descriptor to itself, and lock bytes must belong to the description
        // that is mapped. By name we may get another file, if the name was removed and taken anew;
        // that one does not have the random bytes which we leave in ours.
        let file = shm::open_posix(os_id)?;
        let probe: [u8; 16] = process::random_bytes()?;
        let at = core::mem::offset_of!(Header, unique_id);
        shm::reserve_new(&file, 0, 4096).map_err(|error| error.source)?;
        // SAFETY: the new object is zero, has a page of memory, and no participant uses it yet: it
        // has no magic. The bytes lie within it.
        unsafe { theirs.as_ptr().add(at).cast::<[u8; 16]>().write(probe) };
        let mut found = [0; 16];
        file.read_exact_at(&mut found, at as u64)?;
        if found != probe {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Self::of_file(file, bytes, false)
    }

    /// Memory that the kernel gives page by page, when it is first touched. An allocator would fill
    /// it with zeros.
    pub(crate) fn heap(bytes: u64) -> io::Result<Self> {
        let len = usable(bytes)?;
        let map = if new_mappings_are_locked() {
            Sparse::anonymous(len).map(Map::OnFault)
        } else {
            let map = MmapOptions::new().len(len).no_reserve_swap().map_anon();
            map.map(|map| Map::Usual(map.into()))
        };
        let map = map.map_err(|error| {
            let text = format!(
                "{error}: needs {bytes} bytes of address space; lower `maxsize`, `max_message`, \
                 `participants` or `loans`, or see `ulimit -v`"
            );
            io::Error::new(error.kind(), text)
        })?;
        Ok(Self { map, file: None })
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        match &self.map {
            Map::Usual(map) => {
                NonNull::new(map.as_mut_ptr()).expect("the system maps nothing at address zero")
            }
            Map::OnFault(map) => map.base(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.map {
            Map::Usual(map) => map.len(),
            Map::OnFault(map) => map.len(),
        }
    }

    /// The file behind it; the heap has none.
    pub(crate) fn file(&self) -> Option<&File> {
        self.file.as_ref().map(|(file, _)| file)
    }

    /// The file behind it, if its descriptor still stands for it. Other code of the process may
    /// have closed the descriptor, and its number may stand for a file of others by now.
    pub(crate) fn checked_file(&self) -> io::Result<Option<&File>> {
        let Some((file, id)) = &self.file else { return Ok(None) };
        match shm::is_same(file, *id) {
            true => Ok(Some(file)),
            false => Err(io::Error::other("its descriptor was closed by other code")),
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // A number that stands for a file of others is not ours to close.
        if let Some((file, id)) = self.file.take() {
            shm::close_if_same(file, id);
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
