//! Making a segment: whole before anybody can see it.

use core::mem::offset_of;
use core::sync::atomic::{AtomicU64, Ordering::Release};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use ringway_sys::shm;

use super::Segment;
use crate::error::CreateError;
use crate::header;
use crate::layout::Header;
use crate::mapping::Mapping;
use crate::names::{Place, split};
use crate::position::Position;
use crate::removal;
use crate::ring::Shape;
use crate::spec::Spec;

impl Segment {
    /// Makes a segment that has no name yet. [`Segment::publish`] gives it one, in one step.
    pub(crate) fn build(place: &Place, spec: &Spec) -> Result<Unpublished, CreateError> {
        let label = place.label();
        if let Some((name, reason)) = place.fault() {
            return Err(CreateError::BadName { name: name.to_owned(), reason });
        }
        let geometry = header::geometry_of(&label, spec.measures)?;
        let failed = |action| {
            let name = label.clone();
            move |source: io::Error| match source.kind() {
                io::ErrorKind::AlreadyExists => CreateError::AlreadyExists { name },
                _ => CreateError::Io { name, action, source },
            }
        };
        let header =
            header::compose(&geometry, spec).map_err(failed("read the identity of this boot"))?;
        let mut hidden = Hidden(None);
        let bytes = geometry.total_bytes;
        let mapping = match place {
            Place::Heap => Mapping::heap(bytes).map_err(failed("allocate memory"))?,
            Place::Portable(_) => {
                let os_id = place.os_id().unwrap_or_default();
                Mapping::create_portable(&os_id, bytes).map_err(failed("create shared memory"))?
            }
            Place::Unnamed => {
                let file = shm::memfd("ringway").map_err(failed("create an unnamed file"))?;
                shm::set_size(&file, bytes).map_err(failed("set the size"))?;
                shm::seal(&file).map_err(failed("seal the file"))?;
                reserve(&label, &file, 0, geometry.backed_at_creation)?;
                Mapping::of_file(file, bytes, spec.huge_pages).map_err(failed("map the file"))?
            }
            Place::Named(_) | Place::File(_) => {
                let path = place.path().unwrap_or_default();
                if path.symlink_metadata().is_ok() {
                    return Err(CreateError::AlreadyExists { name: label });
                }
                let file;
                (file, hidden) = unlinked(&path, spec.mode).map_err(failed("create a file"))?;
                let block = shm::block_size(&file).unwrap_or(4096).max(4096);
                shm::set_size(&file, bytes.next_multiple_of(block))
                    .map_err(failed("set the size"))?;
                reserve(&label, &file, 0, geometry.backed_at_creation)?;
                let mapped = if shm::is_hugetlbfs(&file).unwrap_or(false) {
                    bytes.next_multiple_of(block)
                } else {
                    bytes
                };
                Mapping::of_file(file, mapped, spec.huge_pages).map_err(failed("map the file"))?
            }
        };
        let segment = Self::over(mapping, geometry, header, label, place.path());
        let unpublished =
            Unpublished { segment, hidden, portable: matches!(place, Place::Portable(_)) };
        let segment = &unpublished.segment;
        let reserved = match segment.mapping.file() {
            Some(file) if unpublished.portable => {
                reserve(&segment.label, file, 0, segment.geometry.backed_at_creation)
            }
            _ => Ok(()),
        };
        match reserved.and_then(|()| segment.initialise(spec)) {
            Ok(()) => Ok(unpublished),
            Err(error) => {
                unpublished.abandon();
                Err(error)
            }
        }
    }

    fn initialise(&self, spec: &Spec) -> Result<(), CreateError> {
        if spec.prefault || spec.first_position != 0 {
            if let Some(file) = self.mapping.file() {
                reserve(&self.label, file, 0, self.geometry.total_bytes)?;
            }
            let all = self.geometry.total_bytes as usize;
            if spec.prefault {
                // SAFETY: the whole mapping is ours, and nobody else sees it yet.
                let _ = unsafe { ringway_sys::memory::populate(self.base.as_ptr(), all) };
            }
        }
        let first = Position::new(spec.first_position);
        if first.number() != 0 {
            let control = self.control();
            for word in [&control.tail.word, &control.head.word] {
                word.store(first.number(), Release);
            }
            for (number, class) in self.geometry.classes.iter().enumerate() {
                let words = &control.classes[number];
                words.tail.word.store(first.number(), Release);
                words.head.word.store(first.number(), Release);
                self.fill_slots(class.ring, class.slots_at, first);
            }
            self.fill_slots(self.geometry.ring, self.geometry.slots_at, first);
        }
        if spec.prefault {
            for (class, words) in self.geometry.classes.iter().zip(&self.control().classes) {
                words.backed.store(class.blocks, Release);
            }
        }
        // SAFETY: the header fits the first page, which is mapped, backed and ours.
        unsafe { self.base.as_ptr().cast::<Header>().write(Header { magic: 0, ..self.header }) };
        Ok(())
    }

