//! Faults 14, 15, 19 and 27: address space used up, a segment that is cut, somebody else's segment,
//! descriptors used up.

use std::fs::File;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::process::Command;

use ringway::{Place, Queue};
use ringway_tests::{Name, Watchdog, Worker, worker};

/// A named segment can be cut by whoever may write to it, and who touches what is gone gets SIGBUS;
/// an unnamed one is sealed against it.
#[test]
fn an_unnamed_segment_cannot_be_cut() {
    let queue = Queue::<[u8]>::options().create(Place::Unnamed).unwrap();
    let file = File::from(queue.inheritable_fd().unwrap());
    let size = file.metadata().unwrap().len();
    for other in [0, 4096, size - 1, size + 1] {
        let error = file.set_len(other).expect_err("a sealed file");
        assert_eq!(error.raw_os_error(), Some(libc::EPERM), "{error}");
    }
    queue.put("whole").unwrap();
    assert_eq!(&*queue.get().unwrap(), b"whole");
}

/// Somebody who may do little.
const NOBODY: u32 = 65534;

fn as_nobody(arguments: &[&str]) -> Option<Worker> {
    // SAFETY: asks only.
    if unsafe { libc::geteuid() } != 0 {
        eprintln!("SKIPPED: only root can become another user");
        return None;
    }
    let program = env!("CARGO_BIN_EXE_worker");
    if Command::new(program).arg("none").uid(NOBODY).gid(NOBODY).output().is_err() {
        eprintln!("SKIPPED: another user cannot run {program}");
        return None;
    }
    Some(Worker::start(Command::new(program).args(arguments).uid(NOBODY).gid(NOBODY)))
}

#[test]
fn what_belongs_to_another_user_is_refused_by_name_unless_its_group_is_let_in() {
    let name = Name::new("foreign");
    let options = Queue::<[u8]>::options().maxsize(4).max_message(64);
    let _private = options.create(&*name).unwrap();
    let Some(mut stranger) = as_nobody(&["open-trusting", &name, "0"]) else { return };
    let answer = stranger.hear();
    assert!(answer.contains(&*name) && answer.contains("ermission denied"), "{answer}");
    assert!(stranger.finish().success());

    let name = Name::new("foreign");
    let shared = options.mode(0o660).create(&*name).unwrap();
    chown(name.path(), None, Some(NOBODY)).unwrap();
    let _dog = Watchdog::of(&shared);
    let Some(mut careful) = as_nobody(&["open", &name]) else { return };
    let answer = careful.hear();
    assert!(answer.contains(&*name) && answer.contains("not trusted"), "{answer}");
    let Some(mut stranger) = as_nobody(&["open-trusting", &name, "0"]) else { return };
    assert_eq!(stranger.hear(), "open");
    shared.put("for you").unwrap();
    assert_eq!(stranger.ask("hold"), "for you");
    stranger.kill();
    let done = shared.reclaim().unwrap();
    assert_eq!(
        (done.participants, done.lost_messages),
        (1, 1),
        "the death of another user's process"
    );
}

#[test]
fn without_descriptors_what_is_open_works_on_and_the_rest_says_why() {
    let name = Name::new("descriptors");
    let queue = Queue::<[u8]>::options().maxsize(4).max_message(64).create(&*name).unwrap();
    let _dog = Watchdog::of(&queue);
    let mut living = worker!("open", name);
    assert_eq!(living.hear(), "open");
    let mut poor = worker!("limited", name, "files", 0);
    assert_eq!(poor.hear(), "open");
    for call in ["open", "create"] {
        let answer = poor.ask(call);
        assert!(
            answer.contains("queue") && answer.contains("Too many open files"),
            "{call}: {answer}"
        );
    }
    queue.put("to the poor").unwrap();
    assert_eq!(poor.ask("get"), "to the poor");
    assert_eq!(poor.ask("recover"), "0", "nobody is dead");
    assert_eq!(poor.ask("put from the poor"), "put");
    assert_eq!(&*queue.get().unwrap(), b"from the poor");
    assert_eq!(living.ask("put still here"), "put");
    assert_eq!(poor.ask("get"), "still here");
    living.kill();
    assert_eq!(
        queue.reclaim().unwrap().participants + poor.ask("recover").parse::<u32>().unwrap(),
        1
    );
}

#[test]
fn without_address_space_a_large_queue_says_why_and_a_small_one_is_made() {
    let mut poor = worker!("without-memory");
    let answer = poor.hear();
    assert!(
        answer.contains("map the file") && answer.contains("Cannot allocate memory"),
        "{answer}"
    );
    assert_eq!(poor.hear(), "created");
    assert!(poor.finish().success());
}
