//! A POSIX message queue, as many messages as the system lets it hold.

use std::ffi::CString;
use std::fs;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::link::{Link, Load, Receiver, Sender};
use crate::rival::{About, Release, Rival};

/// A message queue.
pub struct PosixMq;

fn limit(name: &str) -> usize {
    fs::read_to_string(format!("/proc/sys/fs/mqueue/{name}"))
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

impl Rival for PosixMq {
    type Link = Mq;
    fn about(&self) -> About {
        About {
            release: Release::Words(format!("kernel, {} messages", limit("msg_max"))),
            ..About::of_kernel("POSIX mq")
        }
    }
    fn missing(&self) -> Option<String> {
        (limit("msg_max") == 0).then(|| "the system has no POSIX message queues".to_owned())
    }
    fn carries(&self, load: &Load) -> bool {
        load.size <= limit("msgsize_max")
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Mq>, String> {
        (0..count).map(|_| Mq::new(load)).collect()
    }
}

/// An open queue.
pub struct Mq {
    descriptor: libc::mqd_t,
    size: usize,
}

impl Mq {
    fn new(load: &Load) -> Result<Self, String> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let name = CString::new(format!(
            "/ringway-bench-{}-{}",
            std::process::id(),
            LAST.fetch_add(1, Relaxed)
        ))
        .map_err(|error| error.to_string())?;
        // SAFETY: all fields are numbers.
        let mut measures: libc::mq_attr = unsafe { std::mem::zeroed() };
        measures.mq_maxmsg = load.capacity.min(limit("msg_max")) as _;
        measures.mq_msgsize = load.size as _;
        // SAFETY: a name that ends in a NUL and measures that outlive the call.
        let descriptor = unsafe {
            libc::mq_open(
                name.as_ptr(),
                libc::O_RDWR | libc::O_CREAT | libc::O_EXCL,
                0o600,
                &raw const measures,
            )
        };
        if descriptor == -1 {
            return Err(io::Error::last_os_error().to_string());
        }
        // SAFETY: as above; the queue lives on with its descriptors.
        unsafe { libc::mq_unlink(name.as_ptr()) };
        Ok(Self { descriptor, size: load.size })
    }
}

impl Drop for Mq {
    fn drop(&mut self) {
        // SAFETY: our own descriptor.
        unsafe { libc::mq_close(self.descriptor) };
    }
}

/// An end.
pub struct End {
    descriptor: libc::mqd_t,
    buffer: Vec<u8>,
}

impl Link for Mq {
    type Sender<'l> = End;
    type Receiver<'l> = End;
    fn sender(&self, _index: usize) -> End {
        End { descriptor: self.descriptor, buffer: vec![0; self.size] }
    }
    fn receiver(&self, index: usize) -> End {
        self.sender(index)
    }
}

impl Sender for End {
    #[inline]
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        write(&mut self.buffer);
        // SAFETY: reads the buffer only.
        let result = unsafe {
            libc::mq_send(self.descriptor, self.buffer.as_ptr().cast(), self.buffer.len(), 0)
        };
        assert_eq!(result, 0, "{}", io::Error::last_os_error());
    }
}

impl Receiver for End {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        let (at, length) = (self.buffer.as_mut_ptr().cast(), self.buffer.len());
        // SAFETY: writes no more than the buffer holds.
        let got = unsafe { libc::mq_receive(self.descriptor, at, length, std::ptr::null_mut()) };
        assert_eq!(got, length as isize, "{}", io::Error::last_os_error());
        read(&self.buffer);
    }
}
