//! Names that go by themselves, names that are taken over, and queues that end with their putters.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use ringway::{
    Context, CreateError, GetErrorKind, Lock, OpenError, Place, PutErrorKind, Queue, QueueOptions,
    Role, SegmentError, WaitStrategy,
};
use ringway_tests::{Folder, Name, Watchdog, Worker};

/// The flags of a segment, and the one that a process looks whether any takes part.
const FLAGS_AT: u64 = 4096;
const LOOKED_AT: u64 = 2;

fn small() -> QueueOptions<u32> {
    Queue::options().maxsize(3).max_message(64).participants(8).loans(4)
}

/// A worker that has got the queue.
fn living(how: &str, name: &Name, options: &[&str]) -> Worker {
    let arguments: Vec<&str> = ["live", how, name].iter().chain(options).copied().collect();
    let mut worker = Worker::spawn(env!("CARGO_BIN_EXE_worker"), &arguments);
    assert_eq!(worker.hear(), "open");
    worker
}

/// What such a worker says instead.
fn refused(how: &str, name: &Name, options: &[&str]) -> String {
    let arguments: Vec<&str> = ["live", how, name].iter().chain(options).copied().collect();
    Worker::spawn(env!("CARGO_BIN_EXE_worker"), &arguments).hear()
}

fn exists(name: &Name) -> bool {
    name.path().exists()
}

/// Whether the name stands for the queue that a handle has open.
fn stands_for(path: &Path, queue: &Queue<u32>) -> bool {
    let fd = queue.inheritable_fd().unwrap();
    let ours = File::from(fd).metadata().unwrap();
    fs::metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino()))
}

/// What a creator on the portable path has made when it begins.
fn half_made(name: &Name) -> File {
    let mut options = File::options();
    options.write(true).create_new(true).mode(0o600).open(name.path()).unwrap()
}

#[test]
fn a_name_goes_with_the_last_handle_of_its_creator() {
    let name = Name::new("on-drop");
    let queue = small().remove_on_drop(true).create(&name).unwrap();
    let clone = queue.clone();
    let opened = Queue::<u32>::open(&name).unwrap();
    drop(Queue::<u32>::open(&name).unwrap());
    drop(queue);
    assert!(exists(&name));
    thread::spawn(move || drop(clone)).join().unwrap();
    assert!(!exists(&name));
    opened.put(7).unwrap(); // others go on

    let lock = Lock::options().remove_on_drop(true).open_or_create(&name).unwrap();
    drop(Lock::options().remove_on_drop(true).open_or_create(&name).unwrap()); // that opened it
    assert!(exists(&name));
    drop(lock);
    assert!(!exists(&name));

    let context = Context::options().remove_on_drop(true).create(&name).unwrap();
    let queue = small().remove_on_drop(true).create_in(&context, "jobs").unwrap();
    let same = Queue::<u32>::open_in(&context, "jobs").unwrap();
    drop(queue);
    assert!(matches!(Queue::<u32>::open_in(&context, "jobs"), Err(OpenError::NotFound { .. })));
    drop(context.clone());
    assert!(exists(&name));
    drop(context);
    assert!(!exists(&name));
    same.put(7).unwrap();
}

#[test]
fn a_name_goes_in_a_panic_of_its_creator_and_stays_when_that_is_killed() {
    let name = Name::new("on-drop");
    let mut creator = living("create", &name, &["small", "on-drop"]);
    creator.tell("panic");
    assert!(!creator.finish().success());
    assert!(!exists(&name));

    let mut creator = living("create", &name, &["small", "on-drop"]);
    creator.kill();
    assert!(exists(&name));
    assert_eq!(Queue::<u32>::open(&name).unwrap().maxsize(), 3);
}

#[test]
fn a_forked_child_takes_no_name_away() {
    for option in ["on-drop", "with-last"] {
        let name = Name::new("forked");
        let mut creator = living("create", &name, &["small", option]);
        assert_eq!(creator.ask("fork"), "ok");
        assert!(exists(&name), "{option}");
        assert_eq!(creator.ask("and now the parent"), "ok");
        assert!(!exists(&name), "{option}");
    }
}

