//! The doctor, in situations that are real: processes that were killed, stopped, or left.

mod support;

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use ringway::{Queue, QueueOptions};
use ringway_segment::layout::FRAME_AT;
use serde_json::Value;
use support::places::Places;
use support::{
    Folder, Name, Running, getter, run, run_with, signal, status, stderr, stdout, wait_for_state,
};

/// Exit status and findings.
fn doctor(arguments: &[&str]) -> (i32, Vec<Value>) {
    let output = run(&[&["doctor", "--json"], arguments].concat());
    let findings =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    (status(&output), findings)
}

fn kinds(findings: &[Value]) -> Vec<(&str, bool)> {
    let kind = |finding: &'_ Value| finding["fixed"].as_bool().unwrap();
    findings.iter().map(|finding| (finding["kind"].as_str().unwrap(), kind(finding))).collect()
}

fn small() -> QueueOptions<[u8]> {
    Queue::options().maxsize(3).max_message(64).participants(4).loans(1)
}

/// Kills a `get` that has written one message, and waits for another with blocks at hand.
fn kill_a_holder(name: &Name) -> u32 {
    let mut get = getter(name);
    run_with(&["put", &name.0], b"seen\n");
    // It stays open: a `get` that sees its reader go ends well.
    let mut output = BufReader::new(get.0.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    get.0.kill().unwrap();
    get.0.wait().unwrap();
    get.0.id()
}

#[test]
fn the_dead_are_found_and_what_they_held_is_taken_back() {
    let name = Name::new("patient");
    let queue = Queue::<[u8]>::create(&name.0, 3).unwrap();
    assert_eq!(doctor(&[&name.0]), (0, vec![]));
    assert_eq!(stdout(&run(&["doctor", &name.0])), "1 segment examined, all is well\n");

    let dead = kill_a_holder(&name);
    let (found, findings) = doctor(&[&name.0]);
    assert_eq!((found, kinds(&findings)), (4, vec![("dead participants", false)]));
    assert_eq!(findings[0]["finding"], format!("pid {dead}"));
    assert_eq!(queue.snapshot().unwrap().recovered, 0, "looking changes nothing");

    let (found, findings) = doctor(&["--fix", &name.0]);
    assert_eq!((found, kinds(&findings)), (0, vec![("dead participants", true)]));
    assert_eq!(queue.snapshot().unwrap().recovered, 1);
    assert_eq!(doctor(&[&name.0]), (0, vec![]));
}

#[test]
fn blocks_without_an_owner_are_found_and_taken_back() {
    let name = Name::new("orphans");
    let queue = small().create(&name.0).unwrap();
    kill_a_holder(&name);
    // As if another process had adopted the entry of the dead one, and had ended before it looked
    // for what the dead one held.
    let index = queue
        .snapshot()
        .unwrap()
        .holders
        .iter()
        .find(|holder| !holder.participant.alive)
        .unwrap()
        .participant
        .index;
    let places = Places::of(&name);
    places.poke(places.participant(index), 1 << 8);
    let (found, findings) = doctor(&[&name.0]);
    assert_eq!((found, kinds(&findings)), (4, vec![("orphaned blocks", false)]));
    let (found, findings) = doctor(&["--fix", &name.0]);
    assert_eq!((found, kinds(&findings)), (0, vec![("orphaned blocks", true)]));
    assert_eq!(doctor(&[&name.0]), (0, vec![]));
}

#[test]
fn a_queue_that_is_done_and_left_goes_and_one_with_messages_stays_until_it_is_said() {
    let name = Name::new("abandoned");
    run_with(&["put", &name.0, "--create"], b"a\nb\n");
    for arguments in [&[&*name.0][..], &["--fix", &name.0]] {
        let (found, findings) = doctor(arguments);
        assert_eq!((found, kinds(&findings)), (4, vec![("abandoned", false)]));
        assert!(findings[0]["finding"].as_str().unwrap().contains("2 messages"), "{findings:?}");
    }
    run(&["shutdown", &name.0]);
    assert_eq!(
        kinds(&doctor(&["--fix", &name.0]).1),
        [("abandoned", false)],
        "there are messages in it"
    );
    run(&["get", &name.0]);
    assert_eq!(kinds(&doctor(&[&name.0]).1), [("abandoned", false)], "nothing is done unasked");
    assert!(name.file().exists());
    let (found, findings) = doctor(&["--fix", &name.0]);
    assert_eq!((found, kinds(&findings)), (0, vec![("abandoned", true)]));
    assert!(!name.file().exists());
    assert_eq!(
        status(&run(&["doctor", &name.0])),
        1,
        "what was asked for by its name has to be there"
    );

    run_with(&["put", &name.0, "--create"], b"a\nb\n");
    assert_eq!(status(&run(&["doctor", &name.0, "--remove-abandoned"])), 2, "only with --fix");
    let holder = Queue::<[u8]>::open(&name.0).unwrap();
    assert_eq!(
        doctor(&["--fix", "--remove-abandoned", &name.0]),
        (0, vec![]),
        "a process has it open"
    );
    drop(holder);
    let (found, findings) = doctor(&["--fix", "--remove-abandoned", &name.0]);
    assert_eq!((found, kinds(&findings)), (0, vec![("abandoned", true)]));
    assert!(!name.file().exists());
}

/// A process that has made a file like a creator, and stands still before it has written to it.
fn creator_half_way(path: &Path) -> Running {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", r#"exec 3<>"$0"; truncate -s 65536 "$0"; kill -STOP $$"#]).arg(path);
    let creator = Running(command.spawn().unwrap());
    wait_for_state(&creator, 'T');
    creator
}

fn what_a_creator_left_is_removed_when_it_is_dead(name: &Name, path: &Path) {
    let mut creator = creator_half_way(path);
    for arguments in [&[&*name.0][..], &["--fix", &name.0]] {
        let (found, findings) = doctor(arguments);
        assert_eq!((found, kinds(&findings)), (4, vec![("half made", false)]));
        assert!(findings[0]["finding"].as_str().unwrap().contains("has it open"), "{findings:?}");
    }
    signal(&creator, "-KILL");
    creator.0.wait().unwrap();
    let (found, findings) = doctor(&[&name.0]);
    assert_eq!((found, kinds(&findings)), (4, vec![("half made", false)]));
    assert!(findings[0]["finding"].as_str().unwrap().contains("is gone"), "{findings:?}");
    assert!(path.exists());
    let (found, findings) = doctor(&["--fix", &name.0]);
    assert_eq!(kinds(&findings), [("half made", true)], "{found}");
    assert!(!path.exists());
}

#[test]
fn a_name_without_a_queue_goes_with_its_dead_creator() {
    let name = Name::new("half-made");
    what_a_creator_left_is_removed_when_it_is_dead(&name, &name.file());
}

struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn a_hidden_name_goes_with_its_dead_creator() {
    let name = Name::new("hidden");
    let hidden =
        Removed(PathBuf::from(format!("/dev/shm/.ringway.{}.1234.0123456789abcdef.tmp", name.0)));
    what_a_creator_left_is_removed_when_it_is_dead(&name, &hidden.0);
    // One that was published and not removed may be in use under its other name.
    let queue = small().create(&name.0).unwrap();
    fs::hard_link(name.file(), &hidden.0).unwrap();
    let (found, findings) = doctor(&["--fix", &name.0]);
    assert_eq!((found, kinds(&findings)), (0, vec![("half made", true)]));
    assert!(!hidden.0.exists() && name.file().exists());
    queue.put(b"in use").unwrap();
}

#[test]
fn what_is_no_queue_and_what_is_damaged_is_told_and_let_be() {
    let name = Name::new("no-patient");
    fs::write(name.file(), b"junk of another program").unwrap();
    let (found, findings) = doctor(&["--fix", "--remove-abandoned", &name.0]);
    assert_eq!((found, kinds(&findings)), (4, vec![("refused", false)]));
    assert!(findings[0]["remedy"].as_str().unwrap().contains("rm --force"), "{findings:?}");
    assert_eq!(fs::read(name.file()).unwrap(), b"junk of another program");
    fs::remove_file(name.file()).unwrap();

    let queue = small().create(&name.0).unwrap();
    queue.put(b"x").unwrap();
    drop(queue.get().unwrap());
    let places = Places::of(&name);
    let (queue_at, geometry) = places.queue();
    places.poke(queue_at + geometry.classes[0].descriptors_at, u64::MAX);
    let (found, findings) = doctor(&["--fix", &name.0]);
    assert_eq!((found, kinds(&findings)), (4, vec![("damage", false)]));
    assert_eq!(findings[0]["finding"], "1 block with an impossible state");
}

#[test]
fn a_process_that_holds_too_much_is_named() {
    let name = Name::new("hoarder");
    let queue =
        Queue::<[u8]>::options().maxsize(5).max_message(64).loans(2).create(&name.0).unwrap();
    let mut guards = Vec::new();
    for _ in 0..3 {
        queue.put(b"x").unwrap();
        guards.push(queue.get().unwrap());
    }
    let (found, findings) = doctor(&["--fix", &name.0]);
    assert_eq!((found, kinds(&findings)), (4, vec![("hoard", false)]));
    let text = findings[0]["finding"].as_str().unwrap();
    assert!(
        text.starts_with(&format!("pid {} holds 3 messages and ", std::process::id())),
        "{text}"
    );
    assert!(text.contains("1 more than the 2"), "{text}");
    guards.pop();
    assert_eq!(doctor(&[&name.0]), (0, vec![]));
}

#[test]
fn all_segments_are_examined_when_none_is_named() {
    let (left, held) = (Name::new("left"), Name::new("held"));
    run(&["create", &left.0]);
    let _holder = Queue::<[u8]>::create(&held.0, 3).unwrap();
    let (found, findings) = doctor(&[]);
    assert_eq!(found, 4);
    let of = |name: &Name| findings.iter().filter(|finding| finding["name"] == name.0).count();
    assert_eq!((of(&left), of(&held)), (1, 0), "{findings:?}");
}

#[test]
fn a_process_that_stands_still_is_named() {
    let name = Name::new("still");
    let _queue = Queue::<[u8]>::create(&name.0, 3).unwrap();
    let get = getter(&name);
    assert_eq!(doctor(&[&name.0]), (0, vec![]));
    signal(&get, "-STOP");
    wait_for_state(&get, 'T');
    let (found, findings) = doctor(&["--fix", &name.0]);
    assert_eq!((found, kinds(&findings)), (4, vec![("stopped", false)]));
    assert_eq!(findings[0]["finding"], format!("pid {} is stopped", get.0.id()));
    assert_eq!(findings[0]["remedy"], format!("kill -CONT {} lets it go on", get.0.id()));
    signal(&get, "-CONT");
    wait_for_state(&get, 'S');
    assert_eq!(doctor(&[&name.0]), (0, vec![]));
}

/// At any instant the process holds too much, and never the same for long.
#[test]
fn a_queue_that_flows_is_no_hoard() {
    let name = Name::new("flow");
    let queue =
        Queue::<[u8]>::options().maxsize(64).max_message(64).loans(2).create(&name.0).unwrap();
    let go_on = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut held = VecDeque::new();
            while go_on.load(Relaxed) {
                queue.put(b"x").unwrap();
                held.push_back(queue.get().unwrap());
                if held.len() > 8 {
                    held.pop_front();
                }
            }
        });
        let looks = [(); 3].map(|()| doctor(&[&name.0]));
        go_on.store(false, Relaxed);
        assert_eq!(looks, [(); 3].map(|()| (0, vec![])));
    });
}

