//! Contexts: several objects in one segment, which come and go while others use them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::Duration;

use ringway::{Context, CreateError, Kind, Lock, OpenError, Place, Queue, QueueOptions};
use ringway_tests::random::Random;
use ringway_tests::{Name, Watchdog, Worker, worker};

/// Bytes of a segment for a few small queues.
const SPACE: u64 = 8 << 20;

/// Messages of a queue that takes nearly all of it.
const WHOLE: u64 = 50_000;

fn small() -> QueueOptions<[u8]> {
    Queue::options().maxsize(2).max_message(64)
}

/// A context, and its name.
fn made(objects: u32, space: u64) -> (Context, Name, Watchdog) {
    let name = Name::new("context");
    let context = Context::options().objects(objects).space(space).participants(8).create(&*name);
    (context.unwrap(), name, Watchdog::over_a_test())
}

fn names(context: &Context) -> Vec<String> {
    context.objects().into_iter().map(|object| object.name).collect()
}

/// Bytes of memory of the whole context.
fn resident(name: &Name) -> u64 {
    fs::metadata(name.path()).unwrap().blocks() * 512
}

#[test]
fn objects_are_found_by_their_names() {
    let (context, name, _dog) = made(8, SPACE);
    let jobs = small().create_in(&context, "jobs").unwrap();
    let print = Lock::create_in(&context, "print").unwrap();
    assert_eq!(names(&context), ["jobs", "print"]);
    assert_eq!(
        context.objects().iter().map(|o| o.kind).collect::<Vec<_>>(),
        [Kind::Queue, Kind::Lock]
    );

    let same = Context::open(&name).unwrap();
    jobs.put("over there").unwrap();
    let there = Queue::<[u8]>::open_in(&same, "jobs").unwrap();
    assert_eq!(&*there.get().unwrap(), b"over there");
    let guard = print.acquire().unwrap();
    assert!(Lock::open_in(&same, "print").unwrap().try_acquire().unwrap_err().is_held());
    drop(guard);
    for (label, object) in [(jobs.label(), "queue 'jobs'"), (print.label(), "lock 'print'")] {
        assert_eq!(label.to_string(), format!("{object} of context '{name}'"));
    }

    let fd = context.inheritable_fd().unwrap();
    let third = Context::options().open_fd(&fd).unwrap();
    assert_eq!(names(&third), ["jobs", "print"]);
    let seen = jobs.snapshot().unwrap();
    assert_eq!(seen.holders.len(), 3, "one entry for each open of the context, whatever is in it");
}

#[test]
fn each_name_stands_for_one_object() {
    let (context, _name, _dog) = made(8, SPACE);
    let (other, _other_name, _dog) = made(8, SPACE);
    let jobs = small().create_in(&context, "jobs").unwrap();
    for error in [
        small().create_in(&context, "jobs").unwrap_err(),
        Lock::create_in(&context, "jobs").unwrap_err(),
    ] {
        assert!(matches!(error, CreateError::AlreadyExists { .. }), "{error}");
    }
    let error = Queue::<[u8]>::open_in(&context, "job").unwrap_err();
    assert!(matches!(error, OpenError::NotFound { .. }), "{error}");
    let error = Lock::open_in(&context, "jobs").unwrap_err();
    assert!(matches!(error, OpenError::Refused { field: "the kind of object", .. }), "{error}");
    let error = Queue::<u64>::open_in(&context, "jobs").unwrap_err();
    assert!(
        matches!(error, OpenError::Refused { field: "the schema of its messages", .. }),
        "{error}"
    );
    let error = Lock::open_or_create_in(&context, "jobs").unwrap_err();
    assert!(matches!(error, CreateError::Open(OpenError::Refused { .. })), "{error}");

    let same = small().open_or_create_in(&context, "jobs").unwrap();
    let elsewhere = small().open_or_create_in(&other, "jobs").unwrap();
    jobs.put("here").unwrap();
    assert_eq!((same.len().unwrap(), elsewhere.len().unwrap()), (1, 0));
}

#[test]
fn names_that_cannot_be_are_refused() {
    let (context, _name, _dog) = made(8, SPACE);
    for name in ["", "a\0b", "a\nb", &"x".repeat(65)] {
        let errors = [
            small().create_in(&context, name).unwrap_err(),
            Lock::create_in(&context, name).unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, CreateError::BadName { .. }), "{name:?}: {error}");
        }
        assert!(Lock::open_in(&context, name).is_err(), "{name:?}");
    }
    let longest = "x".repeat(64);
    Lock::create_in(&context, &longest).unwrap();
    assert_eq!(names(&context), [longest]);
    Lock::create_in(&context, "a/b ü").expect("within a segment there are no paths");
}