#[test]
fn a_name_goes_with_the_last_participant() {
    let name = Name::new("with-last");
    let queue = small().remove_with_last(true).create(&name).unwrap();
    let mut others = [living("open", &name, &[]), living("open", &name, &[])];
    drop(queue);
    assert_eq!(others[0].ask("close"), "ok");
    assert!(exists(&name));
    assert_eq!(others[1].ask("close"), "ok");
    assert!(!exists(&name));

    let context = Context::options().remove_with_last(true).create(&name).unwrap();
    let lock = Lock::create_in(&context, "first").unwrap();
    drop(context);
    assert!(exists(&name)); // an object in it is open
    drop(lock);
    assert!(!exists(&name));
}

#[test]
fn a_name_whose_last_participant_was_killed_stands_for_nothing() {
    let name = Name::new("with-last");
    let create = || living("create", &name, &["small", "with-last"]);
    let mut last = create();
    assert_eq!(last.ask("put 7"), "ok");
    let inode = fs::metadata(name.path()).unwrap().ino();
    last.freeze(); // that is not death
    drop(Queue::<u32>::open(&name).unwrap());
    assert!(exists(&name));
    last.kill();
    assert!(exists(&name));
    assert!(matches!(Queue::<u32>::open(&name), Err(OpenError::NotFound { .. })));
    assert!(!exists(&name));

    create().kill();
    let queue = small().create(&name).unwrap(); // in its place
    assert!(stands_for(&name.path(), &queue));
    assert!(matches!(small().create(&name), Err(CreateError::AlreadyExists { .. })));
    queue.remove().unwrap();

    create().kill();
    let queue = small().remove_with_last(true).open_or_create(&name).unwrap();
    assert!(queue.is_empty().unwrap());
    assert!(inode != fs::metadata(name.path()).unwrap().ino() || queue.is_empty().unwrap());
}

#[test]
fn what_is_in_use_is_not_replaced() {
    let name = Name::new("replace");
    let mut user = living("create", &name, &["small"]);
    assert_eq!(user.ask("put 7"), "ok");
    for is_stopped in [false, true] {
        if is_stopped {
            user.freeze();
        }
        let error = small().replace_stale(true).create(&name).unwrap_err();
        assert!(matches!(error, CreateError::AlreadyExists { .. }), "{error}");
        assert!(refused("create", &name, &["small", "replace"]).contains("already exists"));
        let same = small().replace_stale(true).open_or_create(&name).unwrap();
        assert_eq!(same.len().unwrap(), 1);
    }
    user.thaw();
    user.kill();
    let fresh = small().replace_stale(true).create(&name).unwrap();
    assert!(fresh.is_empty().unwrap());
    assert!(stands_for(&name.path(), &fresh));
    drop(fresh);
    // Of another kind, and left in good order.
    let lock = Lock::options().replace_stale(true).open_or_create(&name).unwrap();
    assert!(matches!(
        small().replace_stale(true).create(&name),
        Err(CreateError::AlreadyExists { .. })
    ));
    drop(lock);
    drop(Lock::options().open(&name).unwrap()); // nothing replaces it unasked
    assert!(matches!(Lock::create(&name), Err(CreateError::AlreadyExists { .. })));
}

#[test]
fn what_is_no_segment_is_not_replaced_unless_it_was_to_be_one() {
    let folder = Folder::new("foreign");
    let path = folder.join("file");
    for content in [b"not a segment".as_slice(), b"".as_slice(), &[0; 8192]] {
        fs::write(&path, content).unwrap();
        let error = small().replace_stale(true).create(&path).unwrap_err();
        assert!(matches!(error, CreateError::AlreadyExists { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    let name = Name::new("foreign");
    fs::write(name.path(), b"not a segment").unwrap();
    assert!(small().replace_stale(true).create(&name).is_err());
    fs::remove_file(name.path()).unwrap();
    let writer = half_made(&name);
    assert!(small().replace_stale(true).create(&name).is_err()); // it may be at work
    drop(writer);
    small().replace_stale(true).create(&name).unwrap();
}

#[test]
fn of_many_that_replace_at_once_one_creates() {
    for round in 0..30 {
        let _dog = Watchdog::over_a_test();
        let name = Name::new("rivals");
        let portable = Place::Portable(name.to_string());
        let place = if round % 3 == 0 { portable } else { name.place() };
        drop(small().create(place.clone()).unwrap());
        let created = AtomicU32::new(0);
        let start = std::sync::Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    let queue = small().replace_stale(true).create(place.clone());
                    if let Err(error) = &queue {
                        assert!(matches!(error, CreateError::AlreadyExists { .. }), "{error}");
                    }
                    created.fetch_add(queue.is_ok().into(), Relaxed);
                    start.wait();
                    drop(queue);
                });
            }
        });
        assert_eq!(created.load(Relaxed), 1);
    }
}

