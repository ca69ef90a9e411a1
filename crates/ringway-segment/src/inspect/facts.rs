//! What can be said of a segment without mapping it: whose file it is, and what its header and
//! directory say. This is how to look at a segment that users can reach who are not trusted.
//!
//! A mapped file can be truncated under its reader, or change between a check and a use. Here each
//! part is read once into memory of this process, and then checked.

use core::mem::{offset_of, size_of};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ringway_sys::{byte_lock, shm};

use crate::directory::{Kind, ObjectLife, state};
use crate::error::{OpenError, RemoveError};
use crate::layout::{
    Entry, FLAG_REMOVED, FRAME_AT, Frame, FrameWords, Header, LOCKS_AT, REMOVAL_LOCK_AT, checksum,
};
use crate::place::Place;
use crate::segment::{Trust, header};

const ENTRY: usize = size_of::<Entry>();

/// What can be said of a segment without mapping it.
#[derive(Debug)]
pub struct Facts {
    /// The user id of the owner of its file.
    pub owner: u32,
    /// The group id of its file.
    pub group: u32,
    /// The permission bits of its file.
    pub mode: u32,
    /// Bytes of memory behind it.
    pub resident_bytes: u64,
    /// Why this process does not map it; `None` if it would, or cannot even read it.
    pub distrust: Option<String>,
    /// What it says of itself, or why that cannot be read.
    pub content: Result<Content, OpenError>,
    path: PathBuf,
    file: Option<File>,
}

/// What a segment says of itself.
#[derive(Debug, Clone)]
pub struct Content {
    /// Entries of the directory.
    pub objects_max: u32,
    /// Entries of the participant table.
    pub participants_max: u32,
    /// How many of their lock bytes are held: processes that have it open, unless one lies. That is
    /// what the kernel says, not the segment.
    pub participants: u32,
    /// Bytes of address space.
    pub virtual_bytes: u64,
    /// Wall clock at creation, nanoseconds since 1970.
    pub created_unix_nanos: u64,
    /// Whether it is marked as removed.
    pub removed: bool,
    /// The objects whose entries are sound.
    pub objects: Vec<ObjectFacts>,
}

/// What a directory entry says of its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFacts {
    /// What it is.
    pub kind: Kind,
    /// Its name within the segment; empty if it is alone there.
    pub name: String,
}

/// Looks at the file of a segment by system calls alone.
///
/// # Errors
/// [`OpenError::NotFound`], [`OpenError::BadName`], [`OpenError::Nameless`];
/// [`OpenError::Refused`] if it is no regular file.
pub fn facts(place: &Place, trust: Trust) -> Result<Facts, OpenError> {
    let label = place.label("segment");
    if let Some((name, reason)) = place.bad_name() {
        return Err(OpenError::BadName { name: name.to_owned(), reason });
    }
    let Some(path) = place.path() else { return Err(OpenError::Nameless { name: label }) };
    let failed = |action| {
        let name = label.clone();
        move |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => OpenError::NotFound { name },
            _ => OpenError::Io { name, action, source },
        }
    };
    let opened = open(&path);
    // Of the file that is open, since the name may stand for another by now.
    let seen = match &opened {
        Ok(file) => file.metadata(),
        Err(_) => path.symlink_metadata(),
    };
    let seen = seen.map_err(failed("read its owner"))?;
    if !seen.is_file() {
        return Err(header::refused(&label, "the kind of file", "another", "a regular file"));
    }
    let (content, distrust, file) = match opened {
        Ok(file) => {
            let found = shm::Trust::of(&file, trust.owner).map_err(failed("read its owner"))?;
            let distrust = (found != shm::Trust::Trusted).then(|| found.to_string());
            (read(&label, &file, seen.len()), distrust, Some(file))
        }
        Err(source) => (Err(failed("open the file")(source)), None, None),
    };
    Ok(Facts {
        owner: seen.uid(),
        group: seen.gid(),
        mode: seen.mode() & 0o7777,
        resident_bytes: seen.blocks() * 512,
        distrust,
        content,
        path,
        file,
    })
}

/// Whether a process has the file open as one has a segment: with a lock on one of its bytes. That
/// is what the kernel says, whatever is in the file. False where it may not be read.
#[must_use]
pub fn is_attended(path: &Path) -> bool {
    let is_file = path.symlink_metadata().is_ok_and(|seen| seen.is_file());
    is_file && open(path).and_then(|file| byte_lock::is_any_locked(&file)).unwrap_or(false)
}

impl Facts {
    /// Removes the name, if it still stands for the file that was looked at, and returns whether it
    /// did. The file itself is not written to, so an opener that found the name just before is not
    /// turned away.
    ///
    /// Two removers of one file exclude each other. If `force` is set, another process that says it
    /// is removing the file, which may be a lie, is ignored, and so is that the file cannot be
    /// read.
    ///
    /// # Errors
    /// When the system refuses, or another process is removing it: then nothing has changed.
    pub fn remove(&self, force: bool) -> Result<bool, RemoveError> {
        let removed = match &self.file {
            Some(file) => remove(file, &self.path, force),
            None if force => fs::remove_file(&self.path).map(|()| true),
            None => Err(io::ErrorKind::PermissionDenied.into()),
        };
        removed.map_err(|source| RemoveError {
            path: self.path.clone(),
            owner: (source.kind() == io::ErrorKind::PermissionDenied).then_some(self.owner),
            source,
        })
    }
}

/// For writing, which a lock on the file needs, if the system allows that. Nothing is written.
fn open(path: &Path) -> io::Result<File> {
    let open =
        |write| OpenOptions::new().read(true).write(write).custom_flags(shm::OPEN_FLAGS).open(path);
    open(true).or_else(|_| open(false))
}

