//! Numbers, times and names as people read them.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ringway::inspect::{Facts, printable};

/// The marks that are set, each after a comma, to be written after a size or an age.
pub(crate) fn marks(marks: &[(bool, &str)]) -> String {
    marks.iter().filter(|(is_set, _)| *is_set).map(|(_, mark)| format!(", {mark}")).collect()
}

/// A number of things.
pub(crate) fn count(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// A number of processes.
pub(crate) fn processes(number: u32) -> String {
    if number == 1 { "1 process".to_owned() } else { format!("{number} processes") }
}

/// Bytes for people.
pub(crate) fn bytes(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

/// The time since an instant, for people.
pub(crate) fn age(unix_nanos: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    indicatif::HumanDuration(now.saturating_sub(Duration::from_nanos(unix_nanos))).to_string()
}

/// The beginning of a text that another user may have written, safe for a terminal.
pub(crate) fn beginning(text: &str) -> String {
    const MOST: usize = 80;
    let safe = |letter: char| if letter.is_control() { '?' } else { letter };
    let end = if text.chars().nth(MOST).is_some() { "..." } else { "" };
    text.chars().take(MOST).map(safe).chain(end.chars()).collect()
}

/// A name as a shell takes it.
pub(crate) fn quoted(name: &str) -> String {
    match name.contains(char::is_control) {
        true => format!("$'{}'", printable(&name.replace('\\', r"\\").replace('\'', r"\'"))),
        false => format!("'{}'", name.replace('\'', r"'\''")),
    }
}

/// A path as a shell takes it.
pub(crate) fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// The owner and the mode of a file: `user 1000, mode 0600`.
pub(crate) fn ownership(facts: &Facts) -> String {
    format!("user {}, mode {:04o}", facts.owner, facts.mode)
}