/// Threads open, create, replace and leave: as long as one of them has a queue open, the name stands
/// for that one. Participants of one process are told apart by their descriptions.
fn storm(options: impl Fn(u32) -> QueueOptions<u32> + Sync) {
    let _dog = Watchdog::over_a_test();
    let name = Name::new("storm");
    let path = name.path();
    let (is_over, rounds) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        for thread in 0..4 {
            let (options, is_over, rounds) = (&options, &is_over, &rounds);
            let (name, path) = (&name, &path);
            scope.spawn(move || {
                while !is_over.load(Relaxed) {
                    let opened = options(thread).open_or_create(name);
                    let queue = match opened {
                        Ok(queue) => queue,
                        Err(error) if is_for_now(&error) => continue,
                        Err(error) => panic!("{error}"),
                    };
                    for _ in 0..3 {
                        if !stands_for(path, &queue) {
                            is_over.store(true, Relaxed);
                            panic!("the name was taken from a queue in use");
                        }
                        thread::yield_now();
                    }
                    drop(queue);
                    if rounds.fetch_add(1, Relaxed) == 4000 {
                        is_over.store(true, Relaxed);
                    }
                }
            });
        }
    });
}

/// The name went again and again, or a thread that looks whether it may go came to no end in time.
fn is_for_now(error: &CreateError) -> bool {
    match error {
        CreateError::Open(OpenError::Removed { .. }) => true,
        CreateError::Io { source, .. } | CreateError::Open(OpenError::Io { source, .. }) => {
            source.kind() == std::io::ErrorKind::WouldBlock
        }
        _ => false,
    }
}

#[test]
fn a_name_that_goes_with_the_last_is_not_taken_from_the_next() {
    storm(|_| small().remove_with_last(true));
}

#[test]
fn a_replaced_name_is_not_taken_from_the_next() {
    storm(|thread| small().replace_stale(thread % 2 == 0));
}

#[test]
fn the_mark_of_a_dead_looker_is_taken_back() {
    let name = Name::new("mark");
    let queue = small().create(&name).unwrap();
    let file = File::options().read(true).write(true).open(name.path()).unwrap();
    let flags = || {
        let mut word = [0; 8];
        file.read_exact_at(&mut word, FLAGS_AT).unwrap();
        u64::from_ne_bytes(word)
    };
    file.write_all_at(&LOOKED_AT.to_ne_bytes(), FLAGS_AT).unwrap();
    let same = Queue::<u32>::open(&name).unwrap();
    assert_eq!(flags(), 0);
    assert!(stands_for(&name.path(), &same));
    // If the looker got further, the mark turns an entrant away that found the name just before.
    queue.put(7).unwrap();
}

#[test]
fn an_opener_waits_for_the_name() {
    let name = Name::new("waited");
    let soon = Duration::from_millis(30);
    for place in [name.place(), Place::File(name.path())] {
        let error = small().open_timeout(place.clone(), soon).unwrap_err();
        assert!(matches!(error, OpenError::NotFound { .. }), "{error}");
        let error = small().open_deadline(place, Instant::now() + soon).unwrap_err();
        assert!(matches!(error, OpenError::NotFound { .. }), "{error}");
    }
    assert!(small().open_timeout(&name, Duration::ZERO).is_err());
    for place in [name.place(), Place::Portable(name.to_string())] {
        let _dog = Watchdog::over_a_test();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| small().open_timeout(&name, Duration::MAX));
            thread::sleep(soon);
            assert!(!waiting.is_finished());
            drop(half_made(&name));
            thread::sleep(soon);
            assert!(!waiting.is_finished());
            fs::remove_file(name.path()).unwrap();
            let queue = small().create(place).unwrap();
            queue.put(7).unwrap();
            assert_eq!(*waiting.join().unwrap().unwrap().get().unwrap(), 7);
            queue.remove().unwrap();
        });
    }
    // What is there and cannot be opened is told at once.
    let _lock = Lock::create(&name).unwrap();
    let error = small().open_timeout(&name, Duration::MAX).unwrap_err();
    assert!(matches!(error, OpenError::Refused { .. }), "{error}");
}