/// As [`crate::segment::remove::remove`] does it, but without a mark.
fn remove(file: &File, path: &Path, force: bool) -> io::Result<bool> {
    if !force && !byte_lock::try_exclusive(file, REMOVAL_LOCK_AT)? {
        let text = "another process is about to remove it";
        return Err(io::Error::new(io::ErrorKind::WouldBlock, text));
    }
    match shm::same_file(file, path) {
        Ok(true) => fs::remove_file(path).map(|()| true),
        Ok(false) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn read(label: &str, file: &File, bytes: u64) -> Result<Content, OpenError> {
    let failed = |action| {
        let name = label.to_owned();
        move |source| OpenError::Io { name, action, source }
    };
    let mut head = [0; size_of::<Header>()];
    if bytes >= head.len() as u64 {
        file.read_exact_at(&mut head, 0).map_err(failed("read the header"))?;
    }
    let (header, frame) = header::check(label, &head, bytes)?;
    let word_at = |offset: usize| {
        let mut word = [0; 8];
        file.read_exact_at(&mut word, FRAME_AT + offset as u64)
            .map(|()| u64::from_ne_bytes(word))
            .map_err(failed("read the frame"))
    };
    let flags = word_at(offset_of!(FrameWords, flags))?;
    let backed = word_at(offset_of!(FrameWords, entries))?.min(frame.measures.objects.into());
    let mut directory = vec![0; backed as usize * ENTRY];
    file.read_exact_at(&mut directory, frame.directory_at).map_err(failed("read the directory"))?;
    let is_held =
        |index: &u32| byte_lock::is_locked(file, LOCKS_AT + u64::from(*index)).unwrap_or(false);
    let (entries, _) = directory.as_chunks::<ENTRY>();
    Ok(Content {
        objects_max: frame.measures.objects,
        participants_max: frame.measures.participants,
        participants: (0..frame.measures.participants).filter(is_held).count() as u32,
        virtual_bytes: frame.total_bytes,
        created_unix_nanos: header.created_unix_nanos,
        removed: flags & FLAG_REMOVED != 0,
        objects: entries.iter().filter_map(|entry| object(entry, &frame)).collect(),
    })
}

/// The object of an entry that is live or going, if the entry is sound.
fn object(entry: &[u8; ENTRY], frame: &Frame) -> Option<ObjectFacts> {
    let word = |offset: usize| {
        let (words, _) = entry.as_chunks::<8>();
        u64::from_ne_bytes(words[offset / 8])
    };
    let life = ObjectLife::from_bits(word(offset_of!(Entry, life)));
    let fields = offset_of!(Entry, at)..offset_of!(Entry, lock) + 8;
    let (at, bytes) = (word(offset_of!(Entry, at)), word(offset_of!(Entry, bytes)));
    let is_within =
        at >= frame.bodies_at && at.checked_add(bytes).is_some_and(|end| end <= frame.total_bytes);
    let is_sound = matches!(life.state(), state::LIVE | state::GOING)
        && word(offset_of!(Entry, checksum)) == checksum(&entry[fields])
        && is_within;
    let name = &entry[offset_of!(Entry, name)..offset_of!(Entry, schema)];
    let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
    let name = String::from_utf8_lossy(&name[..end]).into_owned();
    life.kind().filter(|_| is_sound).map(|kind| ObjectFacts { kind, name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::Attachment;
    use crate::spec::SegmentSpec;

    /// A name in a folder of temporary files, whose file goes with it.
    struct Path(PathBuf);

    impl Path {
        fn new(what: &str) -> Self {
            let name = format!("ringway-facts-{what}-{}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }
        fn segment(&self) -> std::sync::Arc<Attachment> {
            let spec = SegmentSpec { participants: 2, ..SegmentSpec::default() };
            let place = Place::File(self.0.clone());
            let made = Attachment::create(&place, "segment", &spec).expect("a segment");
            made.publish().expect("a segment")
        }
        fn facts(&self) -> Facts {
            facts(&Place::File(self.0.clone()), Trust::default()).expect("a segment")
        }
    }

    impl Drop for Path {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn the_name_of_another_file_stays() {
        let path = Path::new("renamed");
        drop(path.segment());
        let facts = path.facts();
        fs::remove_file(&path.0).expect("its name");
        assert!(!facts.remove(false).expect("to look"), "the name is gone");
        drop(path.segment());
        for force in [false, true] {
            assert!(!facts.remove(force).expect("to look"), "the name is that of another");
        }
        assert!(path.0.exists());
        assert!(path.facts().remove(false).expect("to remove it"));
        assert!(!path.0.exists());
    }

    #[test]
    fn removers_exclude_each_other_unless_forced() {
        let path = Path::new("removers");
        let at = path.segment();
        let other = at.segment().file().expect("a file");
        assert!(byte_lock::try_exclusive(other, REMOVAL_LOCK_AT).expect("to lock"));
        let facts = path.facts();
        let refused = facts.remove(false).expect_err("another remover");
        assert_eq!(refused.source.kind(), io::ErrorKind::WouldBlock);
        assert!(path.0.exists());
        assert!(facts.remove(true).expect("to remove it"));
    }

    #[test]
    fn attached_processes_are_counted_by_their_locks() {
        let path = Path::new("counted");
        let at = path.segment();
        let seen = || path.facts().content.expect("a whole segment").participants;
        assert_eq!(seen(), 1);
        drop(at);
        assert_eq!(seen(), 0);
    }
}