#[test]
fn a_context_is_no_object_and_an_object_no_context_of_several() {
    let (context, name, _dog) = made(8, SPACE);
    let _jobs = small().create_in(&context, "jobs").unwrap();
    let error = Queue::<[u8]>::open(&name).unwrap_err();
    assert!(matches!(error, OpenError::Refused { field: "the segment", .. }), "{error}");
    assert!(error.to_string().contains("context"), "{error}");
    let (only, name, _dog) = made(1, SPACE);
    let _jobs = small().create_in(&only, "jobs").unwrap();
    let error = Queue::<[u8]>::open(&name).unwrap_err();
    assert!(matches!(error, OpenError::Refused { field: "the segment", .. }), "{error}");

    let alone = Name::new("alone");
    let lock = Lock::create(&alone).unwrap();
    let fd = lock.inheritable_fd().unwrap();
    for opened in [Context::open(&alone), Context::options().open_fd(&fd)] {
        let error = opened.unwrap_err();
        assert!(matches!(error, OpenError::Refused { field: "the segment", .. }), "{error}");
        assert!(error.to_string().contains("lock"), "{error}");
    }
}

#[test]
fn a_forked_child_is_told_so_and_changes_nothing() {
    let (context, name, _dog) = made(4, SPACE);
    let jobs = small().create_in(&context, "jobs").unwrap();
    let said = worker!("fork-context", name).rest();
    assert_eq!(said, "the child answers 0\n");
    jobs.remove().unwrap();
    drop(jobs);
    assert_eq!(names(&context), [""; 0], "no process uses it");
}

#[test]
fn a_context_that_is_full_says_of_what() {
    let full_of = |error: CreateError, what| match error {
        CreateError::ContextFull { option, .. } => assert_eq!(option, what),
        other => panic!("{other}"),
    };
    let (context, _name, _dog) = made(3, SPACE);
    let locks = ["a", "b", "c"].map(|name| Lock::create_in(&context, name).unwrap());
    full_of(Lock::create_in(&context, "d").unwrap_err(), "objects");
    locks[1].remove().unwrap();
    drop(locks);
    Lock::create_in(&context, "d").expect("the entry of b");
    assert_eq!(names(&context), ["a", "d", "c"]);

    let large = || Queue::<[u8]>::options().maxsize(2).max_message(60_000);
    let bytes = {
        let (probe, ..) = made(1, 1 << 30);
        let _queue = large().create_in(&probe, "probe").unwrap();
        probe.objects()[0].bytes
    };
    let (context, _name, _dog) = made(8, 2 * bytes);
    let queues = ["a", "b"].map(|name| large().create_in(&context, name).unwrap());
    full_of(large().create_in(&context, "c").unwrap_err(), "space");
    queues[0].put([7; 60_000]).unwrap();
    queues[0].remove().unwrap();
    full_of(large().create_in(&context, "c").unwrap_err(), "space"); // it is still in use
    drop(queues);
    let third = large().create_in(&context, "c").expect("the place of a");
    assert_eq!(third.len().unwrap(), 0, "nothing of the earlier one");
    for _ in 0..10 {
        third.put([1; 60_000]).unwrap();
        assert_eq!(*third.get().unwrap(), [1; 60_000]);
    }
}

#[test]
fn an_object_that_was_removed_goes_with_its_last_user() {
    let (context, name, _dog) = made(2, SPACE);
    let jobs = small().create_in(&context, "jobs").unwrap();
    let same = Context::open(&name).unwrap();
    let there = Queue::<[u8]>::open_in(&same, "jobs").unwrap();
    let (first, third) = (jobs.clone(), Queue::<[u8]>::open_in(&same, "jobs").unwrap());

    assert!(jobs.remove().unwrap());
    assert!(!there.remove().unwrap(), "its name is gone");
    assert!(matches!(Queue::<[u8]>::open_in(&same, "jobs"), Err(OpenError::NotFound { .. })));
    assert!(jobs.snapshot().unwrap().removed);
    let next = small().create_in(&context, "jobs").expect("the name is free");
    next.put("of the next").unwrap();
    first.put("of the first").unwrap();
    assert_eq!(&*there.get().unwrap(), b"of the first");
    assert_eq!(context.objects().iter().map(|o| o.is_going).collect::<Vec<_>>(), [true, false]);

    drop((jobs, first, there));
    assert_eq!(context.objects().len(), 2, "one handle is left");
    third.put("of the last").unwrap();
    drop(third);
    assert_eq!(context.objects().len(), 1);
    Lock::create_in(&context, "print").expect("an entry");
    assert_eq!(&*next.get().unwrap(), b"of the next");
}

