//! Starting a program with posix_spawn(3), which does not copy the memory of the parent.

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use super::wait::Child;

/// What becomes of a standard stream of the child.
#[derive(Debug, Clone, Copy)]
pub enum Stream<'f> {
    /// It is the parent's.
    Inherit,
    /// It is this file.
    File(BorrowedFd<'f>),
}

/// A program to be started.
#[derive(Debug)]
pub struct Spawn<'a> {
    /// Its path.
    pub program: &'a CStr,
    /// Its arguments, its own name first.
    pub arguments: &'a [CString],
    /// Its environment, as `NAME=value`.
    pub environment: &'a [CString],
    /// Its standard input, output and error.
    pub streams: [Stream<'a>; 3],
    /// What it inherits besides, under the same numbers. No other child does.
    pub descriptors: &'a [BorrowedFd<'a>],
    /// Whether it leads a process group of its own.
    pub own_group: bool,
}

impl Spawn<'_> {
    /// Starts it, with no signal blocked and SIGPIPE as by default. When this returns, the program
    /// has begun.
    ///
    /// # Errors
    /// Those of posix_spawn(3) and pidfd_open(2); in the second case the child was killed.
    pub fn start(&self) -> io::Result<Child> {
        let mut actions = Actions::new()?;
        for (number, stream) in self.streams.iter().enumerate() {
            if let Stream::File(file) = stream {
                actions.duplicate(file.as_raw_fd(), number as RawFd)?;
            }
        }
        for descriptor in self.descriptors {
            // To itself: that takes close-on-exec off, in the child alone.
            actions.duplicate(descriptor.as_raw_fd(), descriptor.as_raw_fd())?;
        }
        let attributes = Attributes::new(self.own_group)?;
        let pointers = |strings: &[CString]| -> Vec<*mut libc::c_char> {
            let strings = strings.iter().map(|string| string.as_ptr().cast_mut());
            strings.chain([std::ptr::null_mut()]).collect()
        };
        let (arguments, environment) = (pointers(self.arguments), pointers(self.environment));
        let mut pid = 0;
        // SAFETY: all pointers are to values that outlive the call; both arrays end in a null, and
        // what they point to ends in a NUL and is not written.
        done(unsafe {
            libc::posix_spawn(
                &mut pid,
                self.program.as_ptr(),
                &actions.0,
                &attributes.0,
                arguments.as_ptr(),
                environment.as_ptr(),
            )
        })?;
        Child::new(pid)
    }
}

/// posix_spawn and its family return the error number.
fn done(error: libc::c_int) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new() -> io::Result<Self> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: the call fills the local in.
        done(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        // SAFETY: the call succeeded.
        Ok(Self(unsafe { actions.assume_init() }))
    }

    fn duplicate(&mut self, from: RawFd, to: RawFd) -> io::Result<()> {
        // SAFETY: the actions are initialised, and the numbers are only noted.
        done(unsafe { libc::posix_spawn_file_actions_adddup2(&mut self.0, from, to) })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised, and destroyed once.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new(own_group: bool) -> io::Result<Self> {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the call fills the local in.
        done(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })?;
        // SAFETY: the call succeeded.
        let mut this = Self(unsafe { attributes.assume_init() });
        let mut flags = libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF;
        if own_group {
            flags |= libc::POSIX_SPAWN_SETPGROUP;
        }
        let mut signals = MaybeUninit::uninit();
        // SAFETY: the attributes are initialised, and the set of signals is filled in before it is
        // read.
        unsafe {
            libc::sigemptyset(signals.as_mut_ptr());
            done(libc::posix_spawnattr_setsigmask(&mut this.0, signals.as_ptr()))?;
            libc::sigaddset(signals.as_mut_ptr(), libc::SIGPIPE);
            done(libc::posix_spawnattr_setsigdefault(&mut this.0, signals.as_ptr()))?;
            done(libc::posix_spawnattr_setpgroup(&mut this.0, 0))?;
            done(libc::posix_spawnattr_setflags(&mut this.0, flags as libc::c_short))?;
        }
        Ok(this)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised, and destroyed once.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}
