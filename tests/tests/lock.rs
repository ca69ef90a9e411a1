//! A lock between processes: alone under a name, without one, and beside a queue in a context.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use ringway::sync::ReleaseError;
use ringway::{Context, Kind, Lock, OpenError, Place, Queue, inspect};
use ringway_tests::{Folder, Name, Watchdog, Worker, worker};

const SOON: Duration = Duration::from_millis(30);
const STRATEGIES: [&str; 3] = ["spin", "adaptive", "park"];

/// A free lock, and how a worker finds it.
struct Made {
    lock: Lock,
    text: String,
    place: Option<Place>,
    _dog: Watchdog,
    _fd: Option<OwnedFd>,
    _context: Option<(Context, Queue<[u8]>)>,
    _name: Name,
}

impl Made {
    fn named() -> Self {
        let name = Name::new("lock");
        let lock = Lock::create(&name).unwrap();
        Self { text: name.to_string(), place: Some(name.place()), ..Self::over(lock, name) }
    }
    fn unnamed() -> Self {
        let lock = Lock::options().create(Place::Unnamed).unwrap();
        let fd = lock.inheritable_fd().unwrap();
        let text = format!("fd:{}", fd.as_raw_fd());
        Self { text, _fd: Some(fd), ..Self::over(lock, Name::new("none")) }
    }
    fn in_context() -> Self {
        let name = Name::new("context");
        let context = Context::create(&name).unwrap();
        let queue = Queue::<[u8]>::create_in(&context, "jobs", 2).unwrap();
        queue.put("beside it").unwrap();
        let lock = Lock::create_in(&context, "print").unwrap();
        let (text, place) = (format!("in:{name}:print"), Some(name.place()));
        Self { text, place, _context: Some((context, queue)), ..Self::over(lock, name) }
    }
    fn over(lock: Lock, name: Name) -> Self {
        let (text, _dog) = (String::new(), Watchdog::over_a_test());
        Self { lock, text, place: None, _dog, _fd: None, _context: None, _name: name }
    }

    /// A worker that has it open.
    fn worker(&self, strategy: &str) -> Worker {
        let mut worker = worker!("lock", self.text, strategy);
        assert_eq!(worker.hear(), "open");
        worker
    }
    /// A worker that holds it.
    fn holder(&self) -> Worker {
        let mut holder = self.worker("adaptive");
        assert_eq!(holder.ask("acquire"), "acquired");
        holder
    }
    /// Registrations of sleepers that wait for it.
    fn sleepers(&self) -> u32 {
        let place = self.place.as_ref().expect("a name");
        let segment = inspect::open(place, inspect::Trust::default()).unwrap();
        let lock = inspect::first(&segment, Kind::Lock).unwrap();
        inspect::lock_snapshot(&segment, &lock).unwrap().waiting
    }
}

fn in_each_place(test: impl Fn(Made)) {
    for make in [Made::named, Made::unnamed, Made::in_context] {
        test(make());
    }
}

#[test]
fn of_many_processes_one_at_a_time_holds_it() {
    const WORKERS: u64 = 4;
    const ROUNDS: u64 = 400;
    let folder = Folder::new("count");
    let file = folder.join("number");
    in_each_place(|made| {
        for strategy in STRATEGIES {
            fs::write(&file, 0_u64.to_le_bytes()).unwrap();
            let count = || worker!("count", made.text, strategy, file.display(), ROUNDS);
            let mut workers: Vec<Worker> = (0..WORKERS).map(|_| count()).collect();
            assert!(workers.iter_mut().all(|worker| worker.finish().success()));
            let counted = u64::from_le_bytes(fs::read(&file).unwrap().try_into().unwrap());
            assert_eq!(counted, WORKERS * ROUNDS, "{strategy}");
            assert!(!made.lock.is_locked());
        }
    });
}

#[test]
fn of_many_threads_one_at_a_time_holds_it() {
    in_each_place(|made| {
        let number = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        let _guard = made.lock.acquire().unwrap();
                        let before = number.load(Relaxed);
                        thread::yield_now();
                        number.store(before + 1, Relaxed);
                    }
                });
            }
        });
        assert_eq!(number.load(Relaxed), 8000);
    });
}

