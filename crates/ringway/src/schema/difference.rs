//! Where two schemas differ, in words.

/// The first difference: what `found` has there, and what `expected` has.
pub(crate) fn difference(found: &str, expected: &str) -> (String, String) {
    let (first_found, found_types) = parse(found);
    let (first_expected, expected_types) = parse(expected);
    if first_found != first_expected {
        return (quoted(first_found), quoted(first_expected));
    }
    for (name, fields) in &expected_types {
        let others = match found_types.iter().find(|(other, _)| other == name) {
            Some((_, others)) => others,
            None => return (format!("one without a type `{name}`"), format!("`{name}`")),
        };
        let most = fields.len().max(others.len());
        if let Some(at) = (0..most).find(|&at| fields.get(at) != others.get(at)) {
            return (part(name, others, at), part(name, fields, at));
        }
    }
    (quoted(found.lines().last().unwrap_or("")), quoted(expected.lines().last().unwrap_or("")))
}

/// The first line, and each type with the lines of its fields.
fn parse(text: &str) -> (&str, Vec<(&str, Vec<&str>)>) {
    let (described, _build) = text.rsplit_once('\n').unwrap_or((text, ""));
    let mut lines = described.lines();
    let first = lines.next().unwrap_or("");
    let mut types: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in lines {
        match (line.strip_prefix("  "), types.last_mut()) {
            (Some(field), Some((_, fields))) => fields.push(field),
            _ => types.push((line, Vec::new())),
        }
    }
    (first, types)
}

/// The part of a type that stands at `at`.
fn part(name: &str, lines: &[&str], at: usize) -> String {
    let variant =
        lines.iter().take(at).rev().find(|line| !line.starts_with("  ") && !line.contains(':'));
    match (lines.get(at), variant) {
        (Some(line), Some(variant)) if line.starts_with("  ") => {
            format!("`{}` in `{name}::{variant}`", line.trim_start())
        }
        (Some(line), _) => format!("`{line}` in `{name}`"),
        (None, _) => format!("the end of `{name}`"),
    }
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::difference;

    const OLD: &str =
        "Order\nOrder\n  id: u32\n  items: Vec<Item>\nItem\n  sku: u32\n  count: u32\nrkyv";
    const NEW: &str = "Order\nOrder\n  id: u32\n  items: Vec<Item>\nItem\n  sku: u32\n  discount: u32\n  count: u32\nrkyv";

    #[test]
    fn the_first_field_that_differs_is_told() {
        let (found, expected) = difference(OLD, NEW);
        assert_eq!(found, "`count: u32` in `Item`");
        assert_eq!(expected, "`discount: u32` in `Item`");
        let shorter = OLD.replace("  count: u32\n", "");
        assert_eq!(difference(&shorter, OLD).0, "the end of `Item`");
    }

    #[test]
    fn variants_builds_and_messages_are_told_too() {
        let two = "Job\nJob\n  Pay\n    cents: u32\n  Refund\nrkyv";
        let turned = "Job\nJob\n  Refund\n  Pay\n    cents: u32\nrkyv";
        assert_eq!(difference(two, turned).0, "`Pay` in `Job`");
        let wider = two.replace("cents: u32", "cents: u64");
        assert_eq!(difference(two, &wider).1, "`cents: u64` in `Job::Pay`");
        assert_eq!(
            difference("u32\nrkyv a", "u32\nrkyv b"),
            ("`rkyv a`".into(), "`rkyv b`".into())
        );
        assert_eq!(difference("u32\nrkyv", "u64\nrkyv"), ("`u32`".into(), "`u64`".into()));
    }
}
