//! How `get` and `put` end when their reader is gone, and when they are asked to.

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use ringway::Queue;
use support::{
    Name, Running, getter, ringway, run, run_with, signal, status, stderr, stdout, wait_for_state,
};

#[test]
fn nothing_is_taken_when_the_reader_is_gone() {
    let name = Name::new("no-reader");
    run_with(&["put", &name.0, "--create"], b"a\nb\n");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let get = ringway(&["get", &name.0]).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(status(&get), 1);
    assert!(
        stderr(&get).contains("the reader of the output has gone")
            && stderr(&get).contains("--count"),
        "{}",
        stderr(&get)
    );
    assert_eq!(Queue::<[u8]>::open(&name.0).unwrap().len().unwrap(), 2);
}

#[test]
fn a_get_that_sleeps_ends_with_its_reader() {
    let name = Name::new("head");
    let queue = Queue::<[u8]>::create(&name.0, 3).unwrap();
    let mut get = Running(
        ringway(&["get", &name.0]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(),
    );
    queue.put(b"first").unwrap();
    let mut line = String::new();
    let mut reader = BufReader::new(get.0.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "first\n");
    wait_for_state(&get, 'S');
    drop(reader);
    assert_eq!(get.0.wait().unwrap().code(), Some(1));
    let mut told = String::new();
    get.0.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(
        told.contains(&format!("queue '{}': the reader of the output has gone", name.0)),
        "{told}"
    );
}

#[test]
fn a_signal_ends_them_without_a_trace() {
    let name = Name::new("signal");
    let queue = Queue::<[u8]>::create(&name.0, 1).unwrap();
    for (sent, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut get = getter(&name);
        queue.put(b"x").unwrap();
        let mut reader = BufReader::new(get.0.stdout.take().unwrap());
        reader.read_line(&mut String::new()).unwrap();
        signal(&get, sent);
        assert_eq!(get.0.wait().unwrap().code(), Some(code), "get {sent}");

        // One that waits for a line, and one that waits for a place.
        let mut put = Running(ringway(&["put", &name.0]).stdin(Stdio::piped()).spawn().unwrap());
        let _open = put.0.stdin.take();
        attended_by(&queue, &put);
        signal(&put, sent);
        assert_eq!(put.0.wait().unwrap().code(), Some(code), "put {sent}");
        queue.put(b"full").unwrap();
        let (input, mut lines) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut lines, b"y\n").unwrap();
        let mut put = Running(ringway(&["put", &name.0]).stdin(input).spawn().unwrap());
        attended_by(&queue, &put);
        signal(&put, sent);
        assert_eq!(put.0.wait().unwrap().code(), Some(code), "put {sent} into a full queue");
        drop(queue.get().unwrap());

        let doctor = run(&["doctor", &name.0]);
        assert_eq!(
            (status(&doctor), stdout(&doctor).as_str()),
            (0, "1 segment examined, all is well\n")
        );
    }
}

fn attended_by(queue: &Queue<[u8]>, child: &Running) {
    let is_there = || {
        queue
            .snapshot()
            .unwrap()
            .holders
            .iter()
            .any(|holder| holder.participant.pid == child.0.id())
    };
    while !is_there() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}
