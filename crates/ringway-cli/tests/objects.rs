//! Locks, and contexts of several objects: what `ls`, `stat`, `rm` and `doctor` make of them.

mod support;

use std::process::Stdio;

use ringway::{Context, Lock, OpenError, Queue};
use serde_json::Value;
use support::places::Places;
use support::{
    Name, Running, json, ringway, run, run_with, signal, start_holder, status, stderr, stdout,
    wait_for_state,
};

#[test]
#[ignore = "a process that other tests start"]
fn holder() {
    support::hold();
}

/// A context with a queue of two messages and a free lock, which this process has open.
struct Pool {
    name: Name,
    context: Context,
    jobs: Queue<[u8]>,
    print: Lock,
}

impl Pool {
    fn new() -> Self {
        let name = Name::new("pool");
        let context = Context::create(&name.0).unwrap();
        let jobs = Queue::options().maxsize(3).create_in(&context, "jobs").unwrap();
        let print = Lock::create_in(&context, "print").unwrap();
        jobs.put(b"a").unwrap();
        jobs.put(b"b").unwrap();
        Self { name, context, jobs, print }
    }

    fn object(&self, name: &str) -> String {
        format!("{}/{name}", self.name.0)
    }
}

/// The entries of a list that concern a segment.
fn of<'l>(name: &str, list: &'l Value) -> Vec<&'l Value> {
    let within = format!("{name}/");
    let entries = list.as_array().expect("a list").iter();
    entries
        .filter(|entry| {
            let found = entry["name"].as_str().expect("a name");
            found == name || found.starts_with(&within)
        })
        .collect()
}

/// The findings of the doctor that concern a segment: name, kind and whether it is fixed.
fn found(arguments: &[&str]) -> (i32, Vec<(String, String, bool)>) {
    let (status, list) = json(&[&["doctor", "--json"], arguments].concat());
    let text = |entry: &Value, key: &str| entry[key].as_str().expect(key).to_owned();
    let entries = list.as_array().expect("a list").iter();
    let found = entries.map(|entry| {
        (text(entry, "name"), text(entry, "kind"), entry["fixed"].as_bool().expect("fixed"))
    });
    (status, found.collect())
}

fn finding(name: &str, kind: &str, fixed: bool) -> (String, String, bool) {
    (name.to_owned(), kind.to_owned(), fixed)
}