#[test]
fn participants_that_cannot_be_are_damage() {
    let name = Name::new("table");
    let _queue = Queue::<[u8]>::options()
        .maxsize(3)
        .max_message(64)
        .participants(20)
        .create(&name.0)
        .unwrap();
    let places = Places::of(&name);
    places.write(places.participant(1), &[1; 19 * 128]);
    let entered = FRAME_AT + 4 * 128 + 8; // entries of the table that were ever used
    places.poke(entered, 20);
    let (found, findings) = doctor(&["--fix", &name.0]);
    assert_eq!((found, kinds(&findings)), (4, vec![("damage", false)]), "{findings:?}");
    let text = findings[0]["finding"].as_str().unwrap();
    assert!(text.contains("pid 16843009, ") && text.ends_with(" and 11 more"), "{text}");
}

#[test]
fn a_queue_at_a_path_is_found_there() {
    let folder = Folder::new();
    let path = folder.0.join("queue").to_str().unwrap().to_owned();
    assert_eq!(status(&run(&["create", &path, "--maxsize", "3"])), 0);
    assert_eq!(status(&run_with(&["put", &path], b"a\n")), 0);
    assert!(stdout(&run(&["stat", &path])).contains("1 of 3"));
    assert_eq!(kinds(&doctor(&["--fix", &path]).1), [("abandoned", false)]);
    assert_eq!(stdout(&run(&["get", &path, "--count", "1"])), "a\n");
    assert_eq!(status(&run(&["shutdown", &path])), 0);
    assert_eq!(status(&run(&["rm", &path])), 0);
    assert!(!Path::new(&path).exists());
}