#[test]
fn options_that_differ_are_told_with_both_values() {
    let name = Name::new("differs");
    let fresh = Queue::<u32>::options;
    let made = small().put_back(true).mode(0o660).create(&name).unwrap();
    for (asked, option, found, wanted) in [
        (fresh().maxsize(9), "maxsize", "3", "9"),
        (fresh().max_message(65), "max_message", "64", "65"),
        (fresh().loans(5), "loans", "4", "5"),
        (fresh().participants(7), "participants", "8", "7"),
        (fresh().put_back(false), "put_back", "true", "false"),
        (fresh().mode(0o600), "mode", "0o660", "0o600"),
        (fresh().remove_with_last(true), "remove_with_last", "false", "true"),
        (fresh().shut_down_with_last_putter(true), "shut_down_with_last_putter", "false", "true"),
    ] {
        let fd = made.inheritable_fd().unwrap();
        let errors = [
            asked.open(&name).unwrap_err(),
            match asked.open_or_create(&name) {
                Err(CreateError::Open(error)) => error,
                other => panic!("{option}: {other:?}"),
            },
        ];
        for error in errors {
            let text = error.to_string();
            let OpenError::Differs { option: named, found: there, wanted: own, .. } = error else {
                panic!("{option}: {text}");
            };
            assert_eq!((named, &*there, &*own), (option, found, wanted));
            assert!(text.contains(&*name) && text.contains(option), "{text}");
        }
        assert_eq!(asked.open_fd(&fd).is_err(), option != "mode", "{option}");
        let accepted = asked.accept_existing(true).open_or_create(&name).unwrap();
        assert_eq!(accepted.maxsize(), 3);
    }
    // What is the same, or was not said, is no difference; nor is what cannot be seen there.
    let same = small().put_back(true).mode(0o660).remove_with_last(false).prefault(true);
    drop(same.remove_on_drop(true).open_or_create(&name).unwrap());
    drop(fresh().open(&name).unwrap());
    made.remove().unwrap();

    let context = Context::options().objects(3).space(1 << 20).create(&name).unwrap();
    let differs = |options: ringway::ContextOptions| {
        matches!(options.open(&name), Err(OpenError::Differs { .. }))
    };
    assert!(differs(Context::options().objects(4)));
    assert!(differs(Context::options().space(1 << 21)));
    assert!(!differs(Context::options().objects(3).space(1 << 20)));
    let _jobs = small().create_in(&context, "jobs").unwrap();
    let error = Queue::<u32>::open_or_create_in(&context, "jobs", 9).unwrap_err();
    assert!(matches!(error, CreateError::Open(OpenError::Differs { option: "maxsize", .. })));
    for options in [small().remove_with_last(true), small().replace_stale(true)] {
        let error = options.create_in(&context, "more").unwrap_err();
        assert!(matches!(error, CreateError::BadOption { .. }), "{error}");
    }
}

#[test]
fn a_name_and_a_place_can_be_opened_again() {
    let name = Name::new("again");
    let queue = small().create(&name).unwrap();
    assert_eq!(queue.name(), Some(&*name));
    assert_eq!(queue.label().to_string(), format!("queue '{name}'"));
    let same = Queue::<u32>::open(queue.name().unwrap()).unwrap();
    assert_eq!(Queue::<u32>::open(same.place()).unwrap().name(), Some(&*name));
    let by_fd = small().open_fd(queue.inheritable_fd().unwrap()).unwrap();
    assert_eq!((by_fd.name(), by_fd.place()), (None, &Place::Unnamed));
    queue.remove().unwrap();

    let context = Context::create(&name).unwrap();
    let lock = Lock::create_in(&context, "till").unwrap();
    assert_eq!((context.name(), lock.name()), (Some(&*name), Some("till")));
    assert_eq!(Lock::open_in(&context, lock.name().unwrap()).unwrap().place(), context.place());

    let folder = Folder::new("again");
    let path = folder.join("q");
    let queue = small().create(&path).unwrap();
    assert_eq!((queue.name(), queue.place()), (None, &Place::File(path.clone())));
    assert!(Queue::<u32>::open(queue.place()).is_ok());
    assert!(Queue::<u32>::open(&*path).is_ok() && Queue::<u32>::open(path).is_ok());
}

