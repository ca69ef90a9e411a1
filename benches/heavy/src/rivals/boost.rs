//! boost::interprocess's message queue: a heap of messages under a lock. Skipped where its headers
//! are missing.

use std::ffi::CString;

use ringway_benches::link::{Link, Load, Receiver, Sender};
use ringway_benches::rival::{About, Between, Release, Rival};

use super::fresh_name;

/// A message queue.
pub struct Boost;

impl Rival for Boost {
    type Link = Named;
    fn about(&self) -> About {
        let release = Release::Words(queue::version());
        About { name: "boost", release, between: Between::Processes, waits: "sleeps" }
    }
    fn missing(&self) -> Option<String> {
        (!cfg!(boost)).then(|| {
            "the headers of boost::interprocess were not there when this was built".to_owned()
        })
    }
    fn carries(&self, _load: &Load) -> bool {
        true
    }
    fn links(&self, load: &Load, count: usize) -> Result<Vec<Named>, String> {
        (0..count).map(|_| Named::new(load)).collect()
    }
}

/// A queue under a name.
pub struct Named {
    name: CString,
    size: usize,
}

impl Named {
    fn new(load: &Load) -> Result<Self, String> {
        let name = CString::new(fresh_name()).map_err(|error| error.to_string())?;
        let made = queue::Queue::create(&name, load.capacity, load.size);
        made.map(|_| Self { name, size: load.size }).ok_or_else(|| "boost made no queue".to_owned())
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        queue::remove(&self.name);
    }
}

/// An end, and bytes.
pub struct End(queue::Queue, Vec<u8>);

impl Link for Named {
    type Sender<'l> = End;
    type Receiver<'l> = End;
    fn sender(&self, _index: usize) -> End {
        End(queue::Queue::open(&self.name).expect("the queue"), vec![0; self.size])
    }
    fn receiver(&self, index: usize) -> End {
        self.sender(index)
    }
}

impl Sender for End {
    #[inline]
    fn send(&mut self, _size: usize, write: impl FnOnce(&mut [u8])) {
        write(&mut self.1);
        assert!(self.0.send(&self.1), "boost did not send");
    }
}

impl Receiver for End {
    #[inline]
    fn receive(&mut self, read: impl FnOnce(&[u8])) {
        assert!(self.0.receive(&mut self.1), "boost did not receive");
        read(&self.1);
    }
}

/// The functions of `boost.cpp`, made safe.
#[cfg(boost)]
mod queue {
    use std::ffi::{CStr, c_char, c_void};
    use std::ptr::NonNull;

    unsafe extern "C" {
        fn rw_boost_version() -> *const c_char;
        fn rw_boost_create(name: *const c_char, messages: usize, size: usize) -> *mut c_void;
        fn rw_boost_open(name: *const c_char) -> *mut c_void;
        fn rw_boost_close(queue: *mut c_void);
        fn rw_boost_remove(name: *const c_char);
        fn rw_boost_send(queue: *mut c_void, bytes: *const c_void, size: usize) -> bool;
        fn rw_boost_receive(queue: *mut c_void, bytes: *mut c_void, size: usize) -> bool;
    }

    pub fn version() -> String {
        // SAFETY: a text that is part of the program.
        unsafe { CStr::from_ptr(rw_boost_version()) }.to_string_lossy().replace('_', ".")
    }

    pub fn remove(name: &CStr) {
        // SAFETY: a name that ends in a NUL.
        unsafe { rw_boost_remove(name.as_ptr()) }
    }

    /// A queue that is open.
    pub struct Queue(NonNull<c_void>);

    impl Queue {
        pub fn create(name: &CStr, messages: usize, size: usize) -> Option<Self> {
            // SAFETY: a name that ends in a NUL.
            NonNull::new(unsafe { rw_boost_create(name.as_ptr(), messages, size) }).map(Self)
        }
        pub fn open(name: &CStr) -> Option<Self> {
            // SAFETY: a name that ends in a NUL.
            NonNull::new(unsafe { rw_boost_open(name.as_ptr()) }).map(Self)
        }
        pub fn send(&self, bytes: &[u8]) -> bool {
            // SAFETY: an open queue, which reads the bytes only.
            unsafe { rw_boost_send(self.0.as_ptr(), bytes.as_ptr().cast(), bytes.len()) }
        }
        pub fn receive(&self, bytes: &mut [u8]) -> bool {
            // SAFETY: an open queue, which writes no more than that.
            unsafe { rw_boost_receive(self.0.as_ptr(), bytes.as_mut_ptr().cast(), bytes.len()) }
        }
    }

    impl Drop for Queue {
        fn drop(&mut self) {
            // SAFETY: open until now.
            unsafe { rw_boost_close(self.0.as_ptr()) }
        }
    }
}

/// Without boost there is no queue.
#[cfg(not(boost))]
mod queue {
    use std::ffi::CStr;

    pub fn version() -> String {
        "missing".to_owned()
    }

    pub fn remove(_name: &CStr) {}

    pub enum Queue {}

    impl Queue {
        pub fn create(_name: &CStr, _messages: usize, _size: usize) -> Option<Self> {
            None
        }
        pub fn open(_name: &CStr) -> Option<Self> {
            None
        }
        pub fn send(&self, _bytes: &[u8]) -> bool {
            match *self {}
        }
        pub fn receive(&self, _bytes: &mut [u8]) -> bool {
            match *self {}
        }
    }
}
