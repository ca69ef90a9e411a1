//! A Unix socket that keeps messages apart (`SOCK_SEQPACKET`), with its buffers as the system makes
//! them.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::link::{Link, Load, Receiver, Sender};
use crate::rival::{About, Rival};

/// Larger messages do not fit its buffer.
const LARGEST: usize = 128 << 10;

/// A socket pair.
pub struct Seqpacket;

impl Rival for Seqpacket {
    type Link = Ends;
    fn about(&self) -> About {
        About::of_kernel("Unix seqpacket")
    }
    fn carries(&self, load: &Load) -> bool {
        load.size <= LARGEST
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Ends>, String> {
        (0..count).map(|_| Ends::new(load.size)).collect()
    }
}

/// Both ends.
pub struct Ends {
    from: OwnedFd,
    to: OwnedFd,
    size: usize,
}

impl Ends {
    fn new(size: usize) -> Result<Self, String> {
        let mut pair = [0; 2];
        // SAFETY: writes two descriptors to a local.
        if unsafe {
            libc::socketpair(
                libc::AF_UNIX,
                libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC,
                0,
                pair.as_mut_ptr(),
            )
        } != 0
        {
            return Err(io::Error::last_os_error().to_string());
        }
        // SAFETY: new descriptors that nobody else has.
        let [from, to] = pair.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
        Ok(Self { from, to, size })
    }
}

/// An end.
pub struct End<'l> {
    socket: &'l OwnedFd,
    buffer: Vec<u8>,
}

impl Link for Ends {
    type Sender<'l> = End<'l>;
    type Receiver<'l> = End<'l>;
    fn sender(&self, _index: usize) -> End<'_> {
        End { socket: &self.from, buffer: vec![0; self.size] }
    }
    fn receiver(&self, _index: usize) -> End<'_> {
        End { socket: &self.to, buffer: vec![0; self.size] }
    }
}

impl Sender for End<'_> {
    #[inline]
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        write(&mut self.buffer);
        let (at, length) = (self.buffer.as_ptr().cast(), self.buffer.len());
        // SAFETY: reads the buffer only.
        let sent = unsafe { libc::send(self.socket.as_raw_fd(), at, length, 0) };
        assert_eq!(sent, length as isize, "{}", io::Error::last_os_error());
    }
}

impl Receiver for End<'_> {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        let (at, length) = (self.buffer.as_mut_ptr().cast(), self.buffer.len());
        // SAFETY: writes no more than the buffer holds.
        let got = unsafe { libc::recv(self.socket.as_raw_fd(), at, length, 0) };
        assert_eq!(got, length as isize, "{}", io::Error::last_os_error());
        read(&self.buffer);
    }
}