#[test]
fn what_a_dead_process_had_in_each_object_comes_back() {
    let (context, name, _dog) = made(8, SPACE);
    let jobs = small().create_in(&context, "jobs").unwrap();
    let print = Lock::create_in(&context, "print").unwrap();
    for _ in 0..3 {
        jobs.put("lost").unwrap();
        let lost = jobs.snapshot().unwrap().lost;
        let mut dying = worker!("hold-both", name);
        assert_eq!(dying.hear(), "holds both");
        assert!(print.try_acquire().unwrap_err().is_held());
        dying.kill();
        let guard = print.acquire().unwrap(); // by one look for both
        assert!(guard.owner_died());
        drop(guard.acknowledge());
        let seen = jobs.snapshot().unwrap();
        assert_eq!((seen.lost, seen.holders.len()), (lost + 1, 1));
        assert_eq!(seen.holders[0].messages, 0);
    }
}

/// Its user did not close it, so another process does.
#[test]
fn an_object_that_a_dead_process_used_last_makes_room() {
    let (context, name, _dog) = made(1, SPACE);
    for round in 0..3 {
        let jobs = small().create_in(&context, "jobs").unwrap();
        let mut user = worker!("use", name, "jobs");
        assert_eq!(user.hear(), "open");
        jobs.remove().unwrap();
        drop(jobs);
        let error = Lock::create_in(&context, "print").unwrap_err();
        assert!(matches!(error, CreateError::ContextFull { .. }), "{round}: {error}");
        user.kill();
        let print = Lock::create_in(&context, "print").expect("the entry of the dead one's");
        print.remove().unwrap();
    }
}

/// Processes that make and remove objects are killed anywhere in that.
#[test]
fn makers_and_removers_that_are_killed_leave_nothing() {
    let seed =
        std::env::var("RINGWAY_CONTEXT_SEED").map_or(1, |text| text.parse().expect("a seed"));
    let mut random = Random(seed);
    let (context, name, _dog) = made(6, SPACE);
    // As much as these take once, whoever makes them.
    let warm_up = || {
        let queues = ["a", "b", "c"].map(|name| small().open_or_create_in(&context, name));
        for queue in queues.into_iter().flatten() {
            queue.try_put("one").unwrap();
            queue.remove().unwrap();
        }
    };
    warm_up();
    let before = resident(&name);
    for round in 0..200 {
        let start = |random: &mut Random| worker!("rearrange", name, random.number());
        let mut workers: [Worker; 2] = [start(&mut random), start(&mut random)];
        assert!(workers.iter_mut().all(|worker| worker.hear() == "begins"), "round {round}");
        thread::sleep(Duration::from_micros(random.below(3000)));
        workers.iter_mut().for_each(Worker::kill);
    }
    drop(Context::open(&name).unwrap()); // an open looks for the dead
    for object in context.objects().into_iter().filter(|object| !object.is_going) {
        match object.kind {
            Kind::Lock => Lock::open_in(&context, &object.name).unwrap().remove().unwrap(),
            _ => Queue::<[u8]>::open_in(&context, &object.name).unwrap().remove().unwrap(),
        };
    }
    assert_eq!(names(&context), [""; 0]);
    let locks: Vec<Lock> =
        (0..6).map(|n| Lock::create_in(&context, &n.to_string()).expect("each entry")).collect();
    locks.iter().for_each(|lock| assert!(lock.remove().unwrap()));
    drop(locks);
    assert_eq!(context.objects().len(), 0);
    let after = resident(&name);
    // A lock that is gone leaves its page, wherever it was; a queue has more than one.
    assert!(after <= before + (16 << 12), "{before} bytes before, {after} after");
    let whole = small().maxsize(WHOLE).create_in(&context, "whole").expect("all the space in one");
    whole.put("one").unwrap();
}

#[test]
fn a_context_without_a_name_serves_its_process() {
    for place in [Place::Unnamed, Place::Heap] {
        let context = Context::options().objects(4).space(SPACE).create(place).unwrap();
        let jobs = small().create_in(&context, "jobs").unwrap();
        let print = Lock::create_in(&context, "print").unwrap();
        jobs.put("one").unwrap();
        let _guard = print.acquire().unwrap();
        let same = Queue::<[u8]>::open_in(&context.clone(), "jobs").unwrap();
        assert_eq!(&*same.get().unwrap(), b"one");
        jobs.remove().unwrap();
        drop((jobs, same));
        assert_eq!(names(&context), ["print"]);
    }
}

#[test]
fn objects_outlive_their_context_in_each_process() {
    let (context, name, _dog) = made(4, SPACE);
    let jobs = small().create_in(&context, "jobs").unwrap();
    let there = Queue::<[u8]>::open_in(&Context::open(&name).unwrap(), "jobs").unwrap();
    assert!(context.remove().unwrap());
    assert!(!context.remove().unwrap());
    drop(context);
    assert!(matches!(Context::open(&name), Err(OpenError::NotFound { .. })));
    jobs.put("still").unwrap();
    assert_eq!(&*there.get().unwrap(), b"still");
}
