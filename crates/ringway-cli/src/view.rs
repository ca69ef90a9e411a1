//! What there is to see of a segment and of the objects in it.

use std::io;

use ringway::inspect::{
    self, Facts, LockSnapshot, ParticipantInfo, Segment, Snapshot, Trust, is_marked, printable,
};
use ringway::{Kind, ObjectInfo, OpenError, Place};
use serde_json::{Value, json};

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

    /// For programs.
    pub(crate) fn object(&self) -> Value {
        json!({
            "marked_as_removed": self.removed,
            "living_participants": self.alive(),
            "dead_participants": self.dead(),
            "virtual_bytes": self.virtual_bytes,
            "resident_bytes": self.resident_bytes,
            "created_unix_nanos": self.created_unix_nanos,
        })
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

/// An object for programs, in a list.
pub(crate) fn describe(name: &str, info: &ObjectInfo, seen: &Result<ObjectView, String>) -> Value {
    let head = json!({
        "name": name,
        "kind": info.kind.name(),
        "created_unix_nanos": info.made_unix_nanos,
        "marked_as_removed": info.is_going,
    });
    let state = match seen {
        Ok(ObjectView::Queue(queue)) => json!({
            "maxsize": queue.maxsize,
            "size": queue.size,
            "shut_down": queue.shut_down,
        }),
        Ok(ObjectView::Lock(lock)) => json!({
            "held": lock.held,
            "holder_pid": lock.holder.as_ref().map(|holder| holder.pid),
            "owner_died": lock.owner_died,
        }),
        Err(reason) => json!({ "refused": reason }),
    };
    merged([head, state])
}

/// What is said of a segment that is not mapped.
pub(crate) fn unmapped(facts: &Facts) -> Value {
    let whose = json!({
        "untrusted": facts.distrust,
        "owner": facts.owner,
        "group": facts.group,
        "mode": format!("{:04o}", facts.mode),
        "resident_bytes": facts.resident_bytes,
    });
    let content = match &facts.content {
        Err(reason) => json!({ "refused": reason.to_string() }),
        Ok(content) => {
            let objects = content.objects.iter();
            let objects: Value = objects
                .map(|object| json!({ "name": object.name, "kind": object.kind.name() }))
                .collect();
            json!({
                "objects": objects,
                "attached_processes": content.participants,
                "participants_max": content.participants_max,
                "virtual_bytes": content.virtual_bytes,
                "created_unix_nanos": content.created_unix_nanos,
                "marked_as_removed": content.removed,
            })
        }
    };
    merged([whose, content])
}

/// One object with the fields of all; of two with one name, the last.
pub(crate) fn merged<const N: usize>(parts: [Value; N]) -> Value {
    let fields = parts.into_iter().flat_map(|part| match part {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    });
    Value::Object(fields.collect())
}
