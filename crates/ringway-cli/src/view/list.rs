//! The same for programs.

use ringway::ObjectInfo;
use ringway::inspect::Facts;
use serde_json::{Value, json};

use super::{ObjectView, SegmentView};

impl SegmentView {
    /// The fields that concern a segment as a whole.
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
