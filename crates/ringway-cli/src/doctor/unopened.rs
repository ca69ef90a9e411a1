//! What cannot be opened, and what to do about it.

use std::io;
use std::path::Path;

use ringway::OpenError;
use rustix::io::Errno;

use crate::terms::{quoted, quoted_path};

/// The kind of the finding, what it is, and the remedy.
pub(super) fn finding(
    error: &OpenError,
    name: &str,
    path: &Path,
) -> (&'static str, String, String) {
    match error {
        OpenError::Refused { field, found, expected, .. } => {
            ("refused", format!("{field} is {found}, expected {expected}"), by_force(name, path))
        }
        OpenError::BadName { reason, .. } => {
            ("refused", format!("the name is none: {reason}"), by_force(name, path))
        }
        OpenError::Io { action, source, .. } => {
            ("unreadable", format!("cannot {action}: {source}"), remedy(source, name, path))
        }
        _ => ("unreadable", error.to_string(), by_force(name, path)),
    }
}

fn remedy(error: &io::Error, name: &str, path: &Path) -> String {
    let is = |errno: Errno| error.raw_os_error() == Some(errno.raw_os_error());
    if error.kind() == io::ErrorKind::PermissionDenied {
        "look as the user who owns it".to_owned()
    } else if error.kind() == io::ErrorKind::OutOfMemory {
        "raise the limit of address space (ulimit -v)".to_owned()
    } else if is(Errno::MFILE) || is(Errno::NFILE) {
        "raise the limit of open files (ulimit -n)".to_owned()
    } else {
        by_force(name, path)
    }
}

fn by_force(name: &str, path: &Path) -> String {
    let how = match path.is_dir() && !path.is_symlink() {
        true => format!("remove {} by hand", quoted_path(path)),
        false => format!("ringway rm --force {}", quoted(name)),
    };
    format!("if it is of no use to another program: {how}")
}
