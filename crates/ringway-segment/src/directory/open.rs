//! An object that this process uses.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::Arc;

use ringway_core::corruption::{Corruption, Part};

use super::users::{ROLE_HANDLE, ROLE_RECLAIMER, has_users_as};
use super::{Kind, ObjectInfo, ObjectLife, close, info, state};
use crate::attachment::Attachment;
use crate::body::Body;
use crate::error::{OpenError, SegmentError};
use crate::segment::header::refused;
use crate::segment::remove;

/// Which object of a segment is meant.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'n> {
    /// The only one.
    Only,
    /// The one of that name.
    Named(&'n str),
}

impl<'n> Wanted<'n> {
    /// The name in the directory, which is empty for an object alone in its segment.
    pub fn name(self) -> &'n str {
        match self {
            Self::Only => "",
            Self::Named(name) => name,
        }
    }
}

/// A use of an object, which keeps its body from being cleared.
pub struct Object {
    attachment: Arc<Attachment>,
    entry: u32,
    life: ObjectLife,
    /// What this process does there by this handle.
    roles: u8,
    label: Arc<str>,
    /// Its name in its context; `None` if it is alone.
    name: Option<Box<str>>,
    is_closed: bool,
    /// Whether its name goes with this use.
    is_last: AtomicBool,
}

impl Object {
    /// Opens an object of that kind.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        at: &Arc<Attachment>,
        wanted: Wanted<'_>,
        kind: Kind,
        label: &str,
    ) -> Result<(Self, ObjectInfo), OpenError> {
        Self::open_as(at, wanted, kind, label, 0)
    }

    /// Opens an object of that kind, to do there what further roles say.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(crate) fn open_as(
        at: &Arc<Attachment>,
        wanted: Wanted<'_>,
        kind: Kind,
        label: &str,
        roles: u8,
    ) -> Result<(Self, ObjectInfo), OpenError> {
        let (segment, roles) = (at.segment(), roles | ROLE_HANDLE);
        // A forked child has no use of its own to note.
        at.enter().map_err(|source| OpenError::Segment { name: label.to_owned(), source })?;
        loop {
            let Some((index, life)) = find(at, wanted, label)? else {
                return Err(OpenError::NotFound { name: label.to_owned() });
            };
            if !at.uses.add(segment, index, (at.index(), at.life()), life, roles) {
                continue; // another thread has opened a later object of the entry
            }
            let object = Self::held(at, index, (life, roles), label, wanted.name());
            // After the user word: pair user. What is going has no name any more.
            if ObjectLife::of(segment.entry(index)) != life {
                continue; // dropping the object takes the word back
            }
            let found = info(segment, index)
                .map_err(|(field, found, expected)| refused(label, field, found, expected))?;
            let Some(found) = found else { continue };
            if matches!(wanted, Wanted::Only) && !found.name.is_empty() {
                return Err(no_single_object(label));
            }
            if found.kind != kind {
                let name = found.kind.name();
                return Err(refused(label, "the kind of object", name, kind.name()));
            }
            return Ok((object, found));
        }
    }

    /// A use that its user word already tells of.
    pub(super) fn held(
        at: &Arc<Attachment>,
        entry: u32,
        (life, roles): (ObjectLife, u8),
        label: &str,
        name: &str,
    ) -> Self {
        let (attachment, label) = (Arc::clone(at), Arc::from(label));
        let name = (!name.is_empty()).then(|| name.into());
        Self {
            attachment,
            entry,
            life,
            roles,
            label,
            name,
            is_closed: false,
            is_last: AtomicBool::new(false),
        }
    }

    /// The attachment of its segment.
    #[inline(always)]
    pub fn attachment(&self) -> &Arc<Attachment> {
        &self.attachment
    }
    /// How errors call it.
    pub fn label(&self) -> &Arc<str> {
        &self.label
    }
    /// The name that it can be opened by: in its context, or that of its segment if it is alone.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref().or_else(|| self.attachment.segment().place().name())
    }
    /// Ends some roles of the use.
    pub(crate) fn give_up_roles(&mut self, roles: u8) {
        let (at, given_up) = (&self.attachment, self.roles & roles);
        let me = (at.index(), at.life());
        at.uses.remove(at.segment(), self.entry, me, self.life, given_up);
        self.roles &= !roles;
    }
    /// Whether a participant uses it in one of these roles.
    pub(crate) fn has_users_as(&self, roles: u8) -> bool {
        has_users_as(self.attachment.segment(), self.entry, self.life, roles)
    }
    /// Has the name go with this use, unless the process is killed.
    pub fn remove_on_drop(&self) {
        self.is_last.store(true, Relaxed); // read by the last user, after its Arc
    }
    /// Ends the use. `has_left` says that this participant may own something in the body that came
    /// by this handle. If no other handle of this process uses the object, and any has left
    /// something, `give_back` gives it back. If it returns false something is left: the object
    /// stays in use, so that a pass of recovery looks here when the participant is gone.
    pub(crate) fn close(&mut self, has_left: bool, give_back: impl FnOnce() -> bool) {
        if core::mem::replace(&mut self.is_closed, true) {
            return;
        }
        let at = &self.attachment;
        if at.enter().is_err() {
            return; // what there is, is our parent's
        }
        if *self.is_last.get_mut() {
            let _ = self.remove(); // if the system refuses, the name stays
        }
        let at = &self.attachment;
        let give_back = || {
            let is_clean = give_back();
            if !is_clean {
                at.leaves_words();
            }
            is_clean
        };
        let me = (at.index(), at.life());
        let (life, roles) = (self.life, self.roles);
        if at.uses.close(at.segment(), self.entry, me, (life, roles), has_left, give_back) {
            close::try_close(at, self.entry);
        }
    }
    /// Its entry of the directory.
    pub fn entry(&self) -> u32 {
        self.entry
    }
    /// What its directory entry says.
    ///
    /// # Errors
    /// [`SegmentError::Corrupt`] if that cannot be.
    pub fn info(&self) -> Result<ObjectInfo, SegmentError> {
        let found = info(self.attachment.segment(), self.entry).ok().flatten();
        let is_ours = |info: &ObjectInfo| info.generation == self.life.generation();
        found.filter(is_ours).ok_or_else(|| {
            let (part, at) = (Part::Directory, self.entry.into());
            Corruption { part, word: "entry", at, found: 0 }.into()
        })
    }
    /// Whether it is the only object that its segment was made for. Such an object has no name of
    /// its own; one of a context has.
    pub fn is_alone(&self) -> bool {
        self.name.is_none()
    }
    /// Its body.
    pub(crate) fn body(&self, info: &ObjectInfo) -> Body<'_> {
        self.attachment.segment().body(info.at, info.bytes)
    }

    /// Removes its name, so that it cannot be opened any more; those who have it open go on. An
    /// object alone in its segment goes with the name of the segment. Returns whether the name
    /// still stood for it.
    ///
    /// # Errors
    /// When the system refuses: then nothing has changed.
    pub fn remove(&self) -> Result<bool, crate::error::RemoveError> {
        if self.is_alone() {
            return remove::remove(self.attachment.segment());
        }
        Ok(close::remove(&self.attachment, self.entry, self.life.generation()))
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.close(false, || true);
    }
}

