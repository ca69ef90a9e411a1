//! Whether a file may be mapped and believed.
//!
//! Each user who can write to a segment has to be trusted: it can forge messages, change one after
//! it was checked, or truncate the file under the other participants. Any user can take a name in
//! `/dev/shm`, so a file that was opened by its name may be a trap. A user who can only read the
//! file can still hold read locks on the bytes that the participants have to lock.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

use super::memfd::is_sealed;

const ROOT: u32 = 0;

/// Who owns a file, and who may open it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ownership {
    /// The user id of the owner, as the user namespace of the caller shows it.
    pub uid: u32,
    /// The group id.
    pub gid: u32,
    /// The permission bits. The users and groups of an access control list show in the bits of the
    /// group.
    pub mode: u32,
}

impl Ownership {
    /// Returns the ownership of `file`. A sealed [`memfd`](super::memfd()) has no name and can only
    /// be had from a process that has it open, so its mode (0777 by default) counts as 0600.
    ///
    /// # Errors
    /// Those of fstat(2).
    pub fn of(file: &File) -> io::Result<Self> {
        let facts = file.metadata()?;
        let mode = if is_sealed(file) { 0o600 } else { facts.mode() & 0o7777 };
        Ok(Self { uid: facts.uid(), gid: facts.gid(), mode })
    }
}

/// Whether a file may be mapped and believed, and if not, why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trust {
    /// Only trusted users can open the file.
    Trusted,
    /// The file belongs to a user who is neither the caller nor root, and was not named as trusted.
    Foreign {
        /// The owner.
        uid: u32,
    },
    /// Any user may write to the file.
    OthersCanWrite,
    /// Any user may read the file, and so hold locks on it.
    OthersCanRead,
    /// The members of a group may write to the file. The caller is neither the owner nor root, and
    /// has not named the owner as trusted.
    GroupCanWrite {
        /// The group.
        gid: u32,
    },
}

impl Trust {
    /// Judges a file for a process with the effective user id `euid`. The caller may trust one more
    /// owner, `named`.
    ///
    /// * The owner has to be that user, root, or `named`.
    /// * Users outside of the group must not have any access.
    /// * Where the group has write access, the owner and root know that they gave it. Another user,
    ///   a member of the group, has to name the owner, and so trusts all whom the owner let into
    ///   the group.
    ///
    /// A verdict remains valid while the file is open: only the owner and root can change the mode,
    /// and only root the owner. In a user namespace all users from outside show as one (as a rule
    /// 65534), so a process that runs as that user cannot tell their files from its own.
    pub fn judge(file: Ownership, euid: u32, named: Option<u32>) -> Self {
        let (is_own, is_named) = (file.uid == euid, named == Some(file.uid));
        if !(is_own || is_named || file.uid == ROOT) {
            Self::Foreign { uid: file.uid }
        } else if file.mode & 0o002 != 0 {
            Self::OthersCanWrite
        } else if file.mode & 0o004 != 0 {
            Self::OthersCanRead
        } else if file.mode & 0o020 != 0 && !(is_own || is_named) {
            Self::GroupCanWrite { gid: file.gid }
        } else {
            Self::Trusted
        }
    }

