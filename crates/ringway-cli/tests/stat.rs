//! Who has a queue open, what they are doing, and what they hold for how long.

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use ringway::{PutError, PutErrorKind, Queue};
use serde_json::Value;
use support::{
    Name, Running, getter, ringway, run, run_with, signal, status, stderr, stdout, wait_for_state,
};

/// What `stat` tells of one process.
fn told_of(name: &Name, pid: u32) -> Value {
    let output = run(&["stat", &name.0, "--json", "--over", "0"]);
    let stat: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    let participants = stat["participants"].as_array().unwrap();
    participants.iter().find(|participant| participant["pid"] == pid).expect("its entry").clone()
}

#[test]
fn the_living_the_stopped_and_the_dead_are_told_apart() {
    let name = Name::new("states");
    run(&["create", &name.0]);
    let mut get = getter(&name);
    wait_for_state(&get, 'S');
    let told = told_of(&name, get.0.id());
    assert_eq!((&told["alive"], &told["state"]), (&true.into(), &"sleeping".into()), "{told}");
    assert_eq!(
        (&told["threads"], &told["pid_is_of_this_namespace"]),
        (&1.into(), &true.into()),
        "{told}"
    );
    let command = told["command"].as_str().unwrap();
    assert!(command.ends_with(&format!("ringway get {}", name.0)), "{command}");

    signal(&get, "-STOP");
    wait_for_state(&get, 'T');
    assert_eq!(told_of(&name, get.0.id())["state"], "stopped");
    let sheet = stdout(&run(&["stat", &name.0]));
    assert!(sheet.contains(&format!("pid {}, stopped, 1 thread", get.0.id())), "{sheet}");

    get.0.kill().unwrap();
    wait_for_state(&get, 'Z');
    let told = told_of(&name, get.0.id());
    assert_eq!((&told["alive"], &told["command"]), (&false.into(), &Value::Null), "{told}");
    assert!(stdout(&run(&["stat", &name.0])).contains(&format!("pid {}, dead", get.0.id())));
}

/// A consumer that keeps its guards for ever.
#[test]
fn a_process_that_keeps_messages_is_named_when_puts_time_out() {
    let name = Name::new("hoard");
    let options = Queue::<[u8]>::options().maxsize(1).max_message(64).participants(2).loans(1);
    let queue = options.create(&name.0).unwrap();
    let mut guards = Vec::new();
    let error = loop {
        match queue.try_put(b"x") {
            Ok(()) => guards.push(queue.get().unwrap()),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, PutError { kind: PutErrorKind::NoBlock { .. }, .. }), "{error}");
    let refused = run_with(&["put", &name.0, "--timeout", "0.05"], b"y\n");
    assert_eq!(status(&refused), 3);
    let told = stderr(&refused);
    assert!(told.contains("has no free block") && told.contains("`ringway stat` names"), "{told}");

    let told = told_of(&name, std::process::id());
    assert_eq!(
        (&told["held_messages"], &told["kept_messages"]),
        (&guards.len().into(), &guards.len().into())
    );
    assert_eq!(told["gets_since_oldest"], guards.len() - 1);
    assert_eq!(told["beyond_loans"], guards.len() - 1);
    let sheet = stdout(&run(&["stat", &name.0, "--over", "0.3"]));
    let line = format!("holds {0} messages ({0} of them kept, the longest for ", guards.len());
    assert!(sheet.contains(&line) && sheet.contains("puts may find no free block"), "{sheet}");

    guards.clear();
    let told = told_of(&name, std::process::id());
    assert_eq!((&told["held_messages"], &told["beyond_loans"]), (&0.into(), &0.into()));
}

