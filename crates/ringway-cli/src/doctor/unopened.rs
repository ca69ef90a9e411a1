//! What cannot be opened, and what to do about it.

use std::io;
use std::path::Path;

use ringway::OpenError;
use ringway::inspect::Facts;
use rustix::io::Errno;

use super::finding::Outcome;
use crate::text::{ownership, quoted, quoted_path};
use crate::view::kinds_of;

/// What is found of a segment that is not examined.
pub(super) struct Unopened {
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) remedy: String,
    pub(super) outcome: Outcome,
}

/// A segment that cannot be opened, for a reason other than its owner and mode.
pub(super) fn of_error(error: &OpenError, name: &str, path: &Path) -> Unopened {
    let found = |kind, text, remedy| Unopened { kind, text, remedy, outcome: Outcome::Found };
    match error {
        OpenError::Refused { field, found: is, expected, .. } if field.contains("boot") => {
            let remedy = format!(
                "if a container made it, look from there, since it may show another boot id; if \
                 it was made before the last boot: ringway rm --force {}",
                quoted(name)
            );
            found("refused", format!("{field} is {is}, expected {expected}"), remedy)
        }
        OpenError::Refused { field, found: is, expected, .. } => {
            let text = format!("{field} is {is}, expected {expected}");
            found("refused", text, by_force(name, path))
        }
        OpenError::BadName { reason, .. } => {
            found("refused", format!("the name cannot be one: {reason}"), by_force(name, path))
        }
        OpenError::Io { action, source, .. } => {
            let text = format!("cannot {action}: {source}");
            match own_limit(action, source) {
                Some(remedy) => Unopened {
                    kind: "unreadable",
                    text,
                    remedy: remedy.to_owned(),
                    outcome: Outcome::Unexamined,
                },
                None => found("unreadable", text, by_force(name, path)),
            }
        }
        _ => found("unreadable", error.to_string(), by_force(name, path)),
    }
}

/// A segment that is not mapped because of its owner and mode.
pub(super) fn of_facts(facts: &Facts, path: &Path) -> Unopened {
    let (kinds, whose) = (kinds_of(facts), ownership(facts));
    let others = facts.mode & 0o006 != 0;
    let as_owner = match facts.owner {
        0 => "look as root".to_owned(),
        owner => format!("look as user {owner}"),
    };
    match (&facts.distrust, &facts.content) {
        // Any user may do harm there: that is wrong with the segment itself.
        (Some(reason), _) if others => Unopened {
            kind: "untrusted",
            text: format!("{kinds} of {whose}: {reason}"),
            remedy: format!("take the permission away (chmod o= {})", quoted_path(path)),
            outcome: Outcome::Found,
        },
        (Some(reason), _) => Unopened {
            kind: "untrusted",
            text: format!("{kinds} of {whose}: {reason}"),
            remedy: as_owner,
            outcome: Outcome::Unexamined,
        },
        (None, content) => Unopened {
            kind: "unreadable",
            text: match content {
                Err(OpenError::Io { action, source, .. }) => {
                    format!("cannot {action}: {source} ({whose})")
                }
                Err(error) => format!("{error} ({whose})"),
                Ok(_) => format!("{kinds} of {whose}"),
            },
            remedy: as_owner,
            outcome: Outcome::Unexamined,
        },
    }
}

/// What lets this process open the segment, if it is this process that lacks something.
fn own_limit(action: &str, error: &io::Error) -> Option<&'static str> {
    let is = |errno: Errno| error.raw_os_error() == Some(errno.raw_os_error());
    if action.contains("boot id") {
        Some("mount /proc for this process, without subset=pid")
    } else if error.kind() == io::ErrorKind::OutOfMemory {
        Some("raise the limit of address space (ulimit -v)")
    } else if is(Errno::MFILE) || is(Errno::NFILE) {
        Some("raise the limit of open files (ulimit -n)")
    } else {
        None
    }
}

fn by_force(name: &str, path: &Path) -> String {
    let how = match path.is_dir() && !path.is_symlink() {
        true => format!("remove {} by hand", quoted_path(path)),
        false => format!("ringway rm --force {}", quoted(name)),
    };
    format!("if it is of no use to another program: {how}")
}
