//! Names: taken once, found by all, removed under running processes, used again.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use ringway::{CreateError, OpenError, Place, Queue, inspect};
use ringway_tests::{Folder, Name, worker};

#[test]
fn a_second_creator_is_told_that_the_name_is_taken() {
    let name = Name::new("taken");
    for place in [name.place(), Place::Portable(name.to_string())] {
        let _first = Queue::<[u8]>::options().create(place.clone()).unwrap();
        for second in [name.place(), Place::Portable(name.to_string())] {
            let error = Queue::<[u8]>::options().create(second).unwrap_err();
            assert!(matches!(error, CreateError::AlreadyExists { .. }), "{error}");
            assert!(error.to_string().contains(&*name), "{error}");
        }
        _first.remove().unwrap();
    }
}

#[test]
fn of_many_creators_exactly_one_wins() {
    for round in 0..12 {
        let name = Name::new("rivals");
        let place = if round % 2 == 0 { name.to_string() } else { format!("portable:{name}") };
        let mut rivals: Vec<_> = (0..6).map(|_| worker!("create", place, "600", "022")).collect();
        assert!(rivals.iter_mut().all(|rival| rival.hear() == "ready"));
        rivals.iter_mut().for_each(|rival| rival.tell("go"));
        let answers: Vec<_> = rivals.iter_mut().map(|rival| rival.hear()).collect();
        let winners = answers.iter().filter(|answer| *answer == "created").count();
        let others = answers.iter().filter(|answer| answer.contains("already exists")).count();
        assert_eq!((winners, others), (1, 5), "{answers:?}");
    }
}

#[test]
fn opening_nothing_says_so() {
    let name = Name::new("nothing");
    for place in
        [name.place(), Place::Portable(name.to_string()), Place::File("/nowhere/at/all".into())]
    {
        let error = Queue::<[u8]>::options().open(place.clone()).unwrap_err();
        assert!(
            matches!(&error, OpenError::NotFound { name } if *name == place.label("queue")),
            "{error}"
        );
    }
    assert!(matches!(Queue::<[u8]>::options().open(Place::Heap), Err(OpenError::Nameless { .. })));
    assert!(matches!(
        Queue::<[u8]>::options().open(Place::Unnamed),
        Err(OpenError::Nameless { .. })
    ));
    let error = Queue::<[u8]>::options().create(Place::File("/nowhere/at/all".into())).unwrap_err();
    assert!(matches!(error, CreateError::Io { .. }), "{error}");
}

#[test]
fn names_that_cannot_be_are_refused() {
    for name in ["", "a/b", "a\0b", "a\nb", &"x".repeat(201)] {
        assert!(
            matches!(Queue::<[u8]>::create(name, 1), Err(CreateError::BadName { .. })),
            "{name:?}"
        );
        assert!(matches!(Queue::<[u8]>::open(name), Err(OpenError::BadName { .. })), "{name:?}");
    }
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let name = Name::new("range");
    let options = Queue::<[u8]>::options;
    for (asked, option, value) in [
        (options().maxsize(0), "maxsize", 0_u64),
        (options().maxsize((1 << 23) + 1), "maxsize", (1 << 23) + 1),
        (options().max_message(0), "max_message", 0),
        (options().max_message((1 << 36) + 1), "max_message", (1 << 36) + 1),
        (options().participants(0), "participants", 0),
        (options().participants(256), "participants", 256),
        (options().loans(0), "loans", 0),
        (options().loans(4097), "loans", 4097),
    ] {
        let error = asked.create(&*name).unwrap_err();
        let (said, number) = (error.to_string(), value.to_string());
        assert!(
            matches!(error, CreateError::BadOption { .. })
                && said.contains(option)
                && said.contains(&number),
            "{said}"
        );
        assert!(!name.path().exists());
    }
}

#[test]
fn a_queue_that_would_span_too_much_says_what_to_lower() {
    let options = Queue::<[u8]>::options().max_message(1 << 30);
    let error = options.create(Place::Heap).unwrap_err();
    assert_eq!(
        error.to_string(),
        "heap queue: `the size of the segment` is 92.4 TiB, but must be at most 64 TiB, and grows with `max_message` \
         (1073741824) times `maxsize` (65536) and `participants` (128) times `loans` (32); lower one of them"
    );
    let error = Queue::<[u8]>::options().max_message(1 << 37).create(Place::Heap).unwrap_err();
    assert!(error.to_string().ends_with("must be from 1 to 68719476736 (64 GiB)"), "{error}");
    options.maxsize(100).create(Place::Heap).expect("lower");
}

