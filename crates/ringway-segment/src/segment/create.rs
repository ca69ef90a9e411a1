//! Making a segment: whole before anybody can see it.

use core::mem::offset_of;
use core::sync::atomic::{AtomicU64, Ordering::Release};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use ringway_sys::{process, shm};

use super::mapping::Mapping;
use super::{Segment, header, remove};
use crate::error::CreateError;
use crate::layout::{Frame, Header};
use crate::place::{Place, split};
use crate::spec::SegmentSpec;

/// A segment that has no name yet, or whose name says that it is not whole.
pub(crate) struct Draft {
    pub(crate) segment: Segment,
    hidden: Hidden,
    is_portable: bool,
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

impl Draft {
    /// Makes a segment without a name. [`Naming::publish`] gives it one, in one step.
    pub(crate) fn build(
        place: &Place,
        label: &str,
        spec: &SegmentSpec,
    ) -> Result<Self, CreateError> {
        if let Some((name, reason)) = place.bad_name() {
            return Err(CreateError::BadName { name: name.to_owned(), reason });
        }
        check_mode(label, spec.mode)?;
        let frame = header::frame_of(label, spec)?;
        let failed = |action| {
            let name = label.to_owned();
            move |source: io::Error| match source.kind() {
                io::ErrorKind::AlreadyExists => CreateError::AlreadyExists { name },
                _ => CreateError::Io { name, action, source },
            }
        };
        // Where `/proc` does not tell the boot, a file in memory is made all the same.
        let boot = process::boot_id();
        let boot_id = *boot.as_ref().unwrap_or(&[0; 16]);
        let header = header::compose(&frame, spec, boot_id).map_err(failed("get random bytes"))?;
        let mut hidden = Hidden(None);
        let bytes = frame.total_bytes;
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
                Mapping::of_file(file, bytes, spec.huge_pages).map_err(failed("map the file"))?
            }
            Place::Named(_) | Place::File(_) => {
                let path = place.path().unwrap_or_default();
                if path.symlink_metadata().is_ok() {
                    return Err(CreateError::AlreadyExists { name: label.to_owned() });
                }
                let file;
                (file, hidden) = unlinked(&path, spec.mode).map_err(failed("create a file"))?;
                let block = shm::block_size(&file).unwrap_or(4096).max(4096);
                shm::set_size(&file, bytes.next_multiple_of(block))
                    .map_err(failed("set the size"))?;
                let is_huge = shm::is_hugetlbfs(&file).unwrap_or(false);
                let mapped = if is_huge { bytes.next_multiple_of(block) } else { bytes };
                Mapping::of_file(file, mapped, spec.huge_pages).map_err(failed("map the file"))?
            }
        };
        if let (Err(source), Some(file)) = (boot, mapping.file())
            && !shm::is_in_memory(file).unwrap_or(false)
        {
            return Err(failed("read the identity of this boot")(source));
        }
        let (label, path) = (label.into(), place.path().map(Into::into));
        let segment = Segment { mapping, frame, header, label, place: place.clone(), path };
        let draft = Self { segment, hidden, is_portable: matches!(place, Place::Portable(_)) };
        match draft.initialise(spec) {
            Ok(()) => Ok(draft),
            Err(error) => {
                draft.abandon();
                Err(error)
            }
        }
    }

    fn initialise(&self, spec: &SegmentSpec) -> Result<(), CreateError> {
        let segment = &self.segment;
        let Frame { directory_at, bodies_at, total_bytes, measures, .. } = segment.frame;
        let is_alone = measures.objects == 1;
        let whole = spec.prefault || spec.first_position != 0;
        let backed = match (whole, is_alone) {
            (true, _) => total_bytes,
            (false, true) => bodies_at,
            (false, false) => directory_at,
        };
        if let Some(file) = segment.mapping.file() {
            shm::reserve_new(file, 0, backed).map_err(|source| CreateError::NoSpace {
                name: segment.label.to_string(),
                source,
            })?;
        }
        if spec.prefault {
            // SAFETY: the whole mapping is ours, and no other process sees it yet.
            let _ = unsafe {
                ringway_sys::memory::populate(segment.base().as_ptr(), total_bytes as usize)
            };
        }
        let entries = if backed >= bodies_at { measures.objects.into() } else { 0 };
        segment.words().entries.word.store(entries, Release); // entries
        let mut header = segment.header;
        header.magic = 0; // until it is whole
        // SAFETY: the header fits the first page, which is mapped, has memory, and is ours.
        unsafe { segment.base().as_ptr().cast::<Header>().write(header) };
        Ok(())
    }

    /// Takes away what can be seen of it already.
    pub(crate) fn abandon(self) {
        if self.is_portable {
            let _ = remove::remove(&self.segment);
        }
    }

    /// What is left to do once the segment is in use by its maker.
    pub(crate) fn into_parts(self) -> (Segment, Naming) {
        (self.segment, Naming { hidden: self.hidden, is_portable: self.is_portable })
    }
}