#[test]
fn a_relative_path_is_resolved_when_it_is_given() {
    let name = Name::new("relative"); // removes it in the end
    let here = std::env::current_dir().unwrap();
    let file = format!("{}.file", &*name);
    let queue = small().remove_on_drop(true).create(Path::new(&file)).unwrap();
    assert_eq!(queue.place(), &Place::File(here.join(&file)));
    assert!(queue.label().to_string().contains(here.to_str().unwrap()));
    let same = small().open(Place::File(Path::new(".").join(&file))).unwrap();
    assert_eq!(same.place(), queue.place());
    assert!(matches!(Queue::<u32>::open(Path::new("")), Err(OpenError::BadName { .. })));
}

/// A queue that ends with its putters, by a handle that only gets.
fn ending(name: &Name) -> Queue<u32> {
    small().shut_down_with_last_putter(true).role(Role::Getter).create(name).unwrap()
}

fn putter(name: &Name) -> Queue<u32> {
    Queue::options().role(Role::Putter).open(name).unwrap()
}

/// What a getter that waits without end is told at the end.
fn get(queue: &Queue<u32>) -> Option<u32> {
    match queue.get() {
        Ok(message) => Some(message.to_native()),
        Err(error) => {
            assert!(error.is_shut_down(), "{error}");
            None
        }
    }
}

fn is_empty_for_now(queue: &Queue<u32>) -> bool {
    matches!(queue.get_timeout(Duration::from_millis(250)), Err(error) if error.is_empty())
}

#[test]
fn a_queue_ends_when_its_last_putter_closes_it() {
    let _dog = Watchdog::over_a_test();
    let name = Name::new("ends");
    let queue = ending(&name);
    let first = putter(&name);
    let (clone, both) = (first.clone(), Queue::<u32>::open(&name).unwrap());
    first.put(7).unwrap();
    drop(first);
    drop(both);
    clone.put(8).unwrap(); // still one
    let mut other = living("open", &name, &["putter"]);
    drop(clone);
    assert!(!queue.is_shut_down().unwrap());
    assert_eq!(other.ask("put 9"), "ok");
    assert_eq!(other.ask("close"), "ok");
    assert!(queue.is_shut_down().unwrap(), "at once");
    assert_eq!([(); 4].map(|()| get(&queue)), [Some(7), Some(8), Some(9), None]);
    // It is over for those who come later.
    let error = putter(&name).put(10).unwrap_err();
    assert!(error.is_shut_down(), "{error}");
    assert_eq!(get(&queue), None);
}

#[test]
fn a_getter_that_waits_learns_that_the_last_putter_was_killed() {
    for strategy in [WaitStrategy::Spin, WaitStrategy::Adaptive, WaitStrategy::Park] {
        let name = Name::new("ends");
        let _made = ending(&name);
        let options = Queue::<u32>::options().role(Role::Getter).wait(strategy);
        let queue = options.open(&name).unwrap();
        let _dog = Watchdog::of(&queue);
        let mut putters = [living("open", &name, &["putter"]), living("open", &name, &[])];
        assert_eq!(putters[0].ask("put 7"), "ok");
        assert_eq!(get(&queue), Some(7));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| get(&queue));
            putters[0].kill();
            assert!(is_empty_for_now(&queue), "{strategy:?}");
            putters[1].freeze(); // that is not death
            assert!(is_empty_for_now(&queue), "{strategy:?}");
            assert!(!waiting.is_finished());
            putters[1].kill_unburied();
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}

#[test]
fn a_getter_in_another_process_learns_it_too() {
    let name = Name::new("ends");
    let mut getter = living("create", &name, &["small", "ends", "getter"]);
    let mut last = living("open", &name, &["putter"]);
    assert_eq!(last.ask("put 7"), "ok");
    last.kill();
    assert_eq!(getter.ask("get 100000"), "7");
    assert!(getter.ask("get 1000000").contains("shut down"));
}

#[test]
fn a_getter_that_comes_after_the_last_death_learns_it() {
    let name = Name::new("ends");
    let mut last = living("create", &name, &["small", "ends"]);
    assert_eq!(last.ask("put 7"), "ok");
    last.kill();
    let queue = Queue::<u32>::options().role(Role::Getter).open(&name).unwrap();
    assert!(queue.is_shut_down().unwrap());
    assert_eq!((get(&queue), get(&queue)), (Some(7), None));
}

