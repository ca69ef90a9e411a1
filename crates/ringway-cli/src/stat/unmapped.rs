//! A segment that is not mapped: whose it is, and what can be read of it.

use ringway::inspect::{Facts, printable};
use serde_json::{Value, json};

use super::Report;
use super::sheet::Sheet;
use crate::text::{age, bytes, marks, ownership, processes};
use crate::view::kinds_of;
use crate::view::list::{merged, unmapped};

pub(super) struct View {
    pub(super) name: String,
    pub(super) facts: Facts,
}

impl Report for View {
    fn sheet(&self) -> String {
        let facts = &self.facts;
        let mut sheet = Sheet::default();
        sheet.row("segment", &format!("{}, {}", printable(&self.name), kinds_of(facts)));
        sheet.row("owner", &ownership(facts));
        if let Some(reason) = &facts.distrust {
            sheet.row("untrusted", &format!("{reason}; it was read, and not mapped"));
        }
        match &facts.content {
            Err(error) => sheet.row("unreadable", &error.to_string()),
            Ok(content) => {
                for object in content.objects.iter().filter(|object| !object.name.is_empty()) {
                    let (kind, name) = (object.kind.name(), printable(&object.name));
                    sheet.line(2, &format!("{kind} {name}"));
                }
                let (space, memory) = (bytes(content.virtual_bytes), bytes(facts.resident_bytes));
                sheet.row("memory", &format!("{space} virtual, {memory} resident"));
                let removed = marks(&[(content.removed, "marked as removed")]);
                sheet.row("created", &format!("{} ago{removed}", age(content.created_unix_nanos)));
                let (open, max) = (processes(content.participants), content.participants_max);
                sheet.row("participants", &format!("{open}, at most {max}"));
            }
        }
        sheet.end()
    }

    fn object(&self) -> Value {
        merged([json!({ "name": self.name }), unmapped(&self.facts)])
    }
}
