//! What there is to see of a segment and of the objects in it.

pub(crate) mod list;

use std::io;

use ringway::inspect::{
    self, Facts, LockSnapshot, ParticipantInfo, Segment, Snapshot, Trust, is_marked, printable,
};
use ringway::{Kind, ObjectInfo, OpenError, Place};

use crate::outcome::Failure;
use crate::text::count;

/// A segment that exists.
pub(crate) enum Seen {
    /// It is mapped and can be looked at closely.
    Mapped(Segment),
    /// Users who are not trusted can reach it, or this user cannot: it is not mapped.
    Unmapped(Facts),
}

/// Looks at the segment at `place`.
pub(crate) fn see(place: &Place) -> Result<Seen, OpenError> {
    match inspect::open(place, Trust::default()) {
        Ok(segment) => Ok(Seen::Mapped(segment)),
        Err(error) if is_of_others(&error) => {
            match inspect::facts(place, Trust::default())? {
                // Whose file it is does not matter if it is no segment.
                Facts { content: Err(error @ OpenError::Refused { .. }), .. } => Err(error),
                facts => Ok(Seen::Unmapped(facts)),
            }
        }
        Err(error) => Err(error),
    }
}

fn is_of_others(error: &OpenError) -> bool {
    match error {
        OpenError::Untrusted { .. } => true,
        OpenError::Io { source, .. } => source.kind() == io::ErrorKind::PermissionDenied,
        _ => false,
    }
}

/// The objects of a segment.
pub(crate) struct Objects {
    pub(crate) list: Vec<ObjectInfo>,
    /// Entries of the directory that are damaged, and how.
    pub(crate) damaged: Vec<(u32, String)>,
    /// Whether they have names of their own, behind that of the segment.
    pub(crate) is_context: bool,
}

impl Objects {
    pub(crate) fn of(segment: &Segment) -> Self {
        let (list, damaged) = (inspect::objects(segment), inspect::damaged_entries(segment));
        let is_context = match &list[..] {
            [only] => !only.name.is_empty(),
            [] => damaged.is_empty() || segment.frame().measures.objects != 1,
            _ => true,
        };
        Self { list, damaged, is_context }
    }

    /// What is wrong with the directory, if anything.
    pub(crate) fn damage(&self) -> Option<String> {
        let damage = |(entry, text): &(u32, String)| format!("entry {entry}: {text}");
        (!self.damaged.is_empty())
            .then(|| self.damaged.iter().map(damage).collect::<Vec<_>>().join("; "))
    }

    /// The object of that name that can be opened.
    pub(crate) fn named(&self, name: &str) -> Option<&ObjectInfo> {
        self.list.iter().find(|object| object.name == name && !object.is_going)
    }

    /// What the command calls an object of the segment that it calls `segment`.
    pub(crate) fn name_of(&self, segment: &str, object: &ObjectInfo) -> String {
        match self.is_context {
            true => format!("{segment}/{}", object.name),
            false => segment.to_owned(),
        }
    }
}

/// The object of a context that has this name, and what errors call it.
pub(crate) fn find(
    segment: &Segment,
    context: &Place,
    name: &str,
) -> Result<(ObjectInfo, String), Failure> {
    let label =
        |kind: &str| format!("{kind} '{}' of {}", printable(name), context.label("context"));
    match Objects::of(segment).named(name) {
        Some(object) => Ok((object.clone(), label(object.kind.name()))),
        None => Err(Failure::Failed(format!("{} does not exist", label("object")))),
    }
}

/// What there is to see of an object.
pub(crate) enum ObjectView {
    Queue(Snapshot),
    Lock(LockSnapshot),
}

/// Looks at an object. The error is the text that says why it cannot be looked at.
pub(crate) fn view(segment: &Segment, object: &ObjectInfo) -> Result<ObjectView, String> {
    let seen = match object.kind {
        Kind::Queue => inspect::snapshot(segment, object).map(ObjectView::Queue),
        Kind::Lock => inspect::lock_snapshot(segment, object).map(ObjectView::Lock),
        _ => return Err(format!("this command cannot look at a {}", object.kind.name())),
    };
    seen.map_err(|error| error.to_string())
}

/// Numbers that concern a segment as a whole.
pub(crate) struct SegmentView {
    pub(crate) participants: Vec<ParticipantInfo>,
    pub(crate) participants_max: u32,
    pub(crate) virtual_bytes: u64,
    pub(crate) resident_bytes: u64,
    pub(crate) created_unix_nanos: u64,
    pub(crate) removed: bool,
}

impl SegmentView {
    pub(crate) fn of(segment: &Segment) -> Self {
        let (header, frame) = (segment.header(), segment.frame());
        Self {
            participants: inspect::participants(segment),
            participants_max: frame.measures.participants,
            virtual_bytes: frame.total_bytes,
            resident_bytes: segment.resident_bytes().unwrap_or(0),
            created_unix_nanos: header.created_unix_nanos,
            removed: is_marked(segment),
        }
    }

    pub(crate) fn alive(&self) -> usize {
        self.participants.iter().filter(|participant| participant.alive).count()
    }

    pub(crate) fn dead(&self) -> usize {
        self.participants.len() - self.alive()
    }
}

/// What the objects of a segment are that is not mapped: `queue`, `context of 2 objects`.
pub(crate) fn kinds_of(facts: &Facts) -> String {
    match &facts.content {
        Err(_) => "segment".to_owned(),
        Ok(content) => match &content.objects[..] {
            [only] if only.name.is_empty() => only.kind.name().to_owned(),
            objects => {
                format!("context of {}", count(objects.len() as u64, "object"))
            }
        },
    }
}

/// The state of an object in a word, and its mark if that is set.
pub(crate) fn state(seen: &ObjectView) -> (String, (bool, &'static str)) {
    match seen {
        ObjectView::Queue(queue) => {
            (format!("{}/{}", queue.size, queue.maxsize), (queue.shut_down, "shut down"))
        }
        ObjectView::Lock(lock) => {
            let state = if lock.held { "held" } else { "free" };
            (state.to_owned(), (lock.owner_died, "a holder died"))
        }
    }
}