#[test]
fn messages_that_were_put_back_are_counted() {
    let name = Name::new("back");
    let queue = Queue::<[u8]>::options().maxsize(3).put_back(true).create(&name.0).unwrap();
    let told = || {
        let output = run(&["stat", &name.0, "--json", "--over", "0"]);
        let stat: Value = serde_json::from_slice(&output.stdout).unwrap();
        ["size", "maxsize", "returned"].map(|field| stat[field].as_u64().unwrap())
    };
    queue.put_many(&["1", "2", "3"]).unwrap();
    assert_eq!(told(), [3, 3, 0]);
    assert!(!stdout(&run(&["stat", &name.0, "--over", "0"])).contains("returned"));
    let taken = [queue.get().unwrap(), queue.get().unwrap()];
    queue.put_many(&["4", "5"]).unwrap();
    taken.into_iter().for_each(|message| message.put_back().unwrap());
    assert_eq!(told(), [5, 3, 2]);
    let sheet = stdout(&run(&["stat", &name.0, "--over", "0"]));
    assert!(
        sheet.contains("5 of 3") && sheet.contains("2 of them, which take no place"),
        "{sheet}"
    );
}

#[test]
fn loans_are_told_from_blocks_at_hand() {
    let name = Name::new("loans");
    let queue =
        Queue::<[u8]>::options().maxsize(1).max_message(1 << 20).loans(3).create(&name.0).unwrap();
    let lent: Vec<_> = (0..7).map(|_| queue.loan(1 << 20).unwrap()).collect();
    let told = told_of(&name, std::process::id());
    // Of blocks of this size it keeps two at most for itself.
    assert_eq!((&told["held_blocks"], &told["loans_at_least"]), (&7.into(), &5.into()), "{told}");
    assert_eq!(told["beyond_loans"], 2);
    drop(lent);
    assert_eq!(told_of(&name, std::process::id())["loans_at_least"], 0);
}

#[test]
fn a_watch_tells_how_long_a_message_has_been_held() {
    let name = Name::new("watch");
    let queue = Queue::<[u8]>::create(&name.0, 3).unwrap();
    queue.put(b"x").unwrap();
    let guard = queue.get().unwrap();
    let arguments = ["stat", &name.0, "--watch", "--json", "--over", "0.01"];
    let mut watch = Running(ringway(&arguments).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(watch.0.stdout.take().unwrap()).lines();
    let mut held_for = || {
        let stat: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let participant = &stat["participants"][0];
        (
            participant["kept_messages"].as_u64().unwrap(),
            participant["kept_for_seconds"].as_f64().unwrap(),
        )
    };
    let mut last = 0.0;
    for _ in 0..5 {
        let (kept, seconds) = held_for();
        assert!(kept == 1 && seconds > last, "{kept} kept, for {seconds} s after {last} s");
        last = seconds;
    }
    // Another message, also in the same block, is another hold.
    drop(guard);
    queue.put(b"y").unwrap();
    let _guard = queue.get().unwrap();
    while held_for() != (0, 0.0) {}
}

#[test]
fn a_watch_ends_with_the_name_of_its_queue() {
    let name = Name::new("watched");
    for (is_taken, told) in
        [(false, "its name was removed"), (true, "its name stands for another by now")]
    {
        let queue = Queue::<[u8]>::create(&name.0, 3).unwrap();
        let arguments = ["stat", &name.0, "--watch", "--json", "--over", "0.1"];
        let mut watch = Running(
            ringway(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(),
        );
        let mut lines = BufReader::new(watch.0.stdout.take().unwrap()).lines();
        lines.next().unwrap().unwrap();
        queue.remove().unwrap();
        let next = is_taken.then(|| Queue::<[u8]>::create(&name.0, 3).unwrap());
        assert_eq!(watch.0.wait().unwrap().code(), Some(1));
        let mut said = String::new();
        watch.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(said.contains(&format!("queue '{}': {told}", name.0)), "{said}");
        drop(next);
    }
}

#[test]
fn the_dead_do_not_sleep() {
    let name = Name::new("sleepers");
    run(&["create", &name.0]);
    let mut get = getter(&name);
    let waiting = || {
        let output = run(&["stat", &name.0, "--json", "--over", "0"]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["waiting_to_get"].as_u64().unwrap()
    };
    let mut looks = 0;
    while looks < 20 {
        let waiting = waiting(); // also when its time was up and it waits again
        assert!(waiting <= 1, "{waiting} threads that sleep, of 1");
        looks += waiting;
    }
    get.0.kill().unwrap();
    get.0.wait().unwrap();
    assert_eq!(waiting(), 0);
    let sheet = stdout(&run(&["stat", &name.0, "--over", "0"]));
    assert!(sheet.contains("at most 0 to get, 0 to put"), "{sheet}");
}
