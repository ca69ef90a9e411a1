//! What Ringway asks of the operating system: futexes, files of shared memory, byte locks, clocks,
//! and the identity, life and death of processes.
//!
//! This is the only crate of the project with system calls and with questions about the target. It
//! knows nothing of segments, rings or messages; each module is one kind of question to the kernel,
//! and each result is either certain or says that it is not.
//!
//! Most functions return [`std::io::Result`] with the error of the system call; where other errors
//! are possible, the function says so.
//!
//! # Kernels
//!
//! All that is needed works since Linux 4.14 (MADV_WIPEONFORK, in [`fork`]). Newer kernels do some
//! of it better, and the older way is taken where they are missing or a filter of system calls
//! forbids them:
//!
//! | Linux | what | without it |
//! |---|---|---|
//! | 5.3 | pidfd_open(2) ([`process`]) | kill(2) and `/proc`, one process at a time |
//! | 5.14 | MADV_POPULATE_WRITE ([`memory::back`]) | an atomic touch |
//! | 5.16 | futex_waitv(2) ([`futex::waitv`]) | an error |
//! | 6.9 | an inode for each process behind its pidfds | their `fdinfo` in `/proc` |

#[cfg(not(target_os = "linux"))]
compile_error!(
    "Ringway runs on Linux only: it needs futexes, O_TMPFILE, open-file-description locks and \
     pidfds of the Linux kernel"
);

#[cfg(not(target_pointer_width = "64"))]
compile_error!(
    "Ringway needs a 64-bit target: segments have 64-bit sizes and 64-bit atomic words, which \
     32-bit processes cannot map or share"
);

pub mod byte_lock;
pub mod children;
pub mod clock;
pub mod fork;
pub mod futex;
pub mod memory;
pub mod process;
pub mod shm;

mod status;

#[cfg(test)]
mod testing;
