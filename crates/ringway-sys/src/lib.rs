//! What Ringway asks of the operating system: futexes, files of shared memory, byte locks, clocks, and the identity,
//! life and death of processes.
//!
//! This is the only crate of the project with system calls and with questions about the target. It knows nothing of
//! segments, rings or messages; each module is one kind of question to the kernel, and each answer is either certain
//! or says that it is not.
//!
//! Most functions return [`std::io::Result`] with the error of the system call; where other errors are possible, the
//! function says so.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "Ringway runs on Linux only: it needs futexes, O_TMPFILE, open-file-description locks and pidfds of the Linux kernel"
);

#[cfg(not(target_pointer_width = "64"))]
compile_error!(
    "Ringway needs a 64-bit target: segments have 64-bit sizes and 64-bit atomic words, which 32-bit processes cannot map or share"
);

pub mod clock;
pub mod fork;
pub mod futex;
pub mod lock;
pub mod memory;
pub mod process;
pub mod shm;

mod status;

#[cfg(test)]
mod testing;
