//! A context: its objects, and its participants.

use ringway::ObjectInfo;
use ringway::inspect::{Segment, printable};
use serde_json::{Value, json};

use super::Report;
use super::person::Person;
use super::sheet::{Sheet, open_in};
use crate::text::marks;
use crate::view::list::{describe, merged};
use crate::view::{ObjectView, Objects, SegmentView, state, view};

/// What there is to see of a context.
pub(super) struct View {
    name: String,
    objects_max: u32,
    whole: SegmentView,
    participants: Vec<Person>,
    objects: Vec<(ObjectInfo, Result<ObjectView, String>)>,
    damage: Option<String>,
}

impl View {
    pub(super) fn of(name: &str, segment: &Segment) -> Self {
        let objects = Objects::of(segment);
        let whole = SegmentView::of(segment);
        Self {
            name: name.to_owned(),
            objects_max: segment.frame().measures.objects,
            participants: whole.participants.iter().map(Person::of).collect(),
            whole,
            damage: objects.damage(),
            objects: objects
                .list
                .into_iter()
                .map(|object| {
                    let seen = view(segment, &object);
                    (object, seen)
                })
                .collect(),
        }
    }
}

impl Report for View {
    fn sheet(&self) -> String {
        let mut sheet = Sheet::default();
        sheet.row("context", &printable(&self.name));
        let number = format!("{} of {}", self.objects.len(), self.objects_max);
        sheet.row("objects", &(number + &marks(&[(self.whole.removed, "marked as removed")])));
        for (info, seen) in &self.objects {
            let state = match seen {
                Ok(seen) => {
                    let (state, mark) = state(seen);
                    state + &marks(&[mark, (info.is_going, "marked as removed")])
                }
                Err(reason) => reason.clone(),
            };
            let (kind, name) = (info.kind.name(), printable(&info.name));
            sheet.line(2, &format!("{kind} {name}: {state}"));
        }
        if let Some(damage) = &self.damage {
            sheet.row("damaged", damage);
        }
        sheet.segment(&self.whole, self.whole.created_unix_nanos, &open_in(&self.whole, None, 0));
        for person in &self.participants {
            sheet.line(2, &person.sheet());
        }
        sheet.end()
    }

    fn object(&self) -> Value {
        let objects = self.objects.iter().map(|(info, seen)| describe(&info.name, info, seen));
        let whole = json!({
            "name": self.name,
            "kind": "context",
            "objects_max": self.objects_max,
            "objects": objects.collect::<Vec<_>>(),
            "damaged": self.damage,
            "participants_max": self.whole.participants_max,
            "participants": self.participants.iter().map(Person::object).collect::<Vec<_>>(),
        });
        merged([whole, self.whole.object()])
    }
}