#[test]
fn ls_lists_a_context_once_and_each_object_in_it() {
    let pool = Pool::new();
    let _guard = pool.print.acquire().unwrap();
    let (_, list) = json(&["ls", "--json"]);
    let [context, jobs, print] = of(&pool.name.0, &list)[..] else { panic!("{list}") };
    assert_eq!((&context["kind"], &context["objects"]), (&"context".into(), &2.into()));
    assert_eq!(context["living_participants"], 1);
    assert!(context["virtual_bytes"].as_u64() > Some(1 << 30));
    assert_eq!(jobs["name"], pool.object("jobs"));
    assert_eq!((&jobs["kind"], &jobs["context"]), (&"queue".into(), &pool.name.0.clone().into()));
    assert_eq!((&jobs["size"], &jobs["maxsize"]), (&2.into(), &3.into()));
    assert_eq!(jobs["living_participants"], Value::Null, "participants once");
    assert_eq!((&print["kind"], &print["held"]), (&"lock".into(), &true.into()));
    assert_eq!(print["holder_pid"], std::process::id());

    let table = stdout(&run(&["ls"]));
    let words = |name: &str| -> Vec<String> {
        let line = table.lines().find(|line| line.split_whitespace().next() == Some(name));
        let line = line.unwrap_or_else(|| panic!("{name} in {table}"));
        line.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(words(&pool.name.0)[1..5], ["context", "2", "objects", "1/0"]);
    assert_eq!(words(&pool.object("jobs"))[1..3], ["queue", "2/3"]);
    assert_eq!(words(&pool.object("print"))[1..3], ["lock", "held"]);
}

#[test]
fn ls_names_the_kind_of_an_object_alone_in_its_segment() {
    let (queue, lock) = (Name::new("lone-queue"), Name::new("lone-lock"));
    let _queue = Queue::<[u8]>::create(&queue.0, 3).unwrap();
    let _lock = Lock::create(&lock.0).unwrap();
    let (_, list) = json(&["ls", "--json"]);
    let [queue] = of(&queue.0, &list)[..] else { panic!("{list}") };
    let [lock] = of(&lock.0, &list)[..] else { panic!("{list}") };
    assert_eq!((&queue["kind"], &queue["living_participants"]), (&"queue".into(), &1.into()));
    assert_eq!((&lock["kind"], &lock["held"]), (&"lock".into(), &false.into()));
    assert_eq!((&lock["living_participants"], &lock["size"]), (&1.into(), &Value::Null));
}

#[test]
fn stat_shows_the_holder_of_a_lock_and_for_how_long() {
    let name = Name::new("lock");
    let lock = Lock::create(&name.0).unwrap();
    let stat = || json(&["stat", &name.0, "--json", "--over", "0.1"]).1;
    let free = stat();
    assert_eq!((&free["held"], &free["acquired"]), (&false.into(), &0.into()), "{free}");
    assert_eq!((&free["holder_pid"], &free["held_for_seconds"]), (&Value::Null, &Value::Null));
    assert!(stdout(&run(&["stat", &name.0])).contains("state         free"));

    let mut other = start_holder(&name.0);
    let held = stat();
    assert_eq!((&held["held"], &held["acquired"]), (&true.into(), &1.into()), "{held}");
    assert_eq!((&held["holder_pid"], &held["holder_alive"]), (&other.0.id().into(), &true.into()));
    assert!(held["held_for_seconds"].as_f64() >= Some(0.1), "{held}");
    assert_eq!(held["participants"].as_array().unwrap().len(), 2);
    let sheet = stdout(&run(&["stat", &name.0, "--over", "0.2"]));
    assert!(sheet.contains(&format!("held by pid {}, for ", other.0.id())), "{sheet}");

    other.0.kill().unwrap();
    other.0.wait().unwrap();
    let dead = stat();
    assert_eq!((&dead["held"], &dead["holder_alive"]), (&true.into(), &false.into()), "{dead}");
    let sheet = stdout(&run(&["stat", &name.0]));
    let told = format!("held by pid {}, which is dead; the next process", other.0.id());
    assert!(sheet.contains(&told), "{sheet}");

    drop(lock.acquire().unwrap()); // recovers
    let told = stat();
    assert_eq!((&told["owner_died"], &told["acquired"]), (&true.into(), &2.into()), "{told}");
    assert!(stdout(&run(&["stat", &name.0])).contains("owner died    a holder died"));
}

#[test]
fn a_hold_that_is_seen_again_is_the_same_hold() {
    let name = Name::new("holds");
    let lock = Lock::create(&name.0).unwrap();
    let guard = lock.acquire().unwrap();
    let arguments = ["stat", &name.0, "--watch", "--json", "--over", "0.01"];
    let mut watch = Running(ringway(&arguments).stdout(Stdio::piped()).spawn().unwrap());
    let output = std::io::BufReader::new(watch.0.stdout.take().unwrap());
    let mut lines = std::io::BufRead::lines(output);
    let mut look = || -> (u64, f64) {
        let stat: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        (stat["acquired"].as_u64().unwrap(), stat["held_for_seconds"].as_f64().unwrap_or(-1.0))
    };
    let mut last = 0.0;
    for _ in 0..5 {
        let (number, seconds) = look();
        assert!(number == 1 && seconds > last, "hold {number} for {seconds} s after {last} s");
        last = seconds;
    }
    drop(guard);
    let _guard = lock.acquire().unwrap();
    loop {
        let (number, seconds) = look();
        if number == 2 {
            assert_eq!(seconds, 0.0, "the first look at this hold");
            break;
        }
    }
}

#[test]
fn stat_lists_a_context_and_shows_one_object() {
    let pool = Pool::new();
    let _other = start_holder(&pool.object("print"));
    let (_, context) = json(&["stat", &pool.name.0, "--json"]);
    assert_eq!((&context["kind"], &context["objects_max"]), (&"context".into(), &256.into()));
    let names: Vec<&str> = context["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| object["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["jobs", "print"]);
    assert_eq!(context["participants"].as_array().unwrap().len(), 2);
    let sheet = stdout(&run(&["stat", &pool.name.0]));
    assert!(sheet.contains("  queue jobs: 2/3\n  lock print: held\n"), "{sheet}");

    // Of an object, only the participants that have it open.
    let (_, jobs) = json(&["stat", &pool.object("jobs"), "--json"]);
    let (_, print) = json(&["stat", &pool.object("print"), "--json"]);
    let users = |stat: &Value| stat["participants"].as_array().unwrap().len();
    assert_eq!((&jobs["size"], users(&jobs)), (&2.into(), 1), "{jobs}");
    assert_eq!((&print["held"], users(&print)), (&true.into(), 2), "{print}");
    let sheet = stdout(&run(&["stat", &pool.object("jobs")]));
    let open = format!("participants  1 of the 2 of {}\n", pool.name.0);
    assert!(sheet.contains("2 of 3") && sheet.contains(&open), "{sheet}");

    let none = run(&["stat", &pool.object("nothing")]);
    assert_eq!(status(&none), 1);
    let told = format!("object 'nothing' of context '{}' does not exist", pool.name.0);
    assert!(stderr(&none).contains(&told), "{}", stderr(&none));
}

#[test]
fn a_watch_ends_with_the_name_of_its_object() {
    let pool = Pool::new();
    let arguments = ["stat", &pool.object("print"), "--watch", "--json", "--over", "0.05"];
    let mut watch = ringway(&arguments);
    let mut watch = Running(watch.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut output = std::io::BufReader::new(watch.0.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut output, &mut String::new()).unwrap();
    pool.print.remove().unwrap();
    assert_eq!(watch.0.wait().unwrap().code(), Some(1));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut watch.0.stderr.take().unwrap(), &mut said).unwrap();
    let told = format!("lock 'print' of context '{}': its name was removed", pool.name.0);
    assert!(said.contains(&told), "{said}");
}

#[test]
fn queues_of_a_context_are_fed_and_drained() {
    let pool = Pool::new();
    assert_eq!(status(&run(&["create", &pool.object("lines"), "--maxsize", "5"])), 0);
    assert_eq!(status(&run_with(&["put", &pool.object("lines")], b"one\ntwo\n")), 0);
    assert_eq!(status(&run(&["shutdown", &pool.object("lines")])), 0);
    assert_eq!(stdout(&run(&["get", &pool.object("lines")])), "one\ntwo\n");
    assert_eq!(pool.context.objects().len(), 3);
    assert_eq!(status(&run(&["create", &pool.object("lines")])), 1, "the name is taken");
    let whole = run(&["get", &pool.name.0, "--timeout", "0"]);
    assert!(stderr(&whole).contains("a context of several objects"), "{}", stderr(&whole));
}

#[test]
fn a_name_with_a_slash_is_a_path_where_there_is_no_such_context() {
    let folder = support::Folder::new();
    let path = folder.0.join("queue");
    let path = path.to_str().unwrap();
    assert_eq!(status(&run(&["create", path, "--maxsize", "3"])), 0);
    assert_eq!(json(&["stat", path, "--json"]).1["maxsize"], 3);
    let none = run(&["stat", "no-such-context/queue"]);
    assert!(stderr(&none).contains("'no-such-context/queue' does not exist"), "{}", stderr(&none));
    assert_eq!(status(&run(&["rm", path])), 0);
    let help = stdout(&run(&["stat", "--help"]));
    let help: Vec<&str> = help.split_whitespace().collect();
    assert!(help.join(" ").contains("a name with a slash in it is a path"), "{help:?}");
}

#[test]
fn rm_removes_one_object_or_the_whole_context() {
    let Pool { name, context, jobs, print } = Pool::new();
    let (of_jobs, of_print) = (format!("{}/jobs", name.0), format!("{}/print", name.0));
    let refused = run(&["rm", &of_print]);
    assert_eq!(status(&refused), 1);
    let told =
        format!("lock 'print' of context '{}' is open in process {}", name.0, std::process::id());
    assert!(stderr(&refused).contains(&told), "{}", stderr(&refused));

    // In use by us, who go on with it; others cannot open it.
    assert_eq!(status(&run(&["rm", "--in-use", &of_print])), 0);
    assert!(matches!(Lock::open_in(&context, "print"), Err(OpenError::NotFound { .. })));
    drop(print.acquire().unwrap());
    drop(print);

    jobs.put(b"c").unwrap();
    drop(jobs); // open here no more: it goes without force, and with its memory
    assert_eq!(status(&run(&["rm", &of_jobs])), 0);
    assert!(context.objects().is_empty(), "{:?}", context.objects());
    let gone = run(&["rm", &of_jobs]);
    assert_eq!(status(&gone), 1);
    assert!(stderr(&gone).contains("does not exist"), "{}", stderr(&gone));
    assert!(name.file().exists());

    assert_eq!(status(&run(&["rm", &name.0])), 1, "the context is in use");
    drop(context);
    assert_eq!(status(&run(&["rm", &name.0])), 0);
    assert!(!name.file().exists());
}

#[test]
fn the_doctor_finds_a_lock_of_the_dead_and_frees_it() {
    let pool = Pool::new();
    assert_eq!(found(&[&pool.name.0]), (0, vec![]));
    let mut other = start_holder(&pool.object("print"));
    assert_eq!(found(&[&pool.name.0]), (0, vec![]), "the holder lives");
    other.0.kill().unwrap();
    other.0.wait().unwrap();
    let expected = |fixed| {
        vec![
            finding(&pool.name.0, "dead participants", fixed),
            finding(&pool.object("print"), "dead holder", fixed),
        ]
    };
    assert_eq!(found(&[&pool.name.0]), (4, expected(false)));
    let sheet = stdout(&run(&["doctor", &pool.name.0]));
    let told = format!("dead holder: held by pid {}, which is dead", other.0.id());
    assert!(sheet.contains(&told), "{sheet}");
    assert!(pool.print.is_locked(), "looking changes nothing");
    assert_eq!(found(&["--fix", &pool.name.0]), (0, expected(true)));
    assert!(!pool.print.is_locked());
    assert!(pool.print.acquire().unwrap().owner_died());
    assert_eq!(found(&[&pool.name.0]), (0, vec![]));
}

#[test]
fn the_doctor_finds_a_lock_of_a_stopped_process() {
    let name = Name::new("stopped-holder");
    let _lock = Lock::create(&name.0).unwrap();
    let other = start_holder(&name.0);
    signal(&other, "-STOP");
    wait_for_state(&other, 'T');
    let expected =
        vec![finding(&name.0, "stopped", false), finding(&name.0, "stopped holder", false)];
    assert_eq!(found(&["--fix", &name.0]), (4, expected));
    let sheet = stdout(&run(&["doctor", &name.0]));
    let pid = other.0.id();
    let told =
        format!("stopped holder: it is held, and pid {pid} is stopped; kill -CONT {pid} lets");
    assert!(sheet.contains(&told), "{sheet}");
    signal(&other, "-CONT");
    wait_for_state(&other, 'S');
    assert_eq!(found(&[&name.0]), (0, vec![]));
}

/// The life word of a directory entry, {generation 32, owner 16, kind 8, state 8}, in another state
/// of this owner.
fn life(word: u64, owner: u64, state: u64) -> u64 {
    word >> 32 << 32 | owner << 16 | word & 0xff00 | state
}

#[test]
fn the_doctor_finds_entries_of_the_directory_that_the_dead_left_in_a_step() {
    let pool = Pool::new();
    for (state, step) in [(1, "made"), (4, "closed"), (5, "cleared")] {
        assert_eq!(status(&run(&["create", &pool.object("victim"), "--maxsize", "3"])), 0);
        let mut other = start_holder(&pool.object("print"));
        let pid = other.0.id();
        let (_, stat) = json(&["stat", &pool.name.0, "--json"]);
        let participants = stat["participants"].as_array().unwrap();
        let number = |key: &str| {
            let entry = participants.iter().find(|entry| entry["pid"] == pid).unwrap();
            entry[key].as_u64().unwrap()
        };
        let owner = (number("generation") & 0xff) << 8 | number("entry");
        other.0.kill().unwrap();
        other.0.wait().unwrap();
        // As if it had been killed in the middle of this step.
        let places = Places::of(&pool.name);
        let entry = places.entry(2);
        places.poke(entry, life(places.read(entry), owner, state));

        let (code, list) = json(&["doctor", "--json", &pool.name.0]);
        let findings = list.as_array().unwrap();
        let one = findings.iter().find(|found| found["kind"] == "unsettled object").unwrap();
        let told = format!("a queue (entry 2) was being {step} by pid {pid}, which is dead");
        assert_eq!((code, &one["finding"]), (4, &told.into()));
        let (code, fixed) = found(&["--fix", &pool.name.0]);
        assert_eq!(code, 0, "{fixed:?}");
        assert!(fixed.contains(&finding(&pool.name.0, "unsettled object", true)), "{fixed:?}");
        assert_eq!(places.read(entry) & 0xff, 0, "the entry is free again");
        assert_eq!(found(&[&pool.name.0]), (0, vec![]));
    }
}

#[test]
fn the_doctor_tells_of_damage_in_the_directory() {
    let pool = Pool::new();
    let places = Places::of(&pool.name);
    places.poke(places.entry(1) + 8, 8); // where the body is
    let (code, found) = found(&[&pool.name.0]);
    assert_eq!((code, found), (4, vec![finding(&pool.name.0, "damage", false)]));
    let told = stdout(&run(&["doctor", &pool.name.0]));
    assert!(told.contains("in the directory, entry 1: the checksum of its directory"), "{told}");
    let told = stdout(&run(&["stat", &pool.name.0]));
    assert!(told.contains("damaged       entry 1"), "{told}");
}

#[test]
fn the_doctor_tells_of_a_damaged_lock() {
    let pool = Pool::new();
    let places = Places::of(&pool.name);
    places.poke(places.body("print"), 1 << 45);
    let expected = vec![finding(&pool.object("print"), "damage", false)];
    assert_eq!(found(&[&pool.name.0]), (4, expected));
    let stat = run(&["stat", &pool.object("print")]);
    assert_eq!(status(&stat), 1);
    assert!(stderr(&stat).contains("damaged: the state at 0 in the lock"), "{}", stderr(&stat));
}

#[test]
fn an_abandoned_context_stays_until_it_is_asked_for() {
    let Pool { name, context, jobs, print } = Pool::new();
    drop((context, jobs, print));
    let abandoned = |fixed| vec![finding(&name.0, "abandoned", fixed)];
    assert_eq!(found(&["--fix", &name.0]), (4, abandoned(false)));
    let told = stdout(&run(&["doctor", &name.0]));
    assert!(told.contains("with 2 messages in it, a context of 2 objects"), "{told}");
    assert_eq!(found(&["--fix", "--remove-abandoned", &name.0]), (0, abandoned(true)));
    assert!(!name.file().exists());
}
