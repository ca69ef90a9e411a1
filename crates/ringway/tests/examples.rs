//! The examples, run as a user runs them: what they print, and that they leave nothing behind.
//!
//! `cargo test -p ringway` builds them first; with `--test examples` alone they may be old ones.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

/// The lines that an example prints.
fn run(name: &str) -> Vec<String> {
    let this = std::env::current_exe().expect("a path");
    let folder = this.ancestors().nth(2).expect("the folder of the build");
    let example: PathBuf = folder.join("examples").join(name);
    let output = Command::new(&example).output().unwrap_or_else(|error| {
        panic!("{}: {error}; `cargo build -p ringway --examples` builds it", example.display())
    });
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    text.lines().map(str::to_owned).collect()
}

/// The lines that begin so, in their order.
fn those_of<'l>(lines: &'l [String], begin: &str) -> Vec<&'l str> {
    lines.iter().map(String::as_str).filter(|line| line.starts_with(begin)).collect()
}

#[test]
fn writer_reader() {
    let lines = run("writer_reader");
    let expected = |verb: &str, to: &str| -> Vec<String> {
        ["a", "b", "c", "d"].iter().map(|value| format!("{verb} {value} {to} queue")).collect()
    };
    assert_eq!(those_of(&lines, "put"), expected("put", "to"));
    assert_eq!(those_of(&lines, "get"), expected("get", "from"));
    assert_eq!(lines.len(), 8);
}

#[test]
fn bounded() {
    let lines = run("bounded");
    assert!(lines[0].starts_with("unnamed queue is full: it holds 3 messages"), "{}", lines[0]);
    assert_eq!(lines.len(), 11);
    let mut putters = BTreeSet::new();
    for line in &lines[1..] {
        let (getter, rest) = line.split_once("(get):process ").expect(line);
        let (putter, time) = rest.split_once(" : time: ").expect(line);
        getter.parse::<u32>().expect(line);
        time.parse::<f64>().expect(line);
        putters.insert(putter.parse::<u32>().expect(line));
    }
    assert_eq!(putters.len(), 10, "each message was taken once");
}

#[test]
fn end_mark() {
    let lines = run("end_mark");
    let expected = |verb: &str| -> Vec<String> {
        (0..5).map(|number| format!("{verb} Item {number}")).collect()
    };
    assert_eq!(those_of(&lines, "Produced"), expected("Produced"));
    assert_eq!(those_of(&lines, "Consumed"), expected("Consumed"));
    assert_eq!(lines.len(), 10);
}

#[test]
fn crawler() {
    let links = ["rings", "queues", "first"];
    let expected = links.map(|link| format!("Processing link: https://example.org/{link}"));
    assert_eq!(run("crawler"), expected);
}

#[test]
fn printing_lock() {
    let mut lines = run("printing_lock");
    lines.sort();
    let expected: Vec<String> = (0..10).map(|number| format!("hello world {number}")).collect();
    assert_eq!(lines, expected, "each line in one piece");
}