#[test]
fn a_lock_that_is_held_says_so_in_time() {
    in_each_place(|made| {
        let mut holder = made.holder();
        let begin = Instant::now();
        let lock = &made.lock;
        assert!(lock.try_acquire().unwrap_err().is_held());
        assert!(lock.acquire_timeout(SOON).unwrap_err().is_held());
        assert!(begin.elapsed() >= SOON, "after {:?} already", begin.elapsed());
        let error = lock.acquire_deadline(Instant::now() + SOON).unwrap_err();
        assert!(begin.elapsed() >= 2 * SOON, "after {:?} already", begin.elapsed());
        assert!(error.to_string().starts_with(&format!("{} is held", lock.label())), "{error}");
        assert!(lock.acquire_timeout(Duration::ZERO).unwrap_err().is_held());

        assert_eq!(holder.ask("drop"), "dropped");
        drop(lock.try_acquire().unwrap());
        drop(lock.acquire_timeout(SOON).unwrap());
        drop(lock.acquire_deadline(Instant::now()).unwrap());
        assert_eq!(holder.ask("timeout 30"), "acquired", "by the other again");
    });
}

#[test]
fn it_is_not_reentrant() {
    in_each_place(|made| {
        let _guard = made.lock.acquire().unwrap();
        assert!(made.lock.try_acquire().unwrap_err().is_held());
        assert!(made.lock.clone().acquire_timeout(SOON).unwrap_err().is_held());
    });
}

#[test]
fn holders_are_told_of_one_that_died_until_one_acknowledges_it() {
    in_each_place(|made| {
        made.holder().kill();
        let guard = made.lock.acquire().unwrap();
        assert!(guard.owner_died());
        drop(guard);
        let mut next = made.worker("adaptive");
        assert_eq!(next.ask("acquire"), "acquired of the dead", "no holder has acknowledged it");
        assert_eq!(next.ask("acknowledge"), "acknowledged");
        assert_eq!(next.ask("drop"), "dropped");
        let guard = made.lock.acquire().unwrap();
        assert!(!guard.owner_died());
        drop(guard);
        assert_eq!(next.ask("try"), "acquired");
    });
}

#[test]
fn one_that_waits_when_the_holder_dies_acquires_it() {
    in_each_place(|made| {
        for strategy in STRATEGIES {
            let mut holder = made.holder();
            let mut waiting = made.worker(strategy);
            waiting.tell("acquire");
            thread::sleep(SOON);
            holder.kill();
            assert_eq!(waiting.hear(), "acquired of the dead", "{strategy}");
            assert_eq!(waiting.ask("acknowledge"), "acknowledged");
            assert_eq!(waiting.ask("drop"), "dropped");
        }
    });
}

#[test]
fn short_waits_find_a_holder_that_died() {
    in_each_place(|made| {
        for strategy in STRATEGIES {
            made.holder().kill();
            let mut waiting = made.worker(strategy);
            let mut said = std::iter::repeat_with(|| waiting.ask("timeout 2"));
            let acquired = said.find(|said| !said.contains("is held"));
            assert_eq!(acquired.as_deref(), Some("acquired of the dead"), "{strategy}");
            assert_eq!(waiting.ask("acknowledge"), "acknowledged");
            assert_eq!(waiting.ask("drop"), "dropped");
        }
    });
}

#[test]
fn a_stopped_holder_keeps_it() {
    in_each_place(|made| {
        let mut holder = made.holder();
        holder.freeze();
        let error = made.lock.acquire_timeout(Duration::from_millis(400)).unwrap_err();
        assert!(error.is_held(), "{error}");
        holder.thaw();
        assert_eq!(holder.ask("drop"), "dropped");
        assert!(!made.lock.acquire().unwrap().owner_died());
    });
}

#[test]
fn another_process_may_release_it_and_the_guard_of_the_old_hold_releases_nothing() {
    in_each_place(|made| {
        let lock = &made.lock;
        let mut holder = made.holder();
        lock.release().unwrap();
        assert!(matches!(lock.release(), Err(ReleaseError::NotHeld { .. })));
        let guard = lock.try_acquire().unwrap();
        assert!(!guard.owner_died());
        assert_eq!(holder.ask("acknowledge"), "acknowledged");
        assert_eq!(holder.ask("drop"), "dropped");
        assert!(lock.is_locked(), "the hold of another process");
        assert_eq!(holder.ask("release"), "released");
        let own = lock.try_acquire().unwrap();
        drop(guard);
        assert!(lock.is_locked(), "a later hold of the same process");
        drop(own);
        assert!(!lock.is_locked());
        let said = holder.ask("release");
        assert_eq!(said, lock.release().unwrap_err().to_string());
        assert!(said.ends_with("is not held, so it cannot be released"), "{said}");
    });
}

