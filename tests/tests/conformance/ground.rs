//! The places that a queue can live in.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use ringway::{Payload, Place, Queue, QueueOptions};
use ringway_tests::{Folder, Name, Watchdog};

/// Makes queues in one kind of place.
pub enum Ground {
    Named,
    Portable,
    Folder(PathBuf),
    Unnamed,
    Heap,
}

/// A queue for one case, gone with all its files when it is dropped.
pub struct Made<T: Payload + ?Sized> {
    /// The creator's handle.
    pub queue: Queue<T>,
    /// What errors call it.
    pub label: String,
    options: QueueOptions<T>,
    place: Place,
    _dog: Watchdog,
    _name: Option<Name>,
}

impl Ground {
    pub fn with_named(case: fn(&Self)) {
        case(&Self::Named);
    }
    pub fn with_portable(case: fn(&Self)) {
        case(&Self::Portable);
    }
    pub fn with_folder(case: fn(&Self)) {
        let folder = Folder::new("file");
        case(&Self::Folder(folder.to_path_buf()));
    }
    pub fn with_unnamed(case: fn(&Self)) {
        case(&Self::Unnamed);
    }
    pub fn with_heap(case: fn(&Self)) {
        case(&Self::Heap);
    }

    /// A new queue with these options.
    pub fn make<T: Payload + ?Sized + 'static>(&self, options: QueueOptions<T>) -> Made<T> {
        let (mut name, mut place) = (None, Place::Heap);
        match self {
            Self::Named => place = name.insert(Name::new("named")).place(),
            Self::Portable => {
                place = Place::Portable(name.insert(Name::new("portable")).to_string())
            }
            Self::Folder(folder) => {
                static LAST: AtomicU32 = AtomicU32::new(0);
                place = Place::File(folder.join(LAST.fetch_add(1, Relaxed).to_string()));
            }
            Self::Unnamed => place = Place::Unnamed,
            Self::Heap => {}
        }
        let queue = options.create(place.clone()).expect("create");
        let _dog = Watchdog::of(&queue);
        Made { queue, label: place.label("queue"), options, place, _dog, _name: name }
    }

    /// A queue of bytes that holds so many messages.
    pub fn bytes(&self, maxsize: u64) -> Made<[u8]> {
        self.make(Queue::options().maxsize(maxsize).max_message(256).participants(4))
    }
}

impl<T: Payload + ?Sized> Made<T> {
    /// Opens it as another participant would. On the heap there is none: a clone.
    pub fn again(&self) -> Queue<T> {
        match &self.place {
            Place::Heap => self.queue.clone(),
            Place::Unnamed => {
                let fd = self.queue.inheritable_fd().expect("a descriptor");
                self.options.open_fd(fd).expect("open the descriptor")
            }
            place => self.options.open(place.clone()).expect("open"),
        }
    }
}

impl<T: Payload + ?Sized> Drop for Made<T> {
    fn drop(&mut self) {
        if let Place::File(path) = &self.place {
            let _ = std::fs::remove_file(path); // gives huge pages back
        }
    }
}