    /// Judges an open file for the calling process, as [`judge`](Self::judge). To judge a file
    /// before it is opened would judge another one.
    ///
    /// # Errors
    /// Those of fstat(2).
    pub fn of(file: &File, named: Option<u32>) -> io::Result<Self> {
        // SAFETY: geteuid takes nothing, touches no memory and cannot fail.
        let euid = unsafe { libc::geteuid() };
        Ok(Self::judge(Ownership::of(file)?, euid, named))
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trusted => formatter.write_str("only trusted users can open the file"),
            Self::Foreign { uid } => {
                write!(formatter, "the file belongs to user {uid}, who is not trusted")
            }
            Self::OthersCanWrite => formatter.write_str("any user may write to the file"),
            Self::OthersCanRead => {
                formatter.write_str("any user may read the file, and so lock others out")
            }
            Self::GroupCanWrite { gid } => {
                write!(formatter, "group {gid} may write to the file, and its owner is not trusted")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::thread;

    use super::*;
    use crate::shm::{create_unlinked, memfd, seal};
    use crate::testing::{Directory, become_nobody, euid};

    const ME: u32 = 1000;
    const OTHER: u32 = 1001;
    const GROUP: u32 = 50;

    fn judge(uid: u32, mode: u32, euid: u32, named: Option<u32>) -> Trust {
        Trust::judge(Ownership { uid, gid: GROUP, mode }, euid, named)
    }

    #[test]
    fn a_file_of_ours_or_of_root_is_trusted() {
        for mode in [0o600, 0o640, 0o700, 0o660, 0o000] {
            assert_eq!(judge(ME, mode, ME, None), Trust::Trusted);
            assert_eq!(judge(ROOT, mode, ROOT, None), Trust::Trusted);
        }
        assert_eq!(judge(ROOT, 0o600, ME, None), Trust::Trusted);
        assert_eq!(judge(ROOT, 0o640, ME, None), Trust::Trusted);
    }

    #[test]
    fn a_file_of_another_user_is_foreign_even_to_root() {
        for mode in [0o600, 0o660, 0o666, 0o777] {
            for euid in [ME, ROOT] {
                for named in [None, Some(ME), Some(ROOT)] {
                    assert_eq!(judge(OTHER, mode, euid, named), Trust::Foreign { uid: OTHER });
                }
            }
        }
    }

    #[test]
    fn a_named_owner_is_trusted_and_its_group_too() {
        for euid in [ME, ROOT] {
            for mode in [0o600, 0o640, 0o660] {
                assert_eq!(judge(OTHER, mode, euid, Some(OTHER)), Trust::Trusted);
            }
        }
    }

    #[test]
    fn a_member_of_the_group_has_to_name_the_owner() {
        assert_eq!(judge(ROOT, 0o660, ME, None), Trust::GroupCanWrite { gid: GROUP });
        assert_eq!(judge(ROOT, 0o660, ME, Some(OTHER)), Trust::GroupCanWrite { gid: GROUP });
        assert_eq!(judge(ROOT, 0o660, ME, Some(ROOT)), Trust::Trusted);
    }

    #[test]
    fn others_must_have_no_access_whoever_the_owner_is() {
        for (uid, euid, named) in
            [(ME, ME, None), (ROOT, ROOT, None), (ROOT, ME, None), (OTHER, ME, Some(OTHER))]
        {
            assert_eq!(judge(uid, 0o666, euid, named), Trust::OthersCanWrite);
            assert_eq!(judge(uid, 0o602, euid, named), Trust::OthersCanWrite);
            assert_eq!(judge(uid, 0o604, euid, named), Trust::OthersCanRead);
            assert_eq!(judge(uid, 0o664, euid, named), Trust::OthersCanRead);
        }
    }

    #[test]
    fn files_are_judged_as_they_are() {
        let file = create_unlinked(Directory::new().path(), 0o600).unwrap();
        assert_eq!(Trust::of(&file, None).unwrap(), Trust::Trusted);
        file.set_permissions(Permissions::from_mode(0o644)).unwrap();
        assert_eq!(Trust::of(&file, None).unwrap(), Trust::OthersCanRead);
        file.set_permissions(Permissions::from_mode(0o646)).unwrap();
        assert_eq!(Trust::of(&file, None).unwrap(), Trust::OthersCanWrite);
    }

    #[test]
    fn a_memfd_counts_as_private_once_it_is_sealed() {
        let file = memfd("trust-test").unwrap();
        assert_eq!(Trust::of(&file, None).unwrap(), Trust::OthersCanWrite);
        seal(&file).unwrap();
        assert_eq!(Trust::of(&file, None).unwrap(), Trust::Trusted);
    }

    #[test]
    fn a_squatter_is_told_by_its_user_id() {
        if euid() != ROOT {
            return eprintln!("SKIPPED: only root can become another user");
        }
        let directory = Directory::new();
        std::fs::set_permissions(directory.path(), Permissions::from_mode(0o777)).unwrap();
        let path = directory.join("squatted");
        thread::scope(|scope| {
            let squat = || {
                become_nobody();
                let own = File::create_new(&path).unwrap();
                own.set_permissions(Permissions::from_mode(0o600)).unwrap();
                assert_eq!(Trust::of(&own, None).unwrap(), Trust::Trusted);
            };
            scope.spawn(squat).join().unwrap();
        });
        let file = File::open(&path).unwrap();
        assert_eq!(Trust::of(&file, None).unwrap(), Trust::Foreign { uid: 65534 });
        assert_eq!(Trust::of(&file, Some(65534)).unwrap(), Trust::Trusted);
    }
}