#[test]
fn a_kept_hold_ends_with_its_process() {
    in_each_place(|made| {
        made.lock.acquire().unwrap().keep();
        let mut other = made.worker("adaptive");
        assert!(other.ask("timeout 30").contains("is held"));
        assert_eq!(other.ask("release"), "released");
        assert_eq!(other.ask("acquire"), "acquired");
    });
}

#[test]
fn a_forked_child_is_told_so_and_releases_nothing() {
    in_each_place(|made| {
        made.holder().kill();
        let said = worker!("fork-lock", made.text).rest();
        assert_eq!(said, "the child answers 0\nthe parent goes on\n");
    });
}

/// Its process lives on, and holds nothing any more.
#[test]
fn a_holder_that_becomes_another_program_is_as_a_dead_one() {
    in_each_place(|made| {
        let mut holder = worker!("become-another-with-lock", made.text);
        assert_eq!(holder.hear(), "held");
        assert!(made.lock.acquire_timeout(Duration::from_millis(200)).unwrap_err().is_held());
        holder.tell("go");
        let guard = made.lock.acquire().unwrap();
        assert!(guard.owner_died());
        assert_eq!(holder.ask("it lives"), "it lives");
    });
}

#[test]
fn a_release_wakes_a_sleeper() {
    for made in [Made::named(), Made::in_context()] {
        let guard = made.lock.acquire().unwrap();
        let mut sleeper = made.worker("park");
        sleeper.tell("acquire");
        while made.sleepers() == 0 {
            thread::yield_now();
        }
        sleeper.freeze(); // so that no look of its own lets it go on
        let registered = made.sleepers();
        drop(guard);
        assert!(made.sleepers() < registered, "the waker takes the registration back");
        sleeper.thaw();
        assert_eq!(sleeper.hear(), "acquired");
    }
}

/// The one that was woken dies before it takes the lock.
#[test]
fn a_wake_that_went_to_a_dead_sleeper_leaves_no_other_asleep() {
    in_each_place(|made| {
        let guard = made.lock.acquire().unwrap();
        let mut first = made.worker("park");
        first.tell("acquire");
        thread::sleep(SOON);
        first.freeze();
        let mut second = made.worker("park");
        second.tell("acquire");
        thread::sleep(SOON);
        drop(guard);
        first.kill();
        assert_eq!(second.hear(), "acquired", "no holder has died");
    });
}

#[test]
fn a_queue_is_not_opened_as_a_lock_nor_a_lock_as_a_queue() {
    let names = [Name::new("kind"), Name::new("kind")];
    let lock = Lock::create(&names[0]).unwrap();
    let queue = Queue::<[u8]>::create(&names[1], 4).unwrap();
    let kinds = |error: OpenError| match error {
        OpenError::Refused { field: "the kind of object", found, expected, .. } => {
            (found, expected)
        }
        other => panic!("{other}"),
    };
    let [a_lock, a_queue] = [("lock", "queue"), ("queue", "lock")]
        .map(|(found, expected)| (found.to_owned(), expected.to_owned()));
    assert_eq!(kinds(Queue::<[u8]>::open(&names[0]).unwrap_err()), a_lock);
    assert_eq!(kinds(Queue::<[u8]>::options().open_any(&*names[0]).unwrap_err()), a_lock);
    assert_eq!(kinds(Lock::open(&names[1]).unwrap_err()), a_queue);
    let fds = (lock.inheritable_fd().unwrap(), queue.inheritable_fd().unwrap());
    assert_eq!(kinds(Queue::<[u8]>::options().open_fd(&fds.0).unwrap_err()), a_lock);
    assert_eq!(kinds(Lock::options().open_fd(&fds.1).unwrap_err()), a_queue);
    assert_eq!(
        queue.snapshot().unwrap().holders.len(),
        1,
        "a process that is refused takes no part"
    );
    assert!(Lock::options().open_or_create(&*names[1]).is_err());
    drop(Lock::options().open_or_create(&*names[0]).unwrap());
}

#[test]
fn processes_that_have_it_open_go_on_when_its_name_is_removed() {
    let made = Made::named();
    let mut holder = made.holder();
    assert!(made.lock.remove().unwrap());
    assert!(!made.lock.remove().unwrap());
    assert!(matches!(Lock::open(&made.text), Err(OpenError::NotFound { .. })));
    let again = Lock::create(&made.text).unwrap();
    drop(again.try_acquire().unwrap());
    assert!(made.lock.try_acquire().unwrap_err().is_held());
    holder.kill();
    assert!(made.lock.acquire().unwrap().owner_died());
    again.remove().unwrap();
}