    fn fill_slots(&self, ring: Shape, slots_at: u64, first: Position) {
        for index in 0..ring.slots() {
            self.word(slots_at + index * 8).store(ring.initial_slot(index, first), Release);
        }
    }
}

/// A segment that has no name yet, or whose name says that it is not whole.
pub(crate) struct Unpublished {
    segment: Segment,
    hidden: Hidden,
    portable: bool,
}

/// A temporary name, which goes with its creator at the latest.
struct Hidden(Option<PathBuf>);

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Unpublished {
    pub(crate) fn segment(&self) -> &Segment {
        &self.segment
    }

    /// Says that it is whole, and gives it its name in one step. On the portable path the name can be seen before, and
    /// whoever opens it sees no magic.
    pub(crate) fn publish(&mut self) -> Result<(), CreateError> {
        // SAFETY: the magic lies in the first page, which is mapped and backed, and is only accessed atomically by others.
        let magic = unsafe {
            &*self.segment.base.as_ptr().add(offset_of!(Header, magic)).cast::<AtomicU64>()
        };
        magic.store(self.segment.header.magic, Release);
        let (Some(path), Some(file), false) =
            (&self.segment.path, self.segment.mapping.file(), self.portable)
        else {
            return Ok(());
        };
        let result = match self.hidden.0.take() {
            Some(hidden) => shm::publish_hidden(&hidden, path),
            None => shm::publish(file, path),
        };
        result.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => {
                CreateError::AlreadyExists { name: self.segment.label.clone() }
            }
            _ => CreateError::Io {
                name: self.segment.label.clone(),
                action: "link the name",
                source,
            },
        })
    }

    /// Takes away what can be seen of it already.
    pub(crate) fn abandon(self) {
        if self.portable {
            let _ = removal::remove(&self.segment);
        }
    }

    pub(crate) fn into_segment(self) -> Segment {
        self.segment
    }
}

/// A new file for `path` that nobody can see under that name.
fn unlinked(path: &Path, mode: u32) -> io::Result<(File, Hidden)> {
    let (directory, name) = split(path);
    match shm::create_unlinked(directory, mode) {
        Ok(file) => Ok((file, Hidden(None))),
        Err(error) if shm::lacks_tmpfile(&error) => {
            let (file, hidden) = shm::create_hidden(directory, name, mode)?;
            Ok((file, Hidden(Some(hidden))))
        }
        Err(error) => Err(error),
    }
}

fn reserve(label: &str, file: &File, offset: u64, bytes: u64) -> Result<(), CreateError> {
    shm::reserve_new(file, offset, bytes)
        .map_err(|source| CreateError::NoSpace { name: label.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::OpenError;
    use crate::layout::Measures;

    #[test]
    fn a_temporary_name_goes_with_a_creation_that_fails() {
        let path = std::env::temp_dir().join(format!("ringway-hidden-{}", std::process::id()));
        std::fs::write(&path, []).expect("a file");
        drop(Hidden(Some(path.clone())));
        assert!(!path.exists());
    }

    fn spec() -> Spec {
        Spec {
            measures: Measures { maxsize: 1, max_message: 1, participants: 1, loans: 1 },
            mode: 0o600,
            prefault: false,
            huge_pages: false,
            fingerprint: 0,
            schema: String::new(),
            first_position: 0,
        }
    }

    #[test]
    fn a_name_of_what_is_abandoned_goes_if_it_could_be_seen() {
        let place = Place::Portable(format!("abandoned-{}", std::process::id()));
        let path = place.path().expect("a path");
        Segment::build(&place, &spec()).expect("a segment").abandon();
        assert!(!path.exists());
        let unpublished = Segment::build(&place, &spec()).expect("a segment");
        assert!(
            matches!(Segment::open(&place), Err(OpenError::Refused { .. })),
            "it has no magic yet"
        );
        unpublished.abandon();
    }
}