/// What gives a segment its name.
pub(crate) struct Naming {
    hidden: Hidden,
    is_portable: bool,
}

impl Naming {
    /// Says that the segment is whole, and gives it its name in one step. On the portable path the
    /// name can be seen before, and an opener sees no magic.
    pub(crate) fn publish(mut self, segment: &Segment) -> Result<(), CreateError> {
        // SAFETY: the magic lies in the first page, which is mapped and has memory, and is only
        // accessed atomically by others.
        let magic = unsafe {
            let at = segment.base().as_ptr().add(offset_of!(Header, magic));
            &*at.cast::<AtomicU64>()
        };
        magic.store(segment.header.magic, Release); // made
        let (Some(path), Some(file), false) =
            (&segment.path, segment.mapping.file(), self.is_portable)
        else {
            return Ok(());
        };
        let result = match self.hidden.0.take() {
            Some(hidden) => shm::publish_hidden(&hidden, path),
            None => shm::publish(file, path),
        };
        result.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => {
                CreateError::AlreadyExists { name: segment.label.to_string() }
            }
            _ => {
                let name = segment.label.to_string();
                CreateError::Io { name, action: "link the name", source }
            }
        })
    }

    /// Takes away what can be seen of the segment already.
    pub(crate) fn abandon(self, segment: &Segment) {
        if self.is_portable {
            let _ = remove::remove(segment);
        }
    }
}

/// Modes under which each opener would refuse the segment, or could not use it.
fn check_mode(label: &str, mode: u32) -> Result<(), CreateError> {
    let group_only_reads = mode & 0o060 == 0o040;
    if mode & !0o770 == 0 && mode & 0o600 == 0o600 && !group_only_reads {
        return Ok(());
    }
    Err(CreateError::BadOption {
        name: label.to_owned(),
        option: "mode",
        value: format!("{mode:#o}"),
        allowed: "0o600, or 0o660 for a group that is trusted (x bits aside): users who can only \
                  read the file could lock every participant out, and others could mislead them"
            .to_owned(),
    })
}

/// A new file for `path` that cannot be seen under that name.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::OpenError;
    use crate::segment::Trust;

    #[test]
    fn a_temporary_name_goes_with_a_creation_that_fails() {
        let path = std::env::temp_dir().join(format!("ringway-hidden-{}", std::process::id()));
        std::fs::write(&path, []).expect("a file");
        drop(Hidden(Some(path.clone())));
        assert!(!path.exists());
    }

    #[test]
    fn a_name_of_what_is_abandoned_goes_if_it_could_be_seen() {
        let place = Place::Portable(format!("abandoned-{}", std::process::id()));
        let path = place.path().expect("a path");
        let spec = SegmentSpec { participants: 1, ..SegmentSpec::default() };
        let build = || Draft::build(&place, "segment", &spec).expect("a segment");
        build().abandon();
        assert!(!path.exists());
        let draft = build();
        let opened = Segment::open(&place, "segment", Trust::default());
        assert!(matches!(opened, Err(OpenError::Refused { .. })), "it has no magic yet");
        draft.abandon();
    }
}
