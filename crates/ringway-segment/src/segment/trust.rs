//! Whether a file may be mapped: who owns it, and who else can reach it.
//!
//! A name in `/dev/shm` can be taken by any user. A user who can write to the file of a segment can
//! change a message after it was checked, or truncate the file under its readers; one who can read
//! it can hold locks on it. So nothing is mapped before this was asked.

use std::fs::File;

use ringway_sys::shm;

use crate::error::OpenError;

/// Whose segments an opener believes, besides its own and those of root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trust {
    /// The user whose segments are trusted as well.
    pub owner: Option<u32>,
}

/// Refuses a file that users can reach who are not trusted.
pub(super) fn check(name: &str, file: &File, trust: Trust) -> Result<(), OpenError> {
    let found = shm::Trust::of(file, trust.owner).map_err(|source| OpenError::Io {
        name: name.to_owned(),
        action: "read its owner",
        source,
    })?;
    let remedy = match found {
        shm::Trust::Trusted => return Ok(()),
        shm::Trust::Foreign { .. } | shm::Trust::GroupCanWrite { .. } => {
            "name that user by the option `trust` if its processes may read and write this memory"
        }
        shm::Trust::OthersCanWrite | shm::Trust::OthersCanRead => {
            "take that permission away (`chmod o= FILE`), or create it anew with `mode` 0o600 or 0o660"
        }
    };
    Err(OpenError::Untrusted { name: name.to_owned(), reason: found.to_string(), remedy })
}