#[test]
fn modes_that_shut_out_the_owner_or_let_others_in_are_refused() {
    let name = Name::new("mode");
    for mode in [0, 0o400, 0o277, 0o1600, 0o4777, u32::MAX, 0o666, 0o604, 0o640] {
        let error = Queue::<[u8]>::options().mode(mode).create(&*name).unwrap_err();
        let said = format!(
            "{}: `mode` is {mode:#o}, but must be 0o600, or 0o660 for a group",
            name.place().label("queue")
        );
        assert!(error.to_string().starts_with(&said), "{error}");
        assert!(!name.path().exists());
    }
}

#[test]
fn the_mode_is_what_was_chosen_whatever_the_umask() {
    for (mode, mask) in
        [("600", "000"), ("600", "777"), ("660", "022"), ("660", "777"), ("770", "077")]
    {
        let name = Name::new("mode");
        let mut creator = worker!("create", name, mode, mask);
        assert_eq!(creator.hear(), "ready");
        assert_eq!(creator.ask("go"), "created");
        let found = fs::metadata(name.path()).unwrap().permissions().mode() & 0o7777;
        assert_eq!(format!("{found:o}"), mode, "under umask {mask}");
    }
    let name = Name::new("mode");
    let _queue = Queue::<[u8]>::create(&name, 1).unwrap();
    assert_eq!(fs::metadata(name.path()).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[test]
fn removal_leaves_those_who_have_it_open() {
    let name = Name::new("removed");
    let queue = Queue::<[u8]>::create(&name, 4).unwrap();
    let mut other = worker!("open", name);
    assert_eq!(other.hear(), "open");
    assert!(queue.remove().unwrap());
    assert!(!queue.remove().unwrap(), "there is no name any more");
    assert!(matches!(Queue::<[u8]>::open(&name), Err(OpenError::NotFound { .. })));
    assert!(!inspect::list().unwrap().contains(&name.to_string()));
    queue.put("still here").unwrap();
    assert_eq!(other.ask("get"), "still here");
    assert_eq!(other.ask("put and there"), "put");
    assert_eq!(&*queue.get().unwrap(), b"and there");
}

#[test]
fn a_name_that_was_deleted_by_hand_is_like_one_removed() {
    let name = Name::new("deleted");
    let queue = Queue::<[u8]>::create(&name, 4).unwrap();
    let mut other = worker!("open", name);
    assert_eq!(other.hear(), "open");
    fs::remove_file(name.path()).unwrap();
    assert!(matches!(Queue::<[u8]>::open(&name), Err(OpenError::NotFound { .. })));
    assert_eq!(other.ask("put x"), "put");
    assert_eq!(&*queue.get().unwrap(), b"x");
}

#[test]
fn a_name_can_be_used_again_and_the_old_handle_does_not_remove_the_new_one() {
    let name = Name::new("again");
    let old = Queue::<[u8]>::create(&name, 1).unwrap();
    old.put("old").unwrap();
    assert!(old.remove().unwrap());
    let new = Queue::<[u8]>::create(&name, 2).unwrap();
    assert!(!old.remove().unwrap());
    let opened = Queue::<[u8]>::open(&name).unwrap();
    assert_eq!((opened.maxsize(), opened.len().unwrap()), (2, 0));
    new.put("new").unwrap();
    assert_eq!((&*opened.get().unwrap(), &*old.get().unwrap()), (&b"new"[..], &b"old"[..]));
}

#[test]
fn one_that_is_marked_as_removed_is_not_opened() {
    let folder = Folder::new("marked");
    let place = Place::File(folder.join("q"));
    let queue = Queue::<[u8]>::options().create(place.clone()).unwrap();
    fs::hard_link(folder.join("q"), folder.join("kept")).unwrap();
    assert!(queue.remove().unwrap());
    let error = Queue::<[u8]>::options().open(Place::File(folder.join("kept"))).unwrap_err();
    assert!(matches!(error, OpenError::Removed { .. }), "{error}");
    assert_eq!(queue.snapshot().unwrap().holders.len(), 1, "who was refused takes no part");
}

#[test]
fn open_or_create_does_one_or_the_other() {
    let name = Name::new("either");
    let options = Queue::<u32>::options().maxsize(2);
    let first = options.open_or_create(&*name).unwrap();
    let second = options.open_or_create(&*name).unwrap();
    first.put(7).unwrap();
    assert_eq!(second.get().unwrap().to_native(), 7);
    let error = Queue::<String>::options().open_or_create(&*name).unwrap_err();
    assert!(matches!(error, CreateError::Open(OpenError::Refused { .. })), "{error}");
}