#[test]
fn a_queue_that_had_no_putter_waits_for_the_first() {
    let _dog = Watchdog::over_a_test();
    let name = Name::new("ends");
    let queue = ending(&name);
    let mut other = living("open", &name, &["getter"]);
    assert!(is_empty_for_now(&queue));
    other.kill();
    assert!(is_empty_for_now(&queue));
    drop(Queue::<u32>::options().role(Role::Getter).open(&name).unwrap());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| (get(&queue), get(&queue)));
        let putter = putter(&name);
        putter.put(7).unwrap();
        drop(putter);
        assert_eq!(waiting.join().unwrap(), (Some(7), None));
    });
}

#[test]
fn a_queue_without_the_option_stays_open() {
    let name = Name::new("stays");
    let queue = small().role(Role::Getter).create(&name).unwrap();
    drop(putter(&name));
    living("open", &name, &["putter"]).kill();
    assert!(is_empty_for_now(&queue));
    assert!(!queue.is_shut_down().unwrap());
}

#[test]
fn a_handle_that_only_gets_puts_nothing() {
    let name = Name::new("getter");
    let queue = small().role(Role::Getter).create(&name).unwrap();
    let error = queue.put(7).unwrap_err();
    assert!(matches!(error.kind, PutErrorKind::Segment(SegmentError::NotPutter)), "{error}");
    let error = putter(&name).as_bytes().put([0; 65]).unwrap_err();
    assert!(matches!(error.kind, PutErrorKind::TooLarge { .. }), "{error}");
    putter(&name).put(8).unwrap();
    assert_eq!(get(&queue), Some(8));
}

#[test]
fn a_forked_child_is_no_putter() {
    let _dog = Watchdog::over_a_test();
    let name = Name::new("ends");
    let queue = ending(&name);
    let mut parent = living("open", &name, &["putter"]);
    assert_eq!(parent.ask("fork"), "ok"); // the child has dropped its copy
    assert!(is_empty_for_now(&queue));
    assert_eq!(parent.ask("and now the parent"), "ok");
    assert_eq!(get(&queue), None);
    queue.remove().unwrap();

    let queue = ending(&name);
    let mut parent = living("open", &name, &["putter"]);
    assert_eq!(parent.ask("fork-and-stay"), "ok");
    assert!(is_empty_for_now(&queue));
    parent.kill(); // its child has the memory mapped
    assert_eq!(get(&queue), None);
}

#[test]
fn a_queue_in_a_context_ends_with_its_putters_only() {
    let _dog = Watchdog::over_a_test();
    let name = Name::new("ends");
    let context = Context::create(&name).unwrap();
    let options = small().shut_down_with_last_putter(true);
    let queue = options.clone().role(Role::Getter).create_in(&context, "jobs").unwrap();
    let putters = [(); 2].map(|()| options.clone().open_in(&context, "jobs").unwrap());
    assert!(putters.iter().all(|putter| putter.put(7).is_ok()));
    let [first, second] = putters;
    drop(first);
    second.put(8).unwrap();
    drop(second);
    assert_eq!([(); 4].map(|()| get(&queue)), [Some(7), Some(7), Some(8), None]);
    assert!(matches!(queue.try_get().unwrap_err().kind, GetErrorKind::ShutDown));
}

/// The last putter leaves while another joins: if the first put of that one goes through, the queue
/// stays open as long as it is there.
#[test]
fn a_queue_does_not_end_under_a_putter_that_joins() {
    let _dog = Watchdog::over_a_test();
    let name = Name::new("joins");
    let takes = |putter: &Queue<u32>| match putter.try_put(1) {
        Err(error) => !error.is_shut_down(),
        Ok(()) => true,
    };
    for round in 0..1000_u32 {
        let getter = ending(&name);
        let leaving = putter(&name);
        let (start, has_left) = (std::sync::Barrier::new(2), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                (0..round % 50 * 20).for_each(|_| std::hint::spin_loop());
                drop(leaving);
                has_left.store(true, Relaxed);
            });
            start.wait();
            let joined = putter(&name);
            let takes_first = takes(&joined);
            while !has_left.load(Relaxed) {
                thread::yield_now();
            }
            assert_eq!(takes(&joined), takes_first, "round {round}");
            assert_eq!(getter.is_shut_down().unwrap(), !takes_first);
        });
        assert!(getter.is_shut_down().unwrap(), "both have left");
        getter.remove().unwrap();
    }
}
