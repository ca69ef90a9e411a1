//! Each subcommand as its user calls it: what it prints, what it says when it fails, and its exit
//! status.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use ringway::Queue;
use serde_json::Value;
use support::places::Places;
use support::{Name, Running, ringway, run, run_with, status, stderr, stdout};

fn json(arguments: &[&str]) -> Value {
    let output = run(arguments);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn lines_that_were_put_come_out_in_order() {
    let name = Name::new("lines");
    assert_eq!(
        status(&run_with(
            &["put", &name.0, "--create"],
            b"one\n\n\xff two\nlast without a line feed"
        )),
        0
    );
    let output = run(&["get", &name.0, "--count", "4"]);
    assert_eq!(output.stdout, b"one\n\n\xff two\nlast without a line feed\n");
    assert_eq!(status(&output), 0);
}

#[test]
fn create_refuses_a_name_that_is_taken() {
    let name = Name::new("taken");
    assert_eq!(status(&run(&["create", &name.0, "--maxsize", "3"])), 0);
    let again = run(&["create", &name.0]);
    assert_eq!(status(&again), 1);
    assert!(
        stderr(&again).contains(&name.0) && stderr(&again).contains("already exists"),
        "{}",
        stderr(&again)
    );
}

#[test]
fn put_refuses_a_queue_of_another_size_than_was_said() {
    let name = Name::new("differs");
    assert_eq!(status(&run(&["create", &name.0, "--maxsize", "3"])), 0);
    for (arguments, found, wanted) in [
        (&["--create", "--maxsize", "9"][..], "`maxsize` 3", "not 9"),
        (&["--maxsize", "9"], "`maxsize` 3", "not 9"),
        (&["--create", "--max-message", "10"], "`max_message` 65536", "not 10"),
    ] {
        let put = run_with(&[&["put", &name.0], arguments].concat(), b"one\n");
        let text = stderr(&put);
        assert_eq!(status(&put), 1);
        assert!(text.contains(&name.0) && text.contains(found) && text.contains(wanted), "{text}");
    }
    assert_eq!(status(&run_with(&["put", &name.0, "--create", "--maxsize", "3"], b"one\n")), 0);
    assert_eq!(status(&run_with(&["put", &name.0, "--create"], b"two\n")), 0);
    assert_eq!(run(&["get", &name.0, "--count", "2"]).stdout, b"one\ntwo\n");
    // One that takes no message back will do.
    let name = Name::new("plain");
    let _plain = Queue::<[u8]>::create(&name.0, 3).unwrap();
    assert_eq!(status(&run_with(&["put", &name.0, "--create"], b"one\n")), 0);
}

#[test]
fn what_cannot_be_put_is_told_with_its_line() {
    let name = Name::new("refused");
    run(&["create", &name.0, "--maxsize", "2", "--max-message", "10"]);
    let large = run_with(&["put", &name.0], b"small\nmuch too large for it\n");
    assert_eq!(status(&large), 1);
    assert!(
        stderr(&large).contains("line 2") && stderr(&large).contains("10 bytes"),
        "{}",
        stderr(&large)
    );
    let full = run_with(&["put", &name.0, "--timeout", "0.05"], b"a\nb\n");
    assert_eq!(status(&full), 3);
    assert!(
        stderr(&full).contains("line 2") && stderr(&full).contains("is full"),
        "{}",
        stderr(&full)
    );
    run(&["shutdown", &name.0]);
    let closed = run_with(&["put", &name.0], b"late\n");
    assert_eq!(status(&closed), 1);
    assert!(stderr(&closed).contains("was shut down"), "{}", stderr(&closed));
}

#[test]
fn get_ends_when_the_queue_is_shut_down_and_drained() {
    let name = Name::new("drained");
    run_with(&["put", &name.0, "--create"], b"a\nb\n");
    run(&["shutdown", &name.0]);
    let output = run(&["get", &name.0]);
    assert_eq!((status(&output), stdout(&output).as_str()), (0, "a\nb\n"));
}

#[test]
fn shutdown_at_once_drops_what_is_left() {
    let name = Name::new("at-once");
    run_with(&["put", &name.0, "--create"], b"a\nb\n");
    assert_eq!(status(&run(&["shutdown", &name.0, "--immediate"])), 0);
    let output = run(&["get", &name.0]);
    assert_eq!((status(&output), stdout(&output).as_str()), (0, ""));
}

#[test]
fn a_get_that_times_out_says_so_after_what_it_got() {
    let name = Name::new("timeout");
    run_with(&["put", &name.0, "--create"], b"only\n");
    for timeout in ["0", "0.05"] {
        let output = run(&["get", &name.0, "--timeout", timeout]);
        assert_eq!(status(&output), 3);
        assert!(stderr(&output).contains("is empty"), "{}", stderr(&output));
    }
    assert_eq!(json(&["stat", &name.0, "--json"])["gets"], 1);
}

#[test]
fn a_line_that_is_typed_arrives_at_once() {
    let name = Name::new("typed");
    run(&["create", &name.0]);
    let mut get = Running(ringway(&["get", &name.0]).stdout(Stdio::piped()).spawn().unwrap());
    let mut put = Running(ringway(&["put", &name.0]).stdin(Stdio::piped()).spawn().unwrap());
    let mut input = put.0.stdin.take().unwrap();
    let mut output = BufReader::new(get.0.stdout.take().unwrap());
    for line in ["first\n", "second\n"] {
        input.write_all(line.as_bytes()).unwrap();
        let mut arrived = String::new();
        output.read_line(&mut arrived).unwrap();
        assert_eq!(arrived, line);
    }
}

#[test]
fn a_reader_that_is_gone_is_no_reason_to_panic() {
    let name = Name::new("unread");
    run_with(&["put", &name.0, "--create"], &b"x\n".repeat(50_000));
    for arguments in [&["get", &name.0, "--count", "50000"][..], &["ls"], &["stat", &name.0]] {
        let mut child = Running(
            ringway(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(),
        );
        drop(child.0.stdout.take());
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.0.stderr.take().unwrap(), &mut said).unwrap();
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        assert!(child.0.wait().unwrap().code().is_some_and(|code| code <= 1), "{arguments:?}");
    }
}

#[test]
fn errors_without_a_reader_are_no_reason_to_panic_either() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    for arguments in
        [&["stat", "there-is-no-such-queue"][..], &["rm", "--force", "there-is-no-such-queue"]]
    {
        let status = ringway(arguments).stderr(writer.try_clone().unwrap()).status().unwrap();
        assert_eq!(status.code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn messages_that_were_taken_and_not_written_are_told() {
    let name = Name::new("unwritten");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    run_with(&["put", &name.0, "--create"], b"a\nb\n");
    let get = ringway(&["get", &name.0, "--count", "2"])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(status(&get), 1);
    let told = format!("2 messages went back into queue '{}'", name.0);
    assert!(stderr(&get).contains(&told), "{}", stderr(&get));
}

#[test]
fn help_has_an_example_of_each_subcommand() {
    assert!(stdout(&run(&["--version"])).starts_with("ringway "));
    for command in
        ["create", "put", "get", "shutdown", "rm", "ls", "stat", "doctor", "bench", "demo"]
    {
        let help = run(&[command, "--help"]);
        assert_eq!(status(&help), 0);
        assert!(
            stdout(&help).contains(&format!("Example: ringway {command}")),
            "{}",
            stdout(&help)
        );
    }
}

#[test]
fn odd_names_are_names() {
    for odd in ["with space", "umläut", "-dash", "a.b", "%s"] {
        let name = Name::new(odd);
        let name = Name(format!("{odd}{}", name.0));
        assert_eq!(status(&run_with(&["put", "--create", "--", &name.0], b"x\n")), 0, "{odd}");
        assert_eq!(stdout(&run(&["get", "--count", "1", "--", &name.0])), "x\n", "{odd}");
        assert_eq!(status(&run(&["rm", "--", &name.0])), 0, "{odd}");
    }
    let output = run(&["create", ""]);
    assert_eq!(status(&output), 1);
    assert!(stderr(&output).contains("\"\" is not a name: it is empty"), "{}", stderr(&output));
}

#[test]
fn what_is_not_there_is_told() {
    let name = Name::new("nothing");
    for command in ["put", "get", "shutdown", "rm", "stat"] {
        let output = run(&[command, &name.0]);
        assert_eq!(status(&output), 1, "{command}");
        assert!(
            stderr(&output).contains(&name.0) && stderr(&output).contains("does not exist"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn wrong_usage_is_status_two() {
    for arguments in [
        &["get"][..],
        &["create", "x", "--maxsize", "0"],
        &["get", "x", "--timeout", "-1"],
        &["fly"],
        &[],
    ] {
        assert_eq!(status(&run(arguments)), 2, "{arguments:?}");
    }
    for (option, value, told) in [
        ("--maxsize", "-5", "invalid value '-5' for '--maxsize"),
        ("--maxsize", "8388609", "8388609 is not in 1..=8388608"),
        ("--max-message", "68719476737", "is not in 1..=68719476736"),
        ("--timeout", "-1", "invalid value '-1' for '--timeout"),
    ] {
        let output = run(&["put", "x", option, value]);
        assert_eq!(status(&output), 2);
        assert!(
            stderr(&output).contains(told) && !stderr(&output).contains("tip:"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn a_timeout_may_be_without_end() {
    let name = Name::new("inf");
    run_with(&["put", &name.0, "--create", "--timeout", "inf"], b"a\n");
    assert_eq!(stdout(&run(&["get", &name.0, "--count", "1", "--timeout", "inf"])), "a\n");
}

#[test]
fn a_queue_that_is_damaged_is_told_with_its_name() {
    let name = Name::new("broken");
    let queue = Queue::<[u8]>::options()
        .maxsize(3)
        .max_message(64)
        .participants(4)
        .loans(1)
        .create(&name.0)
        .unwrap();
    queue.put(b"x").unwrap();
    let places = Places::of(&name);
    let (queue_at, geometry) = places.queue();
    places.write(queue_at + geometry.slots_at, &[0xff; 8 * 256]);
    let output = run(&["shutdown", &name.0]);
    assert_eq!(status(&output), 1);
    assert!(
        stderr(&output).contains(&format!("queue '{}': damaged", name.0)),
        "{}",
        stderr(&output)
    );
}

#[test]
fn stat_and_ls_tell_the_same_and_in_json() {
    let name = Name::new("stat");
    run(&["create", &name.0, "--maxsize", "5"]);
    run_with(&["put", &name.0], b"a\nb\nc\n");
    run(&["get", &name.0, "--count", "1"]);
    let holder = Queue::<[u8]>::open(&name.0).unwrap();
    let guard = holder.get().unwrap();
    let stat = json(&["stat", &name.0, "--json"]);
    for (key, value) in [("maxsize", 5), ("size", 1), ("puts", 3), ("gets", 2), ("lost", 0)] {
        assert_eq!(stat[key], value, "{key} of {stat}");
    }
    let participant = &stat["participants"][0];
    assert_eq!(participant["pid"], std::process::id());
    assert_eq!(participant["alive"], true);
    assert_eq!(participant["held_messages"], 1);
    assert!(
        stat["resident_bytes"].as_u64() > Some(0)
            && stat["virtual_bytes"].as_u64() > stat["resident_bytes"].as_u64()
    );
    let list = json(&["ls", "--json"]);
    let entry =
        list.as_array().unwrap().iter().find(|entry| entry["name"] == name.0).expect("its entry");
    assert_eq!(
        (&entry["size"], &entry["maxsize"], &entry["living_participants"]),
        (&1.into(), &5.into(), &1.into())
    );
    drop(guard);
    let sheet = stdout(&run(&["stat", &name.0]));
    assert!(sheet.contains("1 of 5") && sheet.contains(&std::process::id().to_string()), "{sheet}");
    assert!(stdout(&run(&["ls"])).contains(&name.0));
}

#[test]
fn rm_refuses_while_a_living_process_has_it_open() {
    let name = Name::new("lived-in");
    let queue = Queue::<[u8]>::create(&name.0, 3).unwrap();
    let refused = run(&["rm", &name.0]);
    assert_eq!(status(&refused), 1);
    assert!(stderr(&refused).contains(&std::process::id().to_string()), "{}", stderr(&refused));
    assert_eq!(status(&run(&["rm", "--in-use", &name.0])), 0);
    assert!(!name.file().exists());
    queue.put(b"still here").unwrap();
    assert_eq!(&*queue.get().unwrap(), b"still here");
}

#[test]
fn rm_goes_on_with_other_names() {
    let (first, last) = (Name::new("first"), Name::new("last"));
    run(&["create", &first.0]);
    run(&["create", &last.0]);
    assert_eq!(status(&run(&["rm", &first.0, "there-is-no-such-queue", &last.0])), 1);
    assert!(!first.file().exists() && !last.file().exists());
}

#[test]
fn what_is_no_queue_is_listed_and_removed_by_force_only() {
    let name = Name::new("junk");
    std::fs::write(name.file(), b"junk").unwrap();
    let list = json(&["ls", "--json"]);
    let entry =
        list.as_array().unwrap().iter().find(|entry| entry["name"] == name.0).expect("its entry");
    assert!(entry["refused"].as_str().unwrap().contains("size of the file"), "{entry}");
    assert_eq!(status(&run(&["rm", &name.0])), 1);
    assert!(name.file().exists());
    assert_eq!(status(&run(&["rm", "--force", &name.0])), 0);
    assert!(!name.file().exists());
}

#[test]
fn queues_of_typed_messages_can_be_seen_and_shut_down_but_not_fed() {
    let name = Name::new("typed-messages");
    let _queue = Queue::<u32>::create(&name.0, 3).unwrap();
    let refused = run_with(&["put", &name.0], b"x\n");
    assert_eq!(status(&refused), 1);
    assert!(
        stderr(&refused).contains("schema") && stderr(&refused).contains("u32"),
        "{}",
        stderr(&refused)
    );
    let schema = json(&["stat", &name.0, "--json"])["schema"].as_str().unwrap().to_owned();
    assert!(schema.starts_with("u32\n"), "{schema}");
    assert_eq!(status(&run(&["shutdown", &name.0])), 0);
    assert_eq!(json(&["stat", &name.0, "--json"])["shut_down"], true);
}

#[test]
fn bench_verifies_and_measures() {
    let figures = json(&[
        "bench",
        "--producers",
        "2",
        "--consumers",
        "2",
        "--messages",
        "20001",
        "--size",
        "100",
        "--json",
    ]);
    assert_eq!(figures["verified"], true);
    assert!(figures["messages_per_second"].as_f64() > Some(0.0));
    for wait in ["spin", "adaptive", "park"] {
        let arguments = [
            "bench",
            "--messages",
            "5000",
            "--batch",
            "7",
            "--maxsize",
            "3",
            "--wait",
            wait,
            "--json",
        ];
        assert_eq!(json(&arguments)["conditions"]["wait"], wait);
    }
    let times = json(&["bench", "--round-trip", "--messages", "1000", "--json"]);
    let [p50, p99, p999] =
        ["p50_ns", "p99_ns", "p999_ns"].map(|key| times[key].as_u64().expect(key));
    assert!(0 < p50 && p50 <= p99 && p99 <= p999);
}

#[test]
fn the_demo_loses_nothing() {
    let output = run(&["demo"]);
    let told = stdout(&output);
    assert_eq!(status(&output), 0, "{told}{}", stderr(&output));
    assert!(
        told.contains("SIGKILL") && told.contains("900 messages were put, and each arrived once"),
        "{told}"
    );
}
