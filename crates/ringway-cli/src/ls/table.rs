//! The list for people.

use ringway::ObjectInfo;
use ringway::inspect::{Facts, printable};

use super::{Listed, What};
use crate::text::{age, bytes, count, marks, ownership};
use crate::view::{ObjectView, SegmentView, kinds_of, state};

const HEAD: [&str; 7] = ["NAME", "KIND", "STATE", "ALIVE/DEAD", "VIRTUAL", "RESIDENT", "AGE"];

/// A line of columns, or a name with a text.
enum Line {
    Columns([String; 7]),
    Text(String, String),
}

impl Line {
    fn name(&self) -> &str {
        match self {
            Self::Columns([name, ..]) | Self::Text(name, _) => name,
        }
    }
}

pub(super) fn of(listed: &[Listed]) -> String {
    let head = Line::Columns(HEAD.map(str::to_owned));
    let lines: Vec<Line> = [head].into_iter().chain(listed.iter().flat_map(lines)).collect();
    let width = lines.iter().map(|line| line.name().chars().count()).max().unwrap_or(0);
    let show = |line: &Line| match line {
        Line::Columns([name, kind, state, participants, space, memory, age]) => {
            let line = format!(
                "{name:width$}  {kind:7}  {state:>15}  {participants:>10}  {space:>10}  {memory:>10}  {age}"
            );
            line.trim_end().to_owned() + "\n"
        }
        Line::Text(name, text) => format!("{name:width$}  {text}\n"),
    };
    lines.iter().map(show).collect()
}

fn lines(Listed { name, what }: &Listed) -> Vec<Line> {
    let name = printable(name);
    match what {
        What::Single(whole, info, seen) => vec![object(name, info, seen, Some(whole))],
        What::Context(whole, objects) => {
            let objects_of = |(info, seen): &(ObjectInfo, _)| {
                object(format!("{name}/{}", printable(&info.name)), info, seen, None)
            };
            let mut lines = vec![context(name.clone(), whole, objects.len())];
            lines.extend(objects.iter().map(objects_of));
            lines
        }
        What::Unmapped(facts) => vec![Line::Text(name, unmapped(facts))],
        What::Refused(reason) => vec![Line::Text(name, reason.clone())],
    }
}

/// An object; one alone in its segment has the columns of the segment as well.
fn object(
    name: String,
    info: &ObjectInfo,
    seen: &Result<ObjectView, String>,
    whole: Option<&SegmentView>,
) -> Line {
    let (state, mark) = match seen {
        Ok(seen) => state(seen),
        Err(reason) => return Line::Text(name, reason.clone()),
    };
    let is_removed = info.is_going || whole.is_some_and(|whole| whole.removed);
    let marks = marks(&[mark, (is_removed, "marked as removed")]);
    let age = age(info.made_unix_nanos) + &marks;
    let [participants, space, memory] = whole.map_or_else(Default::default, columns);
    Line::Columns([name, info.kind.name().to_owned(), state, participants, space, memory, age])
}

fn context(name: String, whole: &SegmentView, objects: usize) -> Line {
    let state = count(objects as u64, "object");
    let age = age(whole.created_unix_nanos) + &marks(&[(whole.removed, "marked as removed")]);
    let [participants, space, memory] = columns(whole);
    Line::Columns([name, "context".to_owned(), state, participants, space, memory, age])
}

/// The columns of a segment as a whole.
fn columns(whole: &SegmentView) -> [String; 3] {
    let participants = format!("{}/{}", whole.alive(), whole.dead());
    [participants, bytes(whole.virtual_bytes), bytes(whole.resident_bytes)]
}

fn unmapped(facts: &Facts) -> String {
    let text = format!("{}, {}", kinds_of(facts), ownership(facts));
    let text = match &facts.distrust {
        Some(reason) => format!("{text}, untrusted: {reason}"),
        None => text,
    };
    match &facts.content {
        Err(error) => format!("{text}: {error}"),
        Ok(_) => text,
    }
}