/// A use of an object by a recovery.
pub(crate) struct Reclaimer<'a> {
    at: &'a Attachment,
    entry: u32,
    life: ObjectLife,
}

impl<'a> Reclaimer<'a> {
    /// `None` if the object has gone.
    pub(crate) fn enter(at: &'a Attachment, object: &ObjectInfo) -> Option<Self> {
        let segment = at.segment();
        let life = ObjectLife::of(segment.entry(object.entry));
        if life.generation() != object.generation
            || !at.uses.add(segment, object.entry, (at.index(), at.life()), life, ROLE_RECLAIMER)
        {
            return None;
        }
        let role = Self { at, entry: object.entry, life };
        loop {
            let now = ObjectLife::of(segment.entry(object.entry)); // after the user word: pair user
            if now.generation() != object.generation {
                return None;
            }
            match now.state() {
                state::LIVE | state::GOING => return Some(role),
                state::CLOSING => close::take_back(segment.entry(object.entry)),
                _ => return None,
            }
        }
    }
}

impl Drop for Reclaimer<'_> {
    fn drop(&mut self) {
        let me = (self.at.index(), self.at.life());
        let segment = self.at.segment();
        if self.at.uses.remove(segment, self.entry, me, self.life, ROLE_RECLAIMER) {
            close::try_close(self.at, self.entry);
        }
    }
}

/// A live entry that is meant.
fn find(
    at: &Attachment,
    wanted: Wanted<'_>,
    label: &str,
) -> Result<Option<(u32, ObjectLife)>, OpenError> {
    let segment = at.segment();
    let mut live = (0..segment.entries())
        .map(|index| (index, ObjectLife::of(segment.entry(index))))
        .filter(|(_, life)| life.state() == state::LIVE);
    match wanted {
        Wanted::Named(name) => {
            Ok(live.find(|&(index, _)| super::name_of(segment.entry(index)) == name))
        }
        Wanted::Only if segment.frame().measures.objects == 1 => Ok(live.next()),
        Wanted::Only => Err(no_single_object(label)),
    }
}

fn no_single_object(label: &str) -> OpenError {
    let expected = "a single object; open the context first";
    refused(label, "the segment", "a context of several objects", expected)
}
