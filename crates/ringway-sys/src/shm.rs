//! The files that hold segments: making them whole before they have a name, handing them over,
//! asking about them.

mod create;
mod facts;
mod memfd;
mod open;
mod punch;
mod reserve;
mod size;
mod trust;

pub use create::{
    DIRECTORY, create_hidden, create_unlinked, lacks_tmpfile, name_behind_hidden, publish,
    publish_hidden,
};
pub use facts::{
    FileId, allocated_bytes, block_size, close_if_same, file_id, is_hugetlbfs, is_in_memory,
    is_same, owner, same_file,
};
pub use memfd::{is_sealed, memfd, seal};
pub use open::{OPEN_FLAGS, inheritable, open_posix, reopen, reopen_mapped};
pub use punch::punch;
pub use reserve::{NoSpace, Reserved, reserve, reserve_mapped, reserve_new};
pub use size::{may_be_so_large, set_size};
pub use trust::{Ownership, Trust};
